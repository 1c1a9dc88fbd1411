"""DBSCAN at one radius and the tree of mutual reachability; `covey.analysis.density` defines the terms."""

from __future__ import annotations

import importlib.util
import warnings

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun
from covey.analysis.density.exact_dbscan import Mask, Points, Rows, distances, join, merge_groups
from covey.components.contracts import Labels
from covey.data.tables import NOISE

LEAF = 40
"""Points in a leaf of the trees that look for neighbours."""
FEW = 0.02
"""Share of all lengths in a tree that are shorter than the smallest radius that `Tree.radii` returns."""
MOST = 0.85
"""Share of the points that are dense at the suggested radius."""
DIGITS = 3
"""Significant digits of a radius."""


def dbscan(Z: NDArray[np.floating], eps: float, min_samples: int) -> Labels:
    """Return the DBSCAN clusters of points, exact at any size.

    Args:
        Z: (n, k), finite.
        eps: radius of a neighbourhood, in units of Z.
        min_samples: points within eps, itself included, that make a point dense.

    Returns:
        (n,) int32: clusters 0, 1, ... in the order of their first dense row, -1 for noise. A border point goes to its
        nearest dense point, of several equally near ones to that of the lowest row.
    """
    points = np.asarray(Z, dtype=np.float64)
    neighbours = Neighbours.of(points, min_samples, eps)
    dense: Mask = neighbours.core <= eps
    return neighbours.labels(dense, _join_dense(points[dense], neighbours.among(dense), eps), eps)


def suggest_radius(Z: NDArray[np.floating], min_samples: int) -> float | None:
    """Return the radius at which the share `MOST` of the points (n, k) is dense; None if there is no such radius.

    This is where the sorted core distances, the k-distance curve of Ester et al. (1996), begin to rise. The share was
    chosen on one half of the recordings of ESC-10, where neither the point of the curve furthest from its chord nor
    the widest plateau of the number of clusters did better.
    """
    return Neighbours.of(np.asarray(Z, dtype=np.float64), min_samples).suggestion()


def _join_dense(points: Points, neighbours: Rows, eps: float) -> Rows:
    """Return the groups of dense points from the nearest neighbours of each within eps, -1 for none."""
    row, column = np.nonzero(neighbours >= 0)
    groups = merge_groups(np.arange(len(points)), row, neighbours[row, column])
    return join(points, groups, eps)


@attrs.frozen(eq=False)
class Neighbours:
    """The nearest points of each point, itself included, in the order of distance, then of rows.

    `rows` (n, m) and `distances` (n, m) float64 have row n at distance infinity for each neighbour that is missing.
    `core` (n,) float64 are the core distances, infinite for points with fewer neighbours.
    """

    rows: Rows
    distances: Points
    core: Points

    @classmethod
    def of(cls, points: Points, count: int, radius: float = np.inf) -> Neighbours:
        """Find the `count` nearest neighbours of each point (n, k) within the radius."""
        from scipy.spatial import KDTree

        tree = KDTree(points, LEAF)
        ranks = np.arange(1, max(1, min(count, len(points))) + 1)
        bound = np.nextafter(radius, np.inf)
        lengths: Points
        rows: Rows
        lengths, rows = tree.query(points, ranks, distance_upper_bound=bound, workers=-1)
        order: Rows = np.lexsort((rows, lengths), axis=1)
        lengths, rows = np.take_along_axis(lengths, order, axis=1), np.take_along_axis(rows, order, axis=1)
        core: Points = lengths[:, -1] if len(points) >= count else np.full(len(points), np.inf)
        return cls(rows, lengths, core)

    def suggestion(self) -> float | None:
        """Return the radius that these points suggest, as `covey.analysis.density.suggest_radius` does."""
        radius = float(np.quantile(self.core, MOST, method="higher")) if len(self.core) else np.inf
        return _round_up(radius) if 0 < radius < np.inf else None

    def among(self, chosen: Mask) -> Rows:
        """Return the neighbours of the chosen points as positions among the chosen, -1 for the other points."""
        positions = np.full(len(chosen) + 1, -1, dtype=np.intp)
        positions[:-1][chosen] = np.arange(np.count_nonzero(chosen))
        return positions[self.rows[chosen]]

    def labels(self, dense: Mask, groups: Rows, eps: float) -> Labels:
        """Return the labels (n,) int32 from the groups of the dense points, giving each border point its cluster."""
        labels = np.full(len(dense), NOISE, dtype=np.int32)
        labels[dense] = _number_groups(groups)
        sparse = np.flatnonzero(~dense)
        dense_or_missing: Mask = np.append(dense, False)
        reached = dense_or_missing[self.rows[sparse]] & (self.distances[sparse] <= eps)
        border: Mask = np.asarray(reached.any(axis=1))
        first_dense: Rows = reached[border].argmax(axis=1)
        nearest = self.rows[sparse[border], first_dense]
        labels[sparse[border]] = labels[nearest]
        return labels


def _number_groups(groups: Rows) -> Labels:
    """Return groups with numbers 0, 1, ... in the order in which they first appear."""
    first_row_of = np.full(int(groups.max(initial=-1)) + 1, len(groups), dtype=np.intp)
    first_row_of[groups[::-1]] = np.arange(len(groups))[::-1]
    used_groups = np.flatnonzero(first_row_of < len(groups))
    cluster_of_group = np.empty(len(first_row_of), dtype=np.int32)
    cluster_of_group[used_groups[np.argsort(first_row_of[used_groups])]] = np.arange(len(used_groups))
    return cluster_of_group[groups]


