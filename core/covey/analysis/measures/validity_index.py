"""Density-based clustering validation (DBCV): how well clusters are separated by regions of low density.

After D. Moulavi et al.: Density-based clustering validation. SIAM Data Mining, 2014.
"""

from __future__ import annotations

from itertools import combinations

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Labels

Rows = NDArray[np.float64]


@attrs.frozen(eq=False)
class _Cluster:
    """The inner points (m, d) of a cluster with their core distances (m,), and how sparse it is at its sparsest."""

    points: Rows
    core_distances: Rows
    sparseness: float


def validity_index(Z: Rows, labels: Labels) -> float:
    """Return the index of a clustering of Z (n, d), -1 to 1; no number where densities cannot be told apart.

    Labels are -1 or 0 to k - 1 for at least two clusters, each of at least three rows.
    """
    clusters = [_describe_cluster(Z[labels == number]) for number in range(int(labels.max()) + 1)]
    separations = np.full((len(clusters), len(clusters)), np.inf)
    for first, second in combinations(range(len(clusters)), 2):
        separations[first, second] = separations[second, first] = _separate(clusters[first], clusters[second])
    separation = separations.min(axis=1)
    sparseness = np.array([cluster.sparseness for cluster in clusters])
    shares = np.bincount(labels[labels >= 0]) / len(labels)
    with np.errstate(all="ignore"):
        return float(np.sum(shares * (separation - sparseness) / np.maximum(separation, sparseness)))


def _describe_cluster(points: Rows) -> _Cluster:
    from scipy.spatial.distance import cdist

    distances = cdist(points, points)
    core_distances = _core_distances(distances, points.shape[1])
    reachability = np.maximum(distances, np.maximum(core_distances[:, None], core_distances))
    ends, lengths = _spanning_tree(reachability)
    is_inner: NDArray[np.bool_] = np.bincount(ends.ravel(), minlength=len(points)) > 1
    is_inner_edge = is_inner[ends].all(axis=1)
    inner_lengths = lengths[is_inner_edge] if is_inner_edge.any() else lengths
    return _Cluster(points[is_inner], core_distances[is_inner], float(inner_lengths.max()))


def _core_distances(distances: Rows, dimensions: int) -> Rows:
    """Return the distance of each point (n,) to the others of its cluster, of which the nearest count most."""
    with np.errstate(all="ignore"):
        closeness: Rows = np.where(distances > 0, (1 / distances) ** dimensions, 0.0).sum(axis=1) / (len(distances) - 1)
        core_distances: Rows = closeness ** (-1 / dimensions)
        return core_distances if closeness.any() else closeness


def _spanning_tree(lengths: Rows) -> tuple[NDArray[np.intp], Rows]:
    """Return the edges (n - 1, 2) of a shortest spanning tree, with their lengths, by Prim's algorithm from row 0.

    Of equally near points the first joins the tree, and it is joined to the first of those that are as near to it.
    """
    count = len(lengths)
    ends, edge_lengths = np.zeros((count - 1, 2), np.intp), np.zeros(count - 1)
    outside, nearest = np.arange(1, count), lengths[0, 1:].copy()
    inside = np.zeros(count, bool)
    inside[0] = True
    for edge in range(count - 1):
        position = int(nearest.argmin())
        point, length = int(outside[position]), float(nearest[position])
        is_as_near = inside & np.isclose(lengths[point], length)
        ends[edge], edge_lengths[edge] = (int(is_as_near.argmax()), point), length
        inside[point] = True
        outside, nearest = np.delete(outside, position), np.delete(nearest, position)
        nearest = np.minimum(nearest, lengths[point, outside])
    return ends, edge_lengths


def _separate(first: _Cluster, second: _Cluster) -> float:
    """Return the shortest mutual reachability between inner points of two clusters."""
    from scipy.spatial.distance import cdist

    distances = cdist(first.points, second.points)
    return float(np.maximum(distances, np.maximum(first.core_distances[:, None], second.core_distances)).min())
