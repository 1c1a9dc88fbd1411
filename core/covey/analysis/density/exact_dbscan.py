"""Groups of points that lie near each other: found exactly, without looking at all pairs."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rows = NDArray[np.intp]
LEAF = 8
"""Points in the smallest box, at least half of them."""
NUMBERS = 1 << 22
"""Differences of coordinates looked at in one go, which bounds the memory needed."""
SLACK = 1 + 1e-9
"""Boxes are taken for a little nearer than they are, so that rounding leaves out no pair of points."""


def join(points: Points, groups: Rows, radius: float) -> Rows:
    """Return the groups that remain when groups with points at most `radius` apart become one.

    Boxes that halve the points again and again are compared in pairs from the largest down. A pair of boxes is left
    alone when it holds points of one group only or is further apart than the radius (dual-tree search: Gray and Moore
    2000).

    Args:
        points: (n, k) float64, finite.
        groups: (n,) whole numbers from 0, each number used.
        radius: the distance, in units of the points.

    Returns:
        (n,) whole numbers from 0, each number used.
    """
    if len(points) == 0 or groups.max() == 0:
        return groups
    search = _Search(points, _halved(points), groups, radius)
    search.visit(0, np.zeros((1, 2), dtype=np.intp))
    return search.groups


def merged(groups: Rows, rows: Rows, partners: Rows) -> Rows:
    """Return the groups when the group of each of the rows `some` becomes one with that of its partner in `others`."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if len(rows) == 0:
        return groups
    count = int(groups.max()) + 1
    links = coo_array((np.ones(len(rows), dtype=bool), (groups[rows], groups[partners])), shape=(count, count))
    joined: Rows = connected_components(links, directed=False)[1].astype(np.intp)[groups]
    return joined


@attrs.frozen
class _Boxes:
    """A balanced tree of boxes: box b of a level holds the boxes 2b and 2b + 1 of the next.

    `low` and `high` have one array (2**level, k) for each level, `rows` (boxes of the last level, m) the points' rows;
    the last point may stand there more than once.
    """

    low: list[Points]
    high: list[Points]
    rows: Rows


def _halved(points: Points) -> _Boxes:
    depth = max(0, int(np.ceil(np.log2(len(points) / LEAF))))
    size = -(-len(points) // 2**depth)
    rows = np.minimum(np.arange(size * 2**depth), len(points) - 1).reshape(1, -1)
    low, high = [], []
    for level in range(depth + 1):
        inside = points[rows]
        low.append(inside.min(axis=1))
        high.append(inside.max(axis=1))
        if level < depth:
            widest = (high[-1] - low[-1]).argmax(axis=1)
            values = np.take_along_axis(inside, widest[:, None, None], axis=2)[:, :, 0]
            sides = np.argpartition(values, rows.shape[1] // 2, axis=1)
            rows = np.take_along_axis(rows, sides, axis=1).reshape(2 * len(rows), -1)
    return _Boxes(low, high, rows)


class _Search:
    """The groups as they are found so far."""

    def __init__(self, points: Points, boxes: _Boxes, groups: Rows, radius: float) -> None:
        self.points = points
        self.columns = np.ascontiguousarray(points.T)
        self.boxes = boxes
        self.radius = radius
        self.chunk = max(1, NUMBERS // (LEAF * LEAF * points.shape[1]))
        self._set_groups(groups)

    def visit(self, level: int, pairs: Rows) -> None:
        """Join what lies near in pairs (p, 2) of boxes of one level."""
        for start in range(0, len(pairs), self.chunk):
            candidates = self._foreign_and_near(level, pairs[start : start + self.chunk])
            if level == len(self.boxes.low) - 1:
                self._compare(candidates)
            else:
                self._compare_first(level, candidates)
                self.visit(level + 1, _parts(candidates))

    def _set_groups(self, groups: Rows) -> None:
        """Remember the groups, and the lowest and highest of each box."""
        self.groups = groups
        inside = groups[self.boxes.rows]
        self.lowest, self.highest = [inside.min(axis=1)], [inside.max(axis=1)]
        while len(self.lowest[0]) > 1:
            self.lowest.insert(0, self.lowest[0].reshape(-1, 2).min(axis=1))
            self.highest.insert(0, self.highest[0].reshape(-1, 2).max(axis=1))

    def _foreign_and_near(self, level: int, pairs: Rows) -> Rows:
        lowest, highest = self.lowest[level], self.highest[level]
        a, b = pairs.T
        pairs = pairs[np.minimum(lowest[a], lowest[b]) != np.maximum(highest[a], highest[b])]
        low, high = self.boxes.low[level], self.boxes.high[level]
        a, b = pairs.T
        gaps = np.maximum(np.maximum(low[a] - high[b], low[b] - high[a]), 0)
        close_pairs: Rows = pairs[np.sqrt((gaps * gaps).sum(axis=1)) <= self.radius * SLACK]
        return close_pairs

    def _compare_first(self, level: int, pairs: Rows) -> None:
        """Try one point of each box: groups that overlap are joined early, which spares most of the work."""
        first = self.boxes.rows.reshape(len(self.boxes.low[level]), -1)[:, 0]
        rows, partners = first[pairs[:, 0]], first[pairs[:, 1]]
        hits = distances(self.points[rows], self.points[partners]) <= self.radius
        self._join(rows[hits], partners[hits])

    def _compare(self, pairs: Rows) -> None:
        rows, partners = self.boxes.rows[pairs[:, 0]], self.boxes.rows[pairs[:, 1]]
        squares = np.zeros((len(pairs), rows.shape[1], partners.shape[1]))
        for column in self.columns:  # several times as fast as a sum over the last axis
            apart = column[rows][:, :, None] - column[partners][:, None]
            squares += apart * apart
        pair, row, partner = np.nonzero(np.sqrt(squares) <= self.radius)
        self._join(rows[pair, row], partners[pair, partner])

    def _join(self, rows: Rows, partners: Rows) -> None:
        news = self.groups[rows] != self.groups[partners]
        if news.any():
            self._set_groups(merged(self.groups, rows[news], partners[news]))


def distances(points: Points, partners: Points) -> Points:
    """Return the Euclidean distances along the last axis, float64, in the shape that the arrays broadcast to."""
    apart = points - partners
    lengths: Points = np.sqrt((apart * apart).sum(axis=-1))
    return lengths


def _parts(pairs: Rows) -> Rows:
    """Return the pairs of halves of pairs of boxes, each once."""
    a, b = 2 * pairs.T
    across = a != b
    halves = [(a, b), (a + 1, b + 1), (a, b + 1), (a[across] + 1, b[across])]
    return np.concatenate([np.stack(pair, axis=1) for pair in halves])
