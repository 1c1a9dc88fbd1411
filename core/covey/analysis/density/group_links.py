"""Links between groups that are shorter than the paths that join these so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.analysis.density.boxes import Points, Rows, measure_gaps
from covey.analysis.density.merge_order import order_by_merging
from covey.analysis.density.reachability import Edges, Reachability

LEAF = 16
"""Points in a leaf of the trees that look for the nearest point of another group."""


def find_links(reachability: Reachability, forest: Edges, parts: Rows, groups: Rows) -> Edges:
    """Return edges that make the forest a minimum spanning tree once all are spanned together.

    Args:
        reachability: of all points.
        forest: edges between parts.
        parts: (n,) the part of each point, numbers from 0, each used.
        groups: (n,) the part that each point counts for: few different ones.
    """
    group_parts, group_of_point = np.unique(groups, return_inverse=True)
    paths = _longest_edges(forest, parts, group_parts)
    search = _LinkSearch(reachability, group_of_point.reshape(-1), paths)
    return search.find()


def _longest_edges(forest: Edges, parts: Rows, chosen: Rows) -> Points:
    """Return the longest edge (g, g) of the path between each two of the chosen parts, infinity if there is none."""
    part_count = int(parts.max()) + 1
    ends = _span_with_infinite_edges(parts[forest.rows], part_count)
    weights = np.append(forest.weights, np.full(len(ends) - len(forest), np.inf))
    order, gaps = order_by_merging(ends, weights, part_count)
    position_of_part = np.empty(part_count, dtype=np.intp)
    position_of_part[order] = np.arange(part_count)
    positions = position_of_part[chosen]
    ascending = np.argsort(positions)
    starts = positions[ascending]
    longest: Points = np.zeros((len(chosen), len(chosen)))
    between = np.maximum.reduceat(gaps[: starts[-1] + 1], starts[:-1] + 1) if len(chosen) > 1 else gaps[:0]
    for row in range(len(chosen) - 1):
        longest[ascending[row], ascending[row + 1 :]] = np.maximum.accumulate(between[row:])
    return np.maximum(longest, longest.T)


def _span_with_infinite_edges(ends: Rows, count: int) -> Rows:
    """Return the edges (m, 2) of a forest, followed by edges between its trees so that they span all `count` nodes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(ends), dtype=bool), (ends[:, 0], ends[:, 1])), shape=(count, count))
    trees: NDArray[np.int32] = connected_components(links, directed=False)[1]
    roots: Rows = np.unique(trees, return_index=True)[1]
    return np.concatenate([ends, np.stack([np.full(len(roots) - 1, roots[0]), roots[1:]], axis=1)])


class _LinkSearch:
    """Looks for the shortest link of each two groups, nearest groups first; each link found shortens the paths."""

    def __init__(self, reachability: Reachability, groups: Rows, paths: Points) -> None:
        self.reachability = reachability
        self.paths = paths
        by_group: Rows = np.argsort(groups, kind="stable")
        self.members: list[Rows] = np.split(by_group, np.cumsum(np.bincount(groups))[:-1])
        points = reachability.points
        self.low: Points = np.stack([points[rows].min(axis=0) for rows in self.members])
        self.high: Points = np.stack([points[rows].max(axis=0) for rows in self.members])
        self.centres: Points = np.stack([points[rows].mean(axis=0) for rows in self.members])

    def find(self) -> Edges:
        """Return the links, several for two groups where a shorter one was found after a longer one."""
        first, second = np.triu_indices(len(self.members), 1)
        shortest = measure_gaps(self.low[first], self.high[first], self.low[second], self.high[second])
        nearest_first = np.argsort(((self.centres[first] - self.centres[second]) ** 2).sum(axis=1), kind="stable")
        links = [Edges.none()]
        for pair in nearest_first:
            if shortest[pair] < self.paths[first[pair], second[pair]]:
                links += self._link(int(first[pair]), int(second[pair]))
        return Edges.concatenate(links)

    def _link(self, first: int, second: int) -> list[Edges]:
        """Return ever shorter links between two groups, until there is none shorter than the path between them."""
        links: list[Edges] = []
        while True:
            rows = self._near(first, second, self.paths[first, second])
            partners = self._near(second, first, self.paths[first, second])
            link = self._nearest(rows, partners, self.paths[first, second])
            if link is None:
                return links
            links.append(link)
            self._shorten_paths(first, second, float(link.weights[0]))

    def _near(self, group: int, other: int, bound: float) -> Rows:
        """Return the rows of a group that can have a link shorter than the bound to the box of the other."""
        rows = self.members[group]
        rows = rows[self.reachability.core[rows] < bound]
        points = self.reachability.points[rows]
        return rows[measure_gaps(points, points, self.low[other], self.high[other]) < bound]

    def _nearest(self, rows: Rows, partners: Rows, bound: float) -> Edges | None:
        """Return the edge between the nearest two points of two sets, if they are nearer than the bound."""
        from scipy.spatial import KDTree

        if len(rows) == 0 or len(partners) == 0:
            return None
        few, many = sorted((rows, partners), key=len)
        tree = KDTree(self.reachability.points[many], LEAF, balanced_tree=False)
        lengths, nearest = tree.query(self.reachability.points[few], distance_upper_bound=bound)
        row = int(np.argmin(lengths))
        if not lengths[row] < bound:
            return None
        link = self.reachability.weigh(np.array([[few[row], many[nearest[row]]]]))
        return link if link.weights[0] < bound else None

    def _shorten_paths(self, first: int, second: int, weight: float) -> None:
        through = np.maximum(np.maximum(self.paths[:, first, None], weight), self.paths[second])
        self.paths = np.minimum(self.paths, np.minimum(through, through.T))
