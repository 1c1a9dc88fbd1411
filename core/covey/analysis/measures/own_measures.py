"""Measures of clusters that need no labels: their number, sizes, separation and stability."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.analysis.measures.clustering_agreement import common_labels
from covey.components.contracts import Clusterer, Floats, Labels
from covey.components.measure_contract import Measure, MeasuredClustering
from covey.components.options import component
from covey.data.tables import NOISE

SAMPLE = 2000
"""Images on which density and distances are computed, at most."""
PAIRS = 3
"""Pairs of half samples."""
MOST_COLUMNS = 100
"""Columns of features in which density is computed, at most."""


@component
class DensityValidity(Measure):
    """Density-based clustering validation: how well clusters are separated by regions of low density."""

    name = "validity"
    heading = "DBCV"
    meaning = (
        "density-based clustering validation, -1 to 1: how well clusters are separated; of features with more than"
        f" {MOST_COLUMNS} columns in their embedding"
    )
    references = ("D. Moulavi et al.: Density-based clustering validation. SIAM Data Mining, 2014.",)
    requires = {"hdbscan": "covey[hdbscan]"}

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the validity, -1 to 1, of what was clustered; of wide features, in an embedding made from them."""
        points = clustering.points
        if points is not None and points.shape[1] > MOST_COLUMNS:
            width, points = points.shape[1], clustering.embedding
            if points is None:
                raise CoveyError(f"{width:,} columns are too many for densities, and no embedding was made from them.")
        return None if points is None else density_validity(points, clustering.labels)


@component
class Silhouette(Measure):
    """Mean silhouette of the images in clusters."""

    name = "silhouette"
    meaning = "how well clusters are separated by mean distances, -1 to 1"
    references = ("P. J. Rousseeuw: Silhouettes. Journal of Computational and Applied Mathematics 20, 1987.",)

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the mean, -1 to 1, in the table that was clustered."""
        return None if clustering.points is None else mean_silhouette(clustering.points, clustering.labels)


@component
class HalfAgreement(Measure):
    """Agreement of the clusterings of half samples, with noise as one more cluster."""

    name = "halves"
    meaning = "whether half samples give the same clusters: ARI, 1 is the same"
    references = ("A. Ben-Hur, A. Elisseeff, I. Guyon: A stability based method for discovering structure. 2002.",)

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the adjusted Rand index: 1 for the same groups, 0 on average for random ones."""
        if clustering.clusterer is None or clustering.points is None:
            return None
        return half_agreement(clustering.clusterer, clustering.points)


@component
class SeedAgreement(Measure):
    """Agreement with the clusterings that differ only in the reducer's seed."""

    name = "seeds"
    meaning = "whether other seeds give the same clusters: ARI, 1 is the same"

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the mean adjusted Rand index over the images in both."""
        return _mean([_rand_index(*common_labels(clustering.clustering, sibling)) for sibling in clustering.siblings])


@component
class Coverage(Measure):
    """Share of the images that are in clusters."""

    name = "coverage"
    meaning = "share of the images that are in clusters"
    score_format = "share"

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1."""
        return coverage(clustering.labels)


@component
class ClusterCount(Measure):
    """Number of clusters, noise not counted."""

    name = "clusters"
    heading = "groups"
    meaning = "number of groups, noise not counted"
    score_format = "count"

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the number."""
        return len(cluster_sizes(clustering.labels))


@component
class LargestCluster(Measure):
    """Images in the largest cluster."""

    name = "largest"
    meaning = "images in the largest cluster"
    score_format = "count"
    detail = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the number."""
        return int(cluster_sizes(clustering.labels).max(initial=0))


@component
class MedianCluster(Measure):
    """Images in the median cluster."""

    name = "median"
    meaning = "images in the median cluster"
    score_format = "count"
    detail = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the number; half a one if it lies between two."""
        sizes = cluster_sizes(clustering.labels)
        return float(np.median(sizes)) if len(sizes) else 0.0


@component
class RecordingShare(Measure):
    """Share of a cluster that comes from its most frequent recording, in the median cluster."""

    name = "recording"
    meaning = "share of a cluster from its most frequent recording, in the median cluster"
    score_format = "share"
    detail = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1; None if no recording is known."""
        shares = recording_shares(clustering)
        return float(np.median(shares)) if shares else None


@component
class HighestRecordingShare(Measure):
    """Share of a cluster that comes from its most frequent recording, in the cluster where it is highest."""

    name = "recording_largest"
    heading = "recording, highest"
    meaning = "the same in the cluster where it is highest"
    score_format = "share"
    detail = True

    def compute(self, clustering: MeasuredClustering) -> float | None:
        """Return the share, 0 to 1; None if no recording is known."""
        return max(recording_shares(clustering), default=None)


