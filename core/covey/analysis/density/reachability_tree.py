"""The tree of mutual reachability, and what it is cut into; `covey.analysis.density` says the definitions."""

from __future__ import annotations

import warnings

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun
from covey.analysis.density.exact_dbscan import Points, Rows, distances, join, merged
from covey.components.contracts import Labels
from covey.data.tables import NOISE

LEAF = 40
"""Points in a leaf of the trees that look for neighbours."""
FEW = 0.02
"""Share of all lengths in a tree that are shorter than the smallest radius worth looking at."""
MOST = 0.85
"""Share of the points that are dense at the suggested radius."""
DIGITS = 3


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
    near = Neighbours.of(points, min_samples, eps)
    dense = near.core <= eps
    return near.labels(dense, _joined(points[dense], near.among(dense), eps), eps)


def suggest_radius(Z: NDArray[np.floating], min_samples: int) -> float | None:
    """Return the radius at which a certain share of the points (n, k), `MOST`, is dense; None where there is none.

    This is where the sorted core distances, the k-distance curve of Ester et al. (1996), begin to rise. The share was
    chosen on one half of the recordings of ESC-10, where neither the point of the curve furthest from its chord nor
    the widest plateau of the number of clusters did better.
    """
    return Neighbours.of(np.asarray(Z, dtype=np.float64), min_samples).suggestion()


def _joined(points: Points, neighbours: Rows, eps: float) -> Rows:
    """Return the groups of dense points, given some of the neighbours of each within eps, -1 for none."""
    row, column = np.nonzero(neighbours >= 0)
    groups = merged(np.arange(len(points)), row, neighbours[row, column])
    return join(points, groups, eps)


@attrs.frozen(eq=False)
class Neighbours:
    """The nearest points of each point, itself included, nearest first and by row where equally near.

    `rows` (n, m) and `distances` (n, m) float64; where there are fewer than m, row n at distance infinity.
    `core` (n,) float64 are the core distances, infinite where there is none.
    """

    rows: Rows
    distances: Points
    core: Points

    @classmethod
    def of(cls, points: Points, count: int, radius: float = np.inf) -> Neighbours:
        """Find the `count` nearest neighbours of each point, as far as they lie within the radius."""
        from scipy.spatial import KDTree

        tree = KDTree(points, LEAF)
        ranks = np.arange(1, max(1, min(count, len(points))) + 1)
        bound = np.nextafter(radius, np.inf)
        apart, rows = tree.query(points, ranks, distance_upper_bound=bound, workers=-1)
        order = np.lexsort((rows, apart), axis=1)
        apart, rows = (np.take_along_axis(array, order, axis=1) for array in (apart, rows))
        core = apart[:, -1] if len(points) >= count else np.full(len(points), np.inf)
        return cls(rows, apart, core)

    def suggestion(self) -> float | None:
        """Return the radius that these points suggest, as `covey.analysis.density.suggest_radius` does."""
        radius = np.quantile(self.core, MOST, method="higher") if len(self.core) else np.inf
        return _short(radius) if 0 < radius < np.inf else None

    def among(self, chosen: NDArray[np.bool_]) -> Rows:
        """Return the neighbours of chosen points as numbers among the chosen, -1 for what is not."""
        numbers = np.full(len(chosen) + 1, -1)
        numbers[:-1][chosen] = np.arange(chosen.sum())
        neighbours: Rows = numbers[self.rows[chosen]]
        return neighbours

    def labels(self, dense: NDArray[np.bool_], groups: Rows, eps: float) -> Labels:
        """Return the labels (n,) int32 from the groups of the dense points, giving each border point its cluster."""
        labels = np.full(len(dense), NOISE, dtype=np.int32)
        labels[dense] = _numbered(groups)
        sparse = np.flatnonzero(~dense)
        reached = np.append(dense, False)[self.rows[sparse]] & (self.distances[sparse] <= eps)
        border = reached.any(axis=1)
        nearest = self.rows[sparse[border], reached[border].argmax(axis=1)]
        labels[sparse[border]] = labels[nearest]
        return labels


def _numbered(groups: Rows) -> Labels:
    """Return groups with numbers 0, 1, ... in the order in which they first appear."""
    first = np.full(groups.max(initial=-1) + 1, len(groups))
    first[groups[::-1]] = np.arange(len(groups))[::-1]
    used = np.flatnonzero(first < len(groups))
    numbers = np.empty(len(first), dtype=np.int32)
    numbers[used[np.argsort(first[used])]] = np.arange(len(used))
    labels: Labels = numbers[groups]
    return labels


