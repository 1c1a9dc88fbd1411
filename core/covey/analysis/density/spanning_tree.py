"""The minimum spanning tree of mutual reachability, exact, grown from the nearest neighbours of each point.

The tree of the neighbour graph lacks an edge only where a shorter one leads to a point that is not among the listed
neighbours: one at least as long as the distance to the last of these, the reach of the point. Such edges are few. They
are looked for in two steps, and spanned together with the tree of the graph (Kruskal 1956):

1. In bands of weights, from `low` to `high`, pairs of points that no path of at most `low` connects are compared. Only
   points with a reach of at most `high` take part, and each counts for the group to which its shortest edges lead:
   no edge that is not listed is shorter than those.
2. Once few groups are left, links between each two of them are looked for that are shorter than the path between them.
"""

from __future__ import annotations

import numpy as np

from covey.analysis.density.band_search import BandSearch
from covey.analysis.density.boxes import Points, Rows
from covey.analysis.density.exact_dbscan import merge_groups
from covey.analysis.density.group_links import find_links
from covey.analysis.density.nearest_neighbours import Neighbours
from covey.analysis.density.reachability import Edges, Reachability

MORE = 0.6
"""Neighbours listed beyond those that a core distance reaches, as a share of these."""
BAND = 1.1
"""Ratio of the ends of a band: wider ones go on after few groups are left. Measured by tests/benchmarks/density.py."""
FEW_GROUPS = 300
"""Number of groups from which on each two of them are compared."""
JUMPS = 64
"""Times that a chain of shortest edges is halved: more than any chain needs."""
TINY = 1e-300
"""Weight in place of 0, which a sparse graph takes for no edge."""


def span(points: Points, neighbours: Neighbours) -> Edges:
    """Return the minimum spanning tree of the points (n, k): n - 1 edges in ascending order of mutual reachability.

    Args:
        points: (n, k) float64, finite; fast where points near each other follow each other.
        neighbours: of each point, more than its core distance reaches.
    """
    count = len(points)
    if count < 2 or np.isinf(neighbours.core[0]):  # no point is dense at any radius: every tree has the same weights
        others = np.arange(1, count)
        return Edges(np.stack([np.zeros_like(others), others], axis=1), np.full(len(others), np.inf))
    reachability = Reachability(points, neighbours.core)
    firsts = _find_firsts(points, neighbours)
    copies: Rows = np.flatnonzero(firsts != np.arange(count))
    if len(copies) == 0:
        return _span_distinct(reachability, neighbours)
    distinct: Rows = np.flatnonzero(firsts == np.arange(count))
    listed = Neighbours.of(points[distinct], neighbours.rows.shape[1])
    tree = _span_distinct(reachability.among(distinct), listed)
    to_copies = reachability.weigh(np.stack([firsts[copies], copies], axis=1))
    return Edges.concatenate([Edges(distinct[tree.rows], tree.weights), to_copies]).sort()


def _find_firsts(points: Points, neighbours: Neighbours) -> Rows:
    """Return for each point the first row (n,) at the same place."""
    firsts = np.arange(len(points))
    shared: Rows = np.flatnonzero(neighbours.distances[:, 1] == 0)
    if len(shared):
        _, first, place = np.unique(points[shared], axis=0, return_index=True, return_inverse=True)
        firsts[shared] = shared[first[place.reshape(-1)]]
    return firsts


def _span_distinct(reachability: Reachability, neighbours: Neighbours) -> Edges:
    """Return the minimum spanning tree of points at different places; `neighbours` gives lists and distances only."""
    count, columns = neighbours.rows.shape
    partners, lengths = neighbours.rows[:, 1:], neighbours.distances[:, 1:]
    if count == 1:
        return Edges.none()
    weights: Points = np.maximum(np.maximum(lengths, reachability.core[:, None]), reachability.core[partners])
    reach = neighbours.distances[:, -1]
    anchors = _follow_shortest(partners, weights, reach)
    forest = reachability.weigh(_span_lists(partners, weights)).sort()
    del weights  # as large as the lists
    return forest if columns == count else _add_missing(reachability, forest, reach, anchors)


def _follow_shortest(partners: Rows, weights: Points, reach: Points) -> Rows:
    """Return the row (n,) to which the shortest edges lead from each row, one after the other, never a longer one."""
    rows = np.arange(len(partners))
    column: Rows = weights.argmin(axis=1)
    anchors: Rows = np.where(weights[rows, column] <= reach, partners[rows, column], rows)
    mutual = (anchors[anchors] == rows) & (anchors > rows)
    anchors[mutual] = rows[mutual]
    for _ in range(JUMPS):
        farther = anchors[anchors]
        if np.array_equal(farther, anchors):
            break
        anchors = farther
    return anchors


def _span_lists(partners: Rows, weights: Points) -> Rows:
    """Return the edges (m, 2) of the minimum spanning forest of the listed neighbours (n, c) with weights (n, c)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    count, columns = partners.shape
    starts = np.arange(0, count * columns + 1, columns, dtype=np.int32)
    ends = partners.astype(np.int32).ravel()
    graph = csr_array((np.maximum(weights, TINY).ravel(), ends, starts), shape=(count, count))
    tree = minimum_spanning_tree(graph, overwrite=True).tocoo()
    edges: Rows = np.stack([tree.row, tree.col], axis=1).astype(np.intp)
    return edges


def _add_missing(reachability: Reachability, forest: Edges, reach: Points, anchors: Rows) -> Edges:
    """Return the tree that the forest becomes with the edges that the lists of neighbours lack.

    Edges of at most `low` are settled; of the others, which wait, those that have become superfluous go in their band.
    """
    search = BandSearch(reachability)
    low = float(reach.min())
    settled, pending = forest.split(low)
    while len(settled) < len(reach) - 1:
        parts = _find_parts(settled.rows, len(reach))
        groups = parts[anchors]
        if np.count_nonzero(np.bincount(groups)) <= FEW_GROUPS:
            pending = pending.span(parts)
            links = find_links(reachability, pending, parts, groups)
            return Edges.concatenate([settled, Edges.concatenate([pending, links]).span(parts)])
        high = _end_of_band(low, reach, pending)
        missing = search.find(np.flatnonzero(reach <= high), groups, high)
        within, pending = pending.split(high)
        settled = Edges.concatenate([settled, Edges.concatenate([within, missing]).span(parts)])
        low = high
    return settled


def _find_parts(edges: Rows, count: int) -> Rows:
    """Return the part (count,) that each row is in, joined by the edges (m, 2)."""
    return merge_groups(np.arange(count), edges[:, 0], edges[:, 1])


def _end_of_band(low: float, reach: Points, pending: Edges) -> float:
    """Return where the band from `low` on ends: not before something happens in it."""
    next_reach = float(reach[reach > low].min(initial=np.inf))
    next_event = min(next_reach, float(pending.weights.min(initial=np.inf)))
    return max(low * BAND, next_event if next_event < np.inf else 0)