def cluster_sizes(labels: Labels) -> NDArray[np.intp]:
    """Return the number of images in each cluster (k,), noise left out."""
    return np.unique(labels[labels != NOISE], return_counts=True)[1]


def coverage(labels: Labels) -> float:
    """Return the share of images that are in clusters; 0 for none."""
    return float(np.mean(labels != NOISE)) if len(labels) else 0.0


def density_validity(Z: Floats, labels: Labels) -> float | None:
    """Return DBCV (Moulavi et al. 2014) on at most 2,000 rows of Z (n, d), -1 to 1.

    Images of a cluster of which fewer than 3 are drawn count as noise. None if fewer than two clusters remain, or
    densities cannot be told apart: distances to the power of d go beyond the numbers there are, as among equal rows of
    many columns. Never raises.
    """
    Z, labels = _sample(Z, labels)
    labels = _drop_small_clusters(labels, fewest=3)
    if int(labels.max(initial=NOISE)) < 1:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from hdbscan.validity import validity_index

        with suppress(AssertionError, ArithmeticError, ValueError, IndexError):
            validity = float(validity_index(Z.astype(np.float64), labels))
            return validity if np.isfinite(validity) else None
    return None


def mean_silhouette(Z: Floats, labels: Labels) -> float | None:
    """Return the mean silhouette (Rousseeuw 1987) of the images in clusters, on at most 2,000 rows of Z (n, d).

    From -1 to 1; None for fewer than two clusters, or if every image is a cluster of its own.
    """
    from sklearn.metrics import silhouette_score

    inside: NDArray[np.bool_] = labels != NOISE
    Z, labels = _sample(Z[inside], labels[inside])
    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(Z, labels))


def half_agreement(clusterer: Clusterer, Z: Floats) -> float | None:
    """Return how well clusterings of two half samples agree on the images in both (Ben-Hur et al. 2002).

    The mean adjusted Rand index of 3 pairs of random halves of the rows of Z (n, d), drawn with a fixed seed. None if
    no half has a cluster.
    """
    random = np.random.default_rng(0)
    return _mean([_compare_halves(clusterer, Z, random) for _ in range(PAIRS)])


def recording_shares(clustering: MeasuredClustering) -> list[float]:
    """Return the share of each cluster that comes from its most frequent recording; [] if no recording is known."""
    names: list[str] = clustering.clustering.names.tolist()
    if not any(name in clustering.recording_by_image for name in names):
        return []
    recordings, labels = clustering.recordings, clustering.labels
    ids: list[int] = np.unique(labels[labels != NOISE]).tolist()
    members = [recordings[labels == cluster] for cluster in ids]
    return [int(np.unique(rows, return_counts=True)[1].max()) / len(rows) for rows in members]


def _compare_halves(clusterer: Clusterer, Z: Floats, random: np.random.Generator) -> float | None:
    """Cluster two random halves of the rows; return the adjusted Rand index of the rows in both."""
    first, second = _draw_half(len(Z), random), _draw_half(len(Z), random)
    _, first_rows, second_rows = np.intersect1d(first, second, return_indices=True)
    return _rand_index(clusterer.cluster(Z[first])[first_rows], clusterer.cluster(Z[second])[second_rows])


def _draw_half(count: int, random: np.random.Generator) -> NDArray[np.intp]:
    rows: NDArray[np.intp] = random.permutation(count)
    return np.sort(rows[: count // 2])


def _rand_index(first: Labels, second: Labels) -> float | None:
    """Return the adjusted Rand index of two partitions; None if neither has a cluster."""
    from sklearn.metrics import adjusted_rand_score

    if max(int(first.max(initial=NOISE)), int(second.max(initial=NOISE))) == NOISE:
        return None
    return float(adjusted_rand_score(first, second))


def _mean(values: Sequence[float | None]) -> float | None:
    present_values = [value for value in values if value is not None]
    return float(np.mean(present_values)) if present_values else None


def _sample(Z: Floats, labels: Labels) -> tuple[Floats, Labels]:
    """Return at most SAMPLE rows with their labels, the same on every call."""
    rows: NDArray[np.intp] = np.random.default_rng(0).permutation(len(Z))[:SAMPLE]
    rows = np.sort(rows)
    return Z[rows], labels[rows]


def _drop_small_clusters(labels: Labels, fewest: int) -> Labels:
    """Return labels with clusters of fewer images as noise and the others numbered from 0."""
    inside: NDArray[np.bool_] = labels != NOISE
    clusters, counts = np.unique(labels[inside], return_counts=True)
    large_clusters = clusters[counts >= fewest]
    return np.where(np.isin(labels, large_clusters), np.searchsorted(large_clusters, labels), NOISE).astype(np.int32)