@attrs.frozen(eq=False)
class Tree:
    """The minimum spanning tree of mutual reachability, with what is needed to cut it at any radius.

    `edges` (n - 1, 2) are pairs of rows, `weights` (n - 1,) float64 their mutual reachabilities, ascending. `order`
    (n,) lists the rows such that each cluster of dense points is one run at every radius; `gaps` (n,) is, for each
    place in the order, the radius from which on it belongs to the run before (the first: infinity).
    """

    neighbours: Neighbours
    edges: Rows
    weights: Points
    order: Rows
    gaps: Points

    @classmethod
    def grow(cls, Z: NDArray[np.floating], min_samples: int, progress: Progress = SILENT) -> Tree:
        """Grow the tree of points.

        The edges are found by dual-tree Boruvka (March, Ram and Gray 2010), by the package hdbscan; where it is not
        installed by Prim's algorithm, whose time grows with the square of n.

        Args:
            Z: (n, k), finite.
            min_samples: points, itself included, whose distance is the core distance.
            progress: told of the two parts of the work, neighbours and tree.
        """
        points = np.asarray(Z, dtype=np.float64)
        with progress.step(f"Preparing {count_noun(len(points), 'point')}", 2, "part") as step:
            step.say("neighbours")
            near = step.tick(Neighbours.of(points, min_samples))
            step.say("tree")
            edges = step.tick(_edges(points, near.core, min_samples))
        weights = _reachabilities(points, near.core, edges)
        ascending = np.argsort(weights, kind="stable")
        edges, weights = edges[ascending], weights[ascending]
        return cls(near, edges, weights, *_runs(edges, weights, len(points)))

    def labels(self, eps: float) -> Labels:
        """Return what `dbscan` gives for this radius: (n,) int32, -1 for noise."""
        dense = self.neighbours.core <= eps
        runs = np.empty(len(dense), dtype=np.intp)
        runs[self.order] = np.cumsum(self.gaps > eps) - 1
        return self.neighbours.labels(dense, runs[dense], eps)

    def radii(self, count: int = 100) -> list[float]:
        """Return up to `count` radii, evenly spaced by ratio: from where few points are dense to where all are joined.

        Three digits each, for people to read and write. None for fewer than `min_samples` points, or for equal ones.
        """
        scales = np.append(self.weights, self.neighbours.core)
        scales = np.sort(scales[np.isfinite(scales) & (scales > 0)])
        if len(scales) == 0:
            return []
        low, high = np.quantile(scales, FEW), scales[-1]
        return list(dict.fromkeys(_short(radius) for radius in np.geomspace(low, high, count)))

    def suggestion(self) -> float | None:
        """Return the radius that these points suggest, as `covey.analysis.density.suggest_radius` does."""
        return self.neighbours.suggestion()


def _short(radius: float) -> float:
    """Return a radius with few digits, rounded up so that it reaches at least as far."""
    unit = 10.0 ** (np.floor(np.log10(radius)) - DIGITS + 1)
    return float(f"{np.ceil(radius / unit) * unit:.{DIGITS}g}")


def _edges(points: Points, core: Points, min_samples: int) -> Rows:
    if len(points) < max(2, min_samples):
        return _prim(points, core)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from hdbscan._hdbscan_boruvka import KDTreeBoruvkaAlgorithm
        from sklearn.neighbors import KDTree
    except ImportError:
        return _prim(points, core)
    tree = KDTree(points, leaf_size=LEAF)
    search = KDTreeBoruvkaAlgorithm(tree, min_samples - 1, leaf_size=LEAF // 3, approx_min_span_tree=False, n_jobs=1)
    edges: Rows = search.spanning_tree()[:, :2].astype(np.intp)
    return edges


def _prim(points: Points, core: Points) -> Rows:
    """Return the edges by Prim's algorithm (1957): always the point that is reached soonest from those in the tree."""
    outside = np.arange(len(points))[1:]
    nearest = np.full(len(outside), np.inf)
    partner = np.zeros(len(outside), dtype=np.intp)
    edges = np.empty((max(0, len(points) - 1), 2), dtype=np.intp)
    last = 0
    for edge in edges:
        reach = np.maximum(np.maximum(distances(points[outside], points[last]), core[outside]), core[last])
        nearer = reach < nearest
        nearest[nearer], partner[nearer] = reach[nearer], last
        at = int(nearest.argmin())
        last = int(outside[at])
        edge[:] = partner[at], last
        for array in (outside, nearest, partner):
            array[at] = array[len(outside) - 1]
        outside, nearest, partner = outside[:-1], nearest[:-1], partner[:-1]
    return edges


def _reachabilities(points: Points, core: Points, edges: Rows) -> Points:
    a, b = edges.T
    reachabilities: Points = np.maximum(distances(points[a], points[b]), np.maximum(core[a], core[b]))
    return reachabilities


def _runs(edges: Rows, weights: Points, count: int) -> tuple[Rows, Points]:
    """Return an order of rows in which each part of the tree is one run, and the weight that joins each to the last.

    By Kruskal's algorithm: when an edge joins two parts, the run of one is put behind that of the other.
    """
    first, last, behind, gaps = list(range(count)), list(range(count)), [-1] * count, [np.inf] * count
    for (a, b), weight in zip(edges.tolist(), weights.tolist(), strict=True):
        a, b = _head(first, a), _head(first, b)
        behind[last[a]], gaps[b] = b, weight
        first[b], last[a] = a, last[b]
    order = np.empty(count, dtype=np.intp)
    row = _head(first, 0) if count else -1
    for place in range(count):
        order[place], row = row, behind[row]
    return order, np.array(gaps)[order]


def _head(first: list[int], row: int) -> int:
    """Return the first row of the run that a row is in, shortening the way there."""
    while first[row] != row:
        first[row] = row = first[first[row]]
    return row
