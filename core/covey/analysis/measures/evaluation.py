"""How well clusters agree with labels that a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Floats
from covey.data.tables import NOISE, Clustering, Names

PURE = 0.9
"""The least share of one label in a pure cluster."""
IMAGES, RECORDINGS = 10, 3
"""What a pure cluster must have at least to count."""
NEIGHBOURS = 5
QUERIES = 2000
"""Images whose neighbours are looked at."""
BLOCK = 500


@attrs.frozen(kw_only=True)
class Agreement:
    """How a partition agrees with labels; 1 is perfect.

    `ami` (Vinh, Epps and Bailey 2010) and `ari` (Hubert and Arabie 1985) are 0 for what chance gives. `homogeneity`
    says whether clusters hold one label each, `completeness` whether labels lie in one cluster each, `v` is their
    harmonic mean (Rosenberg and Hirschberg 2007); these three rise with the number of clusters.
    """

    ami: float
    ari: float
    homogeneity: float
    completeness: float
    v: float


@attrs.frozen(kw_only=True)
class Scores:
    """How one clustering agrees with labels.

    `images` are those with a label, `clusters` those among them, not counting noise, `coverage` the share of the
    images that is in clusters. `whole` takes noise as one more cluster, `assigned` leaves noise out (None where all
    is noise). `pure` is the share of images that are in clusters with at least 90 % of one label and 10 images
    from 3 recordings; None where recordings are not known.
    """

    images: int
    clusters: int
    coverage: float
    whole: Agreement
    assigned: Agreement | None
    pure: float | None

    @property
    def ami(self) -> float:
        """Adjusted mutual information, noise being one more cluster."""
        return self.whole.ami

    @property
    def ari(self) -> float:
        """Adjusted Rand index, noise being one more cluster."""
        return self.whole.ari


def evaluate(clustering: Clustering, labels: Mapping[str, str], groups: Mapping[str, str] | None = None) -> Scores:
    """Compare a clustering with labels; images without a label are left out.

    Args:
        clustering: names and clusters.
        labels: the label of each image that has one.
        groups: the recording of each image, where it is known; another one each for those that it lacks.

    Raises:
        CoveyError: no image of the clustering has a label.
    """
    labelled = _labelled(clustering.names, labels)
    names, clusters = clustering.names[labelled], clustering.labels[labelled]
    truth = number_values(names, labels)
    inside = clusters != NOISE
    return Scores(
        images=len(truth),
        clusters=len(np.unique(clusters[inside])),
        coverage=float(inside.mean()),
        whole=_agreement(truth, clusters),
        assigned=_agreement(truth[inside], clusters[inside]) if inside.any() else None,
        pure=_pure(truth, clusters, number_values(names, groups)) if groups else None,
    )


def neighbour_accuracy(
    names: Names, X: Floats, labels: Mapping[str, str], groups: Mapping[str, str] | None = None
) -> float | None:
    """Return how often the labels of the 5 nearest images (Euclidean, columns standardised) tell an image's own.

    The image's own recording is left out, for its neighbours there would flatter every method. The nearer ones
    decide a tie. Beyond 2,000 images it is the share for 2,000 drawn from all, the same each time.

    Args:
        names: of the rows, (n,).
        X: features or an embedding, (n, d) float32.
        labels: the label of each image that has one; the others are left out.
        groups: the recording of each image, where it is known; another one each for those that it lacks.

    Returns:
        The share, 0 to 1; None where no image has a neighbour in another recording.

    Raises:
        CoveyError: no image has a label.
    """
    from sklearn.preprocessing import StandardScaler

    labelled = _labelled(names, labels)
    truth, own = number_values(names[labelled], labels), number_values(names[labelled], groups or {})
    Z = StandardScaler().fit_transform(X[labelled])
    rows = np.random.default_rng(0).permutation(len(Z))[:QUERIES]
    right = [_predict_correctly(Z, truth, own, rows[at : at + BLOCK]) for at in range(0, len(rows), BLOCK)]
    correct = np.concatenate(right)
    return float(correct.mean()) if len(correct) else None


def number_values(names: Names, values: Mapping[str, str]) -> NDArray[np.intp]:
    """Return a number for the value of each name, (n,): the same for equal values, another for each that has none."""
    numbers = {value: number for number, value in enumerate(sorted(set(values.values())))}
    codes = [numbers[values[name]] if name in values else len(numbers) + at for at, name in enumerate(names.tolist())]
    return np.asarray(codes, dtype=np.intp)


def _labelled(names: Names, labels: Mapping[str, str]) -> NDArray[np.bool_]:
    labelled = np.array([name in labels for name in names.tolist()], dtype=bool)
    if not labelled.any():
        name = str(names[0]) if len(names) else "none"
        raise CoveyError(f"No image has a label: the labels name {next(iter(labels), 'none')!r}, the images {name!r}.")
    return labelled


def _agreement(truth: NDArray[np.intp], clusters: NDArray[np.int32]) -> Agreement:
    from sklearn import metrics

    homogeneity, completeness, v = metrics.homogeneity_completeness_v_measure(truth, clusters)
    return Agreement(
        ami=float(metrics.adjusted_mutual_info_score(truth, clusters)),
        ari=float(metrics.adjusted_rand_score(truth, clusters)),
        homogeneity=float(homogeneity),
        completeness=float(completeness),
        v=float(v),
    )


def _pure(truth: NDArray[np.intp], clusters: NDArray[np.int32], groups: NDArray[np.intp]) -> float:
    members = [clusters == cluster for cluster in np.unique(clusters[clusters != NOISE])]
    pure = [inside for inside in members if _is_pure(truth[inside], groups[inside])]
    return sum(int(inside.sum()) for inside in pure) / len(truth)


def _is_pure(truth: NDArray[np.intp], groups: NDArray[np.intp]) -> bool:
    enough = len(truth) >= IMAGES and len(np.unique(groups)) >= RECORDINGS
    return bool(enough and np.bincount(truth).max() >= PURE * len(truth))


def _predict_correctly(
    Z: Floats, truth: NDArray[np.intp], own: NDArray[np.intp], rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return whether the neighbours of each of `rows` tell its label; rows that have none are left out."""
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(Z[rows], Z)
    distances[own[rows][:, None] == own] = np.inf
    order = _nearest(distances)
    weights = np.isfinite(np.take_along_axis(distances, order, axis=1)) * (1 - 0.01 * np.arange(order.shape[1]))
    votes = np.zeros((len(rows), truth.max() + 1))
    np.add.at(votes, (np.arange(len(rows))[:, None], truth[order]), weights)
    correct: NDArray[np.bool_] = (votes.argmax(axis=1) == truth[rows])[weights.any(axis=1)]
    return correct


def _nearest(distances: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """Return the places of the smallest values of each row, smallest first."""
    nearest = np.argpartition(distances, min(NEIGHBOURS, distances.shape[1] - 1), axis=1)[:, :NEIGHBOURS]
    order = np.argsort(np.take_along_axis(distances, nearest, axis=1), axis=1, kind="stable")
    return np.take_along_axis(nearest, order, axis=1)