@attrs.frozen(eq=False)
class Tree:
    """The minimum spanning tree of mutual reachability, in a form that can be cut at any radius.

    `edges` (n - 1, 2) are pairs of rows, `weights` (n - 1,) float64 their mutual reachabilities, ascending. `order`
    (n,) lists the rows such that each cluster of dense points is one run at every radius; `gaps` (n,) has, for each
    position in the order, the radius from which on it belongs to the run before it (the first: infinity).
    """

    neighbours: Neighbours
    edges: Rows
    weights: Points
    order: Rows
    gaps: Points

    @classmethod
    def grow(cls, Z: NDArray[np.floating], min_samples: int, progress: Progress = SILENT) -> Tree:
        """Grow the tree of points.

        The library hdbscan computes the edges, by dual-tree Boruvka (March, Ram and Gray 2010).

        Args:
            Z: (n, k), finite.
            min_samples: number of points, the point itself included, within its core distance.
            progress: reports the two parts of the work, neighbours and tree.

        Raises:
            CoveyError: hdbscan is not installed. `dbscan` does without it.
        """
        _check_hdbscan()
        points = np.asarray(Z, dtype=np.float64)
        with progress.step(f"Preparing {count_noun(len(points), 'point')}", 2, "part") as step:
            step.say("neighbours")
            neighbours = step.tick(Neighbours.of(points, min_samples))
            step.say("tree")
            edges = step.tick(_find_edges(points, min_samples))
        weights = _reachabilities(points, neighbours.core, edges)
        ascending: Rows = np.argsort(weights, kind="stable")
        edges, weights = edges[ascending], weights[ascending]
        return cls(neighbours, edges, weights, *_order_by_merging(edges, weights, len(points)))

    def labels(self, eps: float) -> Labels:
        """Return the labels that `dbscan` gives for this radius: (n,) int32, -1 for noise."""
        dense: Mask = self.neighbours.core <= eps
        run_of_row = np.empty(len(dense), dtype=np.intp)
        run_of_row[self.order] = np.cumsum(self.gaps > eps) - 1
        return self.neighbours.labels(dense, run_of_row[dense], eps)

    def radii(self, count: int = 100) -> list[float]:
        """Return up to `count` radii, evenly spaced by ratio: from where few points are dense to where all are joined.

        Each has `DIGITS` digits, for people to read and write. Empty for fewer than `min_samples` points, and for
        points that are all equal.
        """
        scales: Points = np.append(self.weights, self.neighbours.core)
        scales = np.sort(scales[np.isfinite(scales) & (scales > 0)])
        if len(scales) == 0:
            return []
        low, high = float(np.quantile(scales, FEW)), float(scales[-1])
        radii: list[float] = np.geomspace(low, high, count).tolist()
        return list(dict.fromkeys(map(_round_up, radii)))

    def suggestion(self) -> float | None:
        """Return the radius that these points suggest, as `covey.analysis.density.suggest_radius` does."""
        return self.neighbours.suggestion()


def _round_up(radius: float) -> float:
    """Return a radius with `DIGITS` digits, rounded up so that it reaches at least as far."""
    unit = 10.0 ** (np.floor(np.log10(radius)) - DIGITS + 1)
    return float(f"{np.ceil(radius / unit) * unit:.{DIGITS}g}")


def _check_hdbscan() -> None:
    if importlib.util.find_spec("hdbscan") is None:
        raise CoveyError('The tree for many radii needs the library hdbscan: pip install "covey[hdbscan]".')


def _find_edges(points: Points, min_samples: int) -> Rows:
    """Return the edges (n - 1, 2) of the tree, as pairs of rows."""
    if len(points) < max(2, min_samples):  # no point is dense at any radius: every tree has the same weights
        others = np.arange(1, len(points))
        return np.stack([np.zeros_like(others), others], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hdbscan._hdbscan_boruvka import KDTreeBoruvkaAlgorithm
    from sklearn.neighbors import KDTree

    tree = KDTree(points, leaf_size=LEAF)
    search = KDTreeBoruvkaAlgorithm(tree, min_samples - 1, leaf_size=LEAF // 3, approx_min_span_tree=False, n_jobs=1)
    edges: Rows = search.spanning_tree()[:, :2].astype(np.intp)
    return edges


def _reachabilities(points: Points, core: Points, edges: Rows) -> Points:
    first_rows, second_rows = edges[:, 0], edges[:, 1]
    reachabilities: Points = np.maximum(
        distances(points[first_rows], points[second_rows]), np.maximum(core[first_rows], core[second_rows])
    )
    return reachabilities


def _order_by_merging(edges: Rows, weights: Points, row_count: int) -> tuple[Rows, Points]:
    """Return an order of the rows, and for each position in it the weight of the edge that joins it to those before.

    Kruskal's algorithm: edges are taken in ascending order; when one joins two parts of the tree, the rows of the one
    part are appended to those of the other, so that each part is contiguous in the order.
    """
    parent_row, last_row_of = list(range(row_count)), list(range(row_count))
    next_row, joining_weights = [-1] * row_count, [np.inf] * row_count
    row_pairs: list[list[int]] = edges.tolist()
    weight_list: list[float] = weights.tolist()
    for (row, partner), weight in zip(row_pairs, weight_list, strict=True):
        front_head, back_head = _head(parent_row, row), _head(parent_row, partner)
        next_row[last_row_of[front_head]], joining_weights[back_head] = back_head, weight
        parent_row[back_head], last_row_of[front_head] = front_head, last_row_of[back_head]
    order = np.empty(row_count, dtype=np.intp)
    row = _head(parent_row, 0) if row_count else -1
    for position in range(row_count):
        order[position], row = row, next_row[row]
    return order, np.array(joining_weights, dtype=np.float64)[order]


def _head(parent_row: list[int], row: int) -> int:
    """Return the first row of the run that a row is in, shortening the way there."""
    while parent_row[row] != row:
        parent_row[row] = row = parent_row[parent_row[row]]
    return row
