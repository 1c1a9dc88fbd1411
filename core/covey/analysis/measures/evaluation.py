"""Agreement of clusters with the labels that a person gave."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Floats, Labels
from covey.data.tables import NOISE, Clustering, Names

PURE = 0.9
"""The least share of one label in a pure cluster."""
IMAGES, RECORDINGS = 10, 3
"""The fewest images and recordings that a pure cluster must have to count."""
NEIGHBOURS = 5
QUERIES = 2000
"""Images whose neighbours are compared, at most."""
BLOCK = 500
"""Images whose distances to all others are computed at a time."""


@attrs.frozen(kw_only=True)
class Agreement:
    """Measures of how a partition agrees with labels; 1 is perfect.

    `ami` (Vinh, Epps and Bailey 2010) and `ari` (Hubert and Arabie 1985) are 0 on average for random clusters.
    `homogeneity` measures whether each cluster has one label, `completeness` whether each label is in one cluster; `v`
    is their harmonic mean (Rosenberg and Hirschberg 2007). These three rise with the number of clusters.
    """

    ami: float
    ari: float
    homogeneity: float
    completeness: float
    v: float


@attrs.frozen(kw_only=True)
class Scores:
    """The agreement of one clustering with labels, over the images that have a label.

    `images` is their number, `clusters` the number of their clusters without noise, and `coverage` the share of them
    that is in clusters. `whole` counts noise as one more cluster; `assigned` leaves noise out, None if all images are
    noise. `pure` is the share of images in clusters with at least 90 % of one label and 10 images from 3 recordings;
    None if no recordings are known.
    """

    images: int
    clusters: int
    coverage: float
    whole: Agreement
    assigned: Agreement | None
    pure: float | None

    @property
    def ami(self) -> float:
        """Adjusted mutual information, with noise as one more cluster."""
        return self.whole.ami

    @property
    def ari(self) -> float:
        """Adjusted Rand index, with noise as one more cluster."""
        return self.whole.ari


def evaluate(clustering: Clustering, labels: Mapping[str, str], groups: Mapping[str, str] | None = None) -> Scores:
    """Compare a clustering with labels; images without a label are left out.

    Args:
        clustering: names and clusters.
        labels: the label of each image that has one.
        groups: the recording of each image; images without a known recording each count as their own recording.

    Raises:
        CoveyError: no image of the clustering has a label.
    """
    labelled = _select_labelled(clustering.names, labels)
    names, clusters = clustering.names[labelled], clustering.labels[labelled]
    truth = number_values(names, labels)
    inside: NDArray[np.bool_] = clusters != NOISE
    return Scores(
        images=len(truth),
        clusters=len(np.unique(clusters[inside])),
        coverage=float(inside.mean()),
        whole=_agreement(truth, clusters),
        assigned=_agreement(truth[inside], clusters[inside]) if inside.any() else None,
        pure=_pure_share(truth, clusters, number_values(names, groups)) if groups else None,
    )


def neighbour_accuracy(
    names: Names, X: Floats, labels: Mapping[str, str], groups: Mapping[str, str] | None = None
) -> float | None:
    """Return how often the 5 nearest images (Euclidean, columns standardised) predict an image's label.

    Images of the same recording are left out as neighbours, because they would make every method look good. Of equally
    frequent labels, that of the nearer neighbours is predicted. More than 2,000 images are represented by 2,000 of
    them, drawn at random with a fixed seed.

    Args:
        names: the image of each row, (n,).
        X: features or an embedding, (n, d) float32.
        labels: the label of each image that has one; the others are left out.
        groups: the recording of each image; images without a known recording each count as their own recording.

    Returns:
        The share, 0 to 1; None if no image has a neighbour in another recording.

    Raises:
        CoveyError: no image has a label.
    """
    from sklearn.preprocessing import StandardScaler

    labelled = _select_labelled(names, labels)
    truth, recordings = number_values(names[labelled], labels), number_values(names[labelled], groups or {})
    Z: Floats = StandardScaler().fit_transform(X[labelled])
    rows: NDArray[np.intp] = np.random.default_rng(0).permutation(len(Z))[:QUERIES]
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    correct: NDArray[np.bool_] = np.concatenate([_predict_labels(Z, truth, recordings, block) for block in blocks])
    return float(correct.mean()) if len(correct) else None


def number_values(names: Names, values: Mapping[str, str]) -> NDArray[np.intp]:
    """Return a number for the value of each name, (n,): equal for equal values, and unique for names without one."""
    number_of_value = {value: number for number, value in enumerate(sorted(set(values.values())))}
    name_list: list[str] = names.tolist()
    codes = [
        number_of_value[values[name]] if name in values else len(number_of_value) + row
        for row, name in enumerate(name_list)
    ]
    return np.asarray(codes, dtype=np.intp)


def _select_labelled(names: Names, labels: Mapping[str, str]) -> NDArray[np.intp]:
    """Return the rows of the images that have a label. Raises CoveyError if there are none."""
    name_list: list[str] = names.tolist()
    labelled = np.array([row for row, name in enumerate(name_list) if name in labels], dtype=np.intp)
    if not len(labelled):
        name = name_list[0] if name_list else "none"
        raise CoveyError(f"No image has a label: the labels name {next(iter(labels), 'none')!r}, the images {name!r}.")
    return labelled


def _agreement(truth: NDArray[np.intp], clusters: Labels) -> Agreement:
    from sklearn.metrics import (
        adjusted_mutual_info_score,
        adjusted_rand_score,
        homogeneity_completeness_v_measure,
    )

    homogeneity, completeness, v = homogeneity_completeness_v_measure(truth, clusters)
    return Agreement(
        ami=float(adjusted_mutual_info_score(truth, clusters)),
        ari=float(adjusted_rand_score(truth, clusters)),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
        v=float(v),
    )


def _pure_share(truth: NDArray[np.intp], clusters: Labels, recordings: NDArray[np.intp]) -> float:
    """Return the share of images that are in pure clusters."""
    ids: list[int] = np.unique(clusters[clusters != NOISE]).tolist()
    members = [np.flatnonzero(clusters == cluster) for cluster in ids]
    return sum(len(rows) for rows in members if _is_pure(truth[rows], recordings[rows])) / len(truth)


def _is_pure(truth: NDArray[np.intp], recordings: NDArray[np.intp]) -> bool:
    if len(truth) < IMAGES or len(np.unique(recordings)) < RECORDINGS:
        return False
    return int(np.bincount(truth).max()) >= PURE * len(truth)


def _predict_labels(
    Z: Floats, truth: NDArray[np.intp], recordings: NDArray[np.intp], rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return whether the neighbours of each row predict its label; rows without neighbours are left out."""
    from sklearn.metrics import pairwise_distances

    distances: Floats = pairwise_distances(Z[rows], Z)
    distances[recordings[rows][:, None] == recordings] = np.inf
    order = _find_nearest(distances)
    exists: NDArray[np.bool_] = np.isfinite(np.take_along_axis(distances, order, axis=1))
    weights = exists * (1 - 0.01 * np.arange(NEIGHBOURS)[: order.shape[1]])
    votes: NDArray[np.float64] = np.zeros((len(rows), int(truth.max()) + 1))
    np.add.at(votes, (np.arange(len(rows))[:, None], truth[order]), weights)
    correct: NDArray[np.bool_] = votes.argmax(axis=1) == truth[rows]
    return correct[weights.any(axis=1)]


def _find_nearest(distances: Floats) -> NDArray[np.intp]:
    """Return the columns of the smallest distances in each row, smallest first, at most NEIGHBOURS."""
    columns: int = distances.shape[1]
    nearest = np.argpartition(distances, min(NEIGHBOURS, columns - 1), axis=1)[:, :NEIGHBOURS]
    order: NDArray[np.intp] = np.argsort(np.take_along_axis(distances, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1)
