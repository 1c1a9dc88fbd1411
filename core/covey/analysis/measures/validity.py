"""Measures of clusters that need no labels: their number, sizes, separation and stability."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.analysis.measures.clustering_agreement import common_labels
from covey.analysis.measures.evaluation import number_values
from covey.components.contracts import Clusterer, Floats, Labels
from covey.components.kinds import Kind
from covey.data.provenance import Provenance
from covey.data.tables import NOISE, Clustering

SAMPLE = 2000
"""Images on which density and distances are computed, at most."""
PAIRS = 3
"""Pairs of half samples."""


@attrs.frozen(kw_only=True)
class Shape:
    """Measures of one clustering by itself; None for those that cannot be computed.

    Attributes:
        images: number of images.
        clusters: number of clusters, without noise.
        coverage: share of the images that is in clusters.
        largest: images in the largest cluster.
        median: images in the median cluster.
        validity: density-based validity (DBCV: Moulavi et al. 2014), -1 to 1, higher if clusters are better separated.
        silhouette: mean silhouette of the images in clusters (Rousseeuw 1987), -1 to 1, higher likewise.
        halves: adjusted Rand index between clusterings of half samples, with noise as one more cluster: 1 for the same
            groups, 0 on average for random ones.
        seeds: the same index between this clustering and those that differ only in the reducer's seed.
        recording: share of a cluster that comes from its most frequent recording, in the median cluster.
        recording_largest: the same share, in the cluster where it is highest.
    """

    images: int
    clusters: int
    coverage: float
    largest: int
    median: float
    validity: float | None = None
    silhouette: float | None = None
    halves: float | None = None
    seeds: float | None = None
    recording: float | None = None
    recording_largest: float | None = None


def describe_shape(
    clustering: Clustering,
    Z: Floats | None = None,
    clusterer: Clusterer | None = None,
    groups: Mapping[str, str] | None = None,
    siblings: Sequence[Clustering] = (),
) -> Shape:
    """Compute the measures of a clustering that need no labels.

    Args:
        clustering: names and clusters.
        Z: the array that was clustered, (n, d) float32, with rows in the same order; None if it is not available.
        clusterer: the component that clustered it; None if it is not installed.
        groups: the recording of each image whose recording is known.
        siblings: clusterings of the same images that differ only in the reducer's seed.
    """
    labels = clustering.labels
    inside: NDArray[np.bool_] = labels != NOISE
    sizes = np.unique(labels[inside], return_counts=True)[1]
    shares = [] if groups is None else recording_shares(clustering, groups)
    return Shape(
        images=len(labels),
        clusters=len(sizes),
        coverage=float(np.mean(inside)) if len(labels) else 0.0,
        largest=int(sizes.max(initial=0)),
        median=float(np.median(sizes)) if len(sizes) else 0.0,
        validity=None if Z is None else density_validity(Z, labels),
        silhouette=None if Z is None else mean_silhouette(Z, labels),
        halves=None if Z is None or clusterer is None else half_agreement(clusterer, Z),
        seeds=_mean([_rand_index(*common_labels(clustering, sibling)) for sibling in siblings]),
        recording=float(np.median(shares)) if shares else None,
        recording_largest=max(shares, default=None),
    )


def density_validity(Z: Floats, labels: Labels) -> float | None:
    """Return DBCV (Moulavi et al. 2014) on at most 2,000 rows of Z (n, d), -1 to 1.

    Images of a cluster of which fewer than 3 are drawn count as noise. None if hdbscan is not installed, fewer than two
    clusters remain, or distances are too small to distinguish densities.
    """
    if importlib.util.find_spec("hdbscan") is None:
        return None
    Z, labels = _sample(Z, labels)
    labels = _drop_small_clusters(labels, fewest=3)
    if int(labels.max(initial=NOISE)) < 1:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from hdbscan.validity import validity_index

        validity = float(validity_index(Z.astype(np.float64), labels))
    return validity if np.isfinite(validity) else None


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


def recording_shares(clustering: Clustering, groups: Mapping[str, str]) -> list[float]:
    """Return the share of each cluster that comes from its most frequent recording; [] if no recording is known."""
    names: list[str] = clustering.names.tolist()
    if not any(name in groups for name in names):
        return []
    recordings, labels = number_values(clustering.names, groups), clustering.labels
    ids: list[int] = np.unique(labels[labels != NOISE]).tolist()
    members = [recordings[labels == cluster] for cluster in ids]
    return [int(np.unique(rows, return_counts=True)[1].max()) / len(rows) for rows in members]


def key_without_seed(provenance: Provenance) -> str:
    """Return a text that is the same for clusterings that differ only in the reducer's seed."""
    source = provenance.source
    if source is None or source.kind is not Kind.REDUCER:
        return provenance.key
    without_seed = attrs.evolve(
        source, options={name: source.options[name] for name in source.options if name != "seed"}
    )
    return attrs.evolve(provenance, input=without_seed.key).key


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
