"""Measures that compare clusters with the labels that people gave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats, Labels
from covey.components.measure_contract import AgreementMeasure, Codes, Measure, MeasuredClustering
from covey.components.options import component
from covey.data.tables import NOISE

PURE = 0.9
"""The least share of one label in a pure cluster."""
IMAGES, RECORDINGS = 10, 3
"""The fewest images and recordings that a pure cluster must have to count."""
NEIGHBOURS = 5
QUERIES = 2000
"""Images whose neighbours are compared, at most."""
BLOCK = 500
"""Images whose distances to all others are computed at a time."""


@component
class AdjustedMutualInformation(AgreementMeasure):
    """Adjusted mutual information: 0 on average for random groups, 1 for the same groups."""

    name = "ami"
    heading = "AMI"
    meaning = "adjusted mutual information with labels: 0 is chance, 1 perfect"
    references = (
        "N. X. Vinh, J. Epps, J. Bailey: Information theoretic measures for clusterings comparison. JMLR 11, 2010.",
    )

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the adjusted mutual information of two groupings (m,)."""
        from sklearn.metrics import adjusted_mutual_info_score

        return float(adjusted_mutual_info_score(first, second))


@component
class AdjustedRandIndex(AgreementMeasure):
    """Adjusted Rand index: 0 on average for random groups, 1 for the same groups."""

    name = "ari"
    heading = "ARI"
    meaning = "adjusted Rand index with labels: 0 is chance, 1 perfect"
    references = ("L. Hubert, P. Arabie: Comparing partitions. Journal of Classification 2, 1985.",)

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the adjusted Rand index of two groupings (m,)."""
        from sklearn.metrics import adjusted_rand_score

        return float(adjusted_rand_score(first, second))


_ROSENBERG = (
    "A. Rosenberg, J. Hirschberg: V-measure: a conditional entropy-based external cluster evaluation measure. 2007.",
)


@component
class VMeasure(AgreementMeasure):
    """V-measure: the harmonic mean of homogeneity and completeness; it rises with the number of clusters."""

    name = "v"
    heading = "V"
    meaning = "V-measure, the harmonic mean of homogeneity and completeness"
    references = _ROSENBERG

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the V-measure of two groupings (m,)."""
        from sklearn.metrics import v_measure_score

        return float(v_measure_score(first, second))


@component
class Homogeneity(AgreementMeasure):
    """Homogeneity: whether each cluster has one label; it rises with the number of clusters."""

    name = "homogeneity"
    meaning = "whether clusters hold one label each: 1 is perfect"
    references = _ROSENBERG
    symmetric = False
    detail = True

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the homogeneity of the second grouping (m,) against the first."""
        from sklearn.metrics import homogeneity_score

        return float(homogeneity_score(first, second))


@component
class Completeness(AgreementMeasure):
    """Completeness: whether each label is in one cluster."""

    name = "completeness"
    meaning = "whether labels lie in one cluster each: 1 is perfect"
    references = _ROSENBERG
    symmetric = False
    detail = True

    def agree(self, first: Codes, second: Codes) -> float:
        """Return the completeness of the second grouping (m,) against the first."""
        from sklearn.metrics import completeness_score

        return float(completeness_score(first, second))


@component
class PureShare(Measure):
    """Share of the images with a label that are in pure clusters; unknown if no recordings are known."""

    name = "pure"
    meaning = (
        f"share of images in clusters of at least {PURE * 100:.0f} % one label and {IMAGES} images"
        f" from {RECORDINGS} recordings"
    )
    score_format = "share"
    needs_labels = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1."""
        rows = _labelled_rows(clustering)
        if clustering.truth is None or not len(rows) or not clustering.recording_by_image:
            return None
        return _pure_share(clustering.truth[rows], clustering.labels[rows], clustering.recordings[rows])


@component
class NeighbourAccuracy(Measure):
    """How often the labels of the nearest images predict the label, in the table that was clustered."""

    name = "knn"
    heading = "kNN"
    meaning = (
        f"k nearest neighbours: how often the labels of the {NEIGHBOURS} nearest images from other recordings"
        " predict the label"
    )
    score_format = "share"
    needs_labels = True
    once_per = "clustered"

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1; None if no image has a neighbour in another recording."""
        return _neighbour_accuracy(clustering, clustering.points)


@component
class NeighbourAccuracyInFeatures(Measure):
    """How often the labels of the nearest images predict the label, among the features."""

    name = "knn_features"
    heading = "kNN features"
    meaning = "the same among the features, before they were reduced"
    score_format = "share"
    needs_labels = True
    once_per = "features"
    detail = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1; None if no image has a neighbour in another recording."""
        return _neighbour_accuracy(clustering, clustering.features)


@component
class LabelledCoverage(Measure):
    """Share of the images with a label that are in clusters."""

    name = "labelled"
    meaning = "share of the images with a label that are in clusters"
    score_format = "share"
    needs_labels = True
    detail = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1."""
        rows = _labelled_rows(clustering)
        return float((clustering.labels[rows] != NOISE).mean()) if len(rows) else None


def _labelled_rows(clustering: MeasuredClustering) -> NDArray[np.intp]:
    """Return the rows of the images that have a label."""
    return np.flatnonzero(clustering.truth >= 0) if clustering.truth is not None else np.empty(0, dtype=np.intp)


def _neighbour_accuracy(clustering: MeasuredClustering, X: Floats | None) -> float | None:
    """Return how often the 5 nearest images (Euclidean, columns standardised) predict an image's label.

    Images of the same recording are left out as neighbours, because they would make every method look good. Of equally
    frequent labels, that of the nearer neighbours is predicted. More than 2,000 images are represented by 2,000 of
    them, drawn at random with a fixed seed.
    """
    from sklearn.preprocessing import StandardScaler

    labelled = _labelled_rows(clustering)
    if clustering.truth is None or X is None or not len(labelled):
        return None
    truth, recordings = clustering.truth[labelled], clustering.recordings[labelled]
    Z: Floats = StandardScaler().fit_transform(X[labelled])
    rows: NDArray[np.intp] = np.random.default_rng(0).permutation(len(Z))[:QUERIES]
    blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
    correct: NDArray[np.bool_] = np.concatenate([_predict_labels(Z, truth, recordings, block) for block in blocks])
    return float(correct.mean()) if len(correct) else None


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
