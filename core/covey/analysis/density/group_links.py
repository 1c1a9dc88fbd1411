"""Links between groups that are shorter than the paths that join these so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.analysis.density.band_search import BandSearch
from covey.analysis.density.boxes import SLACK, Points, Rows, measure_gaps
from covey.analysis.density.merge_order import order_by_merging
from covey.analysis.density.reachability import Edges, Reachability

BLOCK = 1 << 12
"""Points whose directions are computed together, which bounds the memory needed."""


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
    order, ranks = order_by_merging(ends, part_count)
    gaps = np.append(weights, np.inf)[ranks]
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
        in_boxes = measure_gaps(self.low[first], self.high[first], self.low[second], self.high[second])
        shortest = np.maximum(in_boxes, self._measure_line_gaps()[first, second])
        nearest_first = np.argsort(((self.centres[first] - self.centres[second]) ** 2).sum(axis=1), kind="stable")
        links = [Edges.none()]
        for pair in nearest_first:
            if shortest[pair] < self.paths[first[pair], second[pair]]:
                links += self._link(int(first[pair]), int(second[pair]))
        return Edges.concatenate(links)

    def _measure_line_gaps(self) -> Points:
        """Return how far apart each two groups (g, g) are along the line between their centres, less if they overlap.

        The gaps are shortened by more than rounding, and so are at most the distances of any two points.
        """
        offsets = self.centres - self.centres[:, None]
        lengths = np.sqrt((offsets * offsets).sum(axis=2))
        directions = np.divide(offsets, lengths[:, :, None], out=np.zeros_like(offsets), where=offsets != 0)
        reaches = np.stack(
            [
                self._measure_reach(rows, centre, toward)
                for rows, centre, toward in zip(self.members, self.centres, directions, strict=True)
            ]
        )
        gaps: Points = lengths - (reaches + reaches.T) - (SLACK - 1) * (lengths + np.abs(reaches) + np.abs(reaches.T))
        return gaps

    def _measure_reach(self, rows: Rows, centre: Points, directions: Points) -> Points:
        """Return how far points reach from a centre (k,) in each direction (g, k), as (g,)."""
        blocks = (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))
        points = self.reachability.points
        reach: Points = np.max([((points[block] - centre) @ directions.T).max(axis=0) for block in blocks], axis=0)
        return reach

    def _link(self, first: int, second: int) -> list[Edges]:
        """Return ever shorter links between two groups, until there is none shorter than the path between them."""
        links: list[Edges] = []
        rows, partners = self.members[first], self.members[second]
        axis = self.centres[second] - self.centres[first]
        while True:
            bound = float(self.paths[first, second])
            rows, partners = self._keep_near(rows, partners, axis, bound)
            if len(rows) == 0 or len(partners) == 0:
                return links
            link = self._approach(rows, partners, bound) or self._nearest(rows, partners, bound)
            if link is None:
                return links
            links.append(link)
            self._shorten_paths(first, second, float(link.weights[0]))
            row, partner = link.rows[0]
            axis = self.reachability.points[partner] - self.reachability.points[row]

    def _keep_near(self, rows: Rows, partners: Rows, axis: Points, bound: float) -> tuple[Rows, Rows]:
        """Return the rows and the partners that can have a link shorter than the bound, along an axis and by boxes."""
        points, core = self.reachability.points, self.reachability.core
        rows, partners = rows[core[rows] < bound], partners[core[partners] < bound]
        rows, partners = _keep_near_along(points, rows, partners, axis, bound)
        for _ in range(2):
            low, high = points[partners].min(axis=0, initial=np.inf), points[partners].max(axis=0, initial=-np.inf)
            is_near = measure_gaps(points[rows], points[rows], low, high) < bound
            rows, partners = partners, rows[is_near]
        return rows, partners

    def _approach(self, rows: Rows, partners: Rows, bound: float) -> Edges | None:
        """Return the edge to which steps to the nearest point of the other side lead, if it is shorter than the bound.

        It makes the exact search that follows a short one, for which only points near the other side matter.
        """
        points, partner_points = self.reachability.points[rows], self.reachability.points[partners]
        place, shortest = partner_points.mean(axis=0), np.inf
        while True:
            row = _find_nearest(points, place)[0]
            partner, length = _find_nearest(partner_points, points[row])
            if not length < shortest:
                return self._weigh(rows[row], partners[partner], bound)
            place, shortest = partner_points[partner], length

    def _nearest(self, rows: Rows, partners: Rows, bound: float) -> Edges | None:
        """Return the shortest edge between two sets of points, if it is shorter than the bound."""
        chosen = np.concatenate([rows, partners])
        groups = np.repeat([0, 1], [len(rows), len(partners)])
        links = BandSearch(self.reachability.among(chosen)).find(np.arange(len(chosen)), groups, bound)
        return Edges(chosen[links.rows], links.weights) if len(links) and links.weights[0] < bound else None

    def _weigh(self, row: np.intp, partner: np.intp, bound: float) -> Edges | None:
        """Return an edge if it is shorter than the bound."""
        link = self.reachability.weigh(np.array([[row, partner]]))
        return link if link.weights[0] < bound else None

    def _shorten_paths(self, first: int, second: int, weight: float) -> None:
        through = np.maximum(np.maximum(self.paths[:, first, None], weight), self.paths[second])
        self.paths = np.minimum(self.paths, np.minimum(through, through.T))


def _keep_near_along(points: Points, rows: Rows, partners: Rows, axis: Points, bound: float) -> tuple[Rows, Rows]:
    """Return the rows and the partners that lie nearer than the bound to the range of the others along an axis (k,)."""
    origin = points[rows[:1]].sum(axis=0)
    along, partners_along = (points[rows] - origin) @ axis, (points[partners] - origin) @ axis
    extent = np.abs(along).max(initial=0) + np.abs(partners_along).max(initial=0)
    reach = bound * SLACK * np.sqrt(axis @ axis) + (SLACK - 1) * extent
    is_near = along >= partners_along.min(initial=np.inf) - reach
    return rows[is_near], partners[partners_along <= along.max(initial=-np.inf) + reach]


def _find_nearest(points: Points, place: Points) -> tuple[int, float]:
    """Return the position of the point (n, k) nearest to a place (k,), and its squared distance."""
    differences = points - place
    squares = (differences * differences).sum(axis=1)
    position = int(squares.argmin())
    return position, float(squares[position])
