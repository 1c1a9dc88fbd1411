"""What clusters are like by themselves: how many, how large, how dense, how stable; no labels needed."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.digests import canonical_json
from covey.analysis.measures.agreement import common_labels
from covey.analysis.measures.evaluation import number_values
from covey.components.contracts import Clusterer, Floats, Labels
from covey.components.kinds import Kind
from covey.data.provenance import Provenance
from covey.data.tables import NOISE, Clustering

SAMPLE = 2000
"""Images for which density and distances are compared."""
PAIRS = 3
"""Pairs of half samples."""


@attrs.frozen(kw_only=True)
class Shape:
    """What one clustering is like. None stands for what cannot be said.

    `clusters` does not count noise, `coverage` is the share of images in clusters; `largest` and `median` are sizes
    of clusters. `validity` is the density-based validity (DBCV: Moulavi et al. 2014) and `silhouette` the mean
    silhouette of the images in clusters (Rousseeuw 1987), both from -1 to 1, higher where clusters lie better apart.
    `halves` and `seeds` are adjusted Rand indices, noise being one more cluster: 1 where the same images come
    together again, 0 where no more do than by chance; `halves` between clusterings of half samples, `seeds` with
    the clusterings that differ only in the reducer's seed. `recording` is the share of a cluster that comes from one
    recording, in the median cluster, and `recording_largest` in the cluster where it is highest.
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


def shape(
    clustering: Clustering,
    Z: Floats | None = None,
    clusterer: Clusterer | None = None,
    groups: Mapping[str, str] | None = None,
    siblings: Sequence[Clustering] = (),
) -> Shape:
    """Describe a clustering by itself.

    Args:
        clustering: names and clusters.
        Z: what was clustered, (n, d) float32, the rows in the same order, where it is at hand.
        clusterer: what clustered it, where it is installed.
        groups: the recording of each image, where it is known.
        siblings: clusterings of the same images that differ only in the reducer's seed.
    """
    labels = clustering.labels
    sizes = np.unique(labels[labels != NOISE], return_counts=True)[1]
    shares = [] if groups is None else recording_shares(clustering, groups)
    return Shape(
        images=len(labels),
        clusters=len(sizes),
        coverage=float(np.mean(labels != NOISE)) if len(labels) else 0.0,
        largest=int(sizes.max(initial=0)),
        median=float(np.median(sizes)) if len(sizes) else 0.0,
        validity=None if Z is None else density_validity(Z, labels),
        silhouette=None if Z is None else silhouette(Z, labels),
        halves=None if Z is None or clusterer is None else half_agreement(clusterer, Z),
        seeds=_mean([_rand(*common_labels(clustering, other)) for other in siblings]),
        recording=float(np.median(shares)) if shares else None,
        recording_largest=max(shares, default=None),
    )


def density_validity(Z: Floats, labels: Labels) -> float | None:
    """Return DBCV (Moulavi et al. 2014) on at most 2,000 rows of Z (n, d), -1 to 1.

    Images of a cluster of which fewer than 3 are drawn count as noise. None where hdbscan is not installed, fewer than
    two clusters are left, or distances are too small to tell densities apart.
    """
    if importlib.util.find_spec("hdbscan") is None:
        return None
    Z, labels = _sample(Z, labels)
    labels = _without(labels, fewer_than=3)
    if labels.max(initial=NOISE) < 1:
        return None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from hdbscan.validity import validity_index

        validity = float(validity_index(Z.astype(np.float64), labels))
    return validity if np.isfinite(validity) else None


def silhouette(Z: Floats, labels: Labels) -> float | None:
    """Return the mean silhouette (Rousseeuw 1987) of the images in clusters, on at most 2,000 rows of Z (n, d).

    From -1 to 1; None for fewer than two clusters, or where every image is a cluster of its own.
    """
    from sklearn.metrics import silhouette_score

    Z, labels = _sample(Z[labels != NOISE], labels[labels != NOISE])
    if not 2 <= len(np.unique(labels)) < len(labels):
        return None
    return float(silhouette_score(Z, labels))


def half_agreement(clusterer: Clusterer, Z: Floats) -> float | None:
    """Return how well clusterings of two half samples agree on the images in both (Ben-Hur et al. 2002).

    The mean adjusted Rand index of 3 pairs of random halves of the rows of Z (n, d), the same each time. None where no
    half has a cluster.
    """
    random = np.random.default_rng(0)
    return _mean([_halves(clusterer, Z, random) for _ in range(PAIRS)])


def recording_shares(clustering: Clustering, groups: Mapping[str, str]) -> list[float]:
    """Return the share of each cluster that comes from the recording with most of its images; [] if none is known."""
    if not any(name in groups for name in clustering.names.tolist()):
        return []
    own, labels = number_values(clustering.names, groups), clustering.labels
    members = [own[labels == cluster] for cluster in np.unique(labels[labels != NOISE])]
    return [float(np.unique(group, return_counts=True)[1].max() / len(group)) for group in members]


def key_without_seed(made_from: Provenance) -> str:
    """Return a text that is the same for clusterings that differ only in the reducer's seed."""
    source = made_from.source
    if source is None or source.kind is not Kind.REDUCER:
        return made_from.key
    options = {name: value for name, value in source.options.items() if name != "seed"}
    reducer = [source.component, source.version, options, dict(source.identity), source.input]
    return canonical_json(
        [made_from.component, made_from.version, dict(made_from.options), dict(made_from.identity), reducer]
    )


def _halves(clusterer: Clusterer, Z: Floats, random: np.random.Generator) -> float | None:
    first, second = (np.sort(random.permutation(len(Z))[: len(Z) // 2]) for _ in range(2))
    _, first_rows, second_rows = np.intersect1d(first, second, return_indices=True)
    return _rand(clusterer.cluster(Z[first])[first_rows], clusterer.cluster(Z[second])[second_rows])


def _rand(first: Labels, second: Labels) -> float | None:
    from sklearn.metrics import adjusted_rand_score

    if max(first.max(initial=NOISE), second.max(initial=NOISE)) == NOISE:
        return None
    return float(adjusted_rand_score(first, second))


def _mean(values: Sequence[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return float(np.mean(numbers)) if numbers else None


def _sample(Z: Floats, labels: Labels) -> tuple[Floats, Labels]:
    rows = np.sort(np.random.default_rng(0).permutation(len(Z))[:SAMPLE])
    return Z[rows], labels[rows]


def _without(labels: Labels, fewer_than: int) -> Labels:
    """Return labels with small clusters as noise and the others numbered from 0."""
    clusters, counts = np.unique(labels[labels != NOISE], return_counts=True)
    large_clusters: NDArray[np.int32] = clusters[counts >= fewer_than]
    inside = np.isin(labels, large_clusters)
    return np.where(inside, np.searchsorted(large_clusters, labels), NOISE).astype(np.int32)
