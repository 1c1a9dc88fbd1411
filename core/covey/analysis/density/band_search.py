"""Search for the shortest edges between groups of points, up to a given weight."""

from __future__ import annotations

import numpy as np

from covey.analysis.density.boxes import GroupedBoxes, Mask, Points, Rows, enclose_runs, pair_halves
from covey.analysis.density.reachability import Edges, Reachability

PAIRS = 1 << 16
"""Pairs of boxes looked at together, which bounds the memory needed."""
LEAF_PAIRS = 1 << 10
"""Pairs of the smallest boxes whose points are compared together."""
LOST = 1e-12
"""What a squared distance by products may lose, as a part of the squared lengths of the points."""


class BandSearch:
    """A dual-tree search (Gray and Moore 2000) for edges between any groups of any of the points."""

    def __init__(self, reachability: Reachability) -> None:
        self.reachability = reachability
        self.centre: Points = reachability.points.mean(axis=0)

    def find(self, rows: Rows, groups: Rows, high: float) -> Edges:
        """Return the shortest edge of at most `high` between each two groups, where there is one.

        Args:
            rows: rows (m,) of the points that take part, at least one.
            groups: (n,) group of each point.
            high: greatest mutual reachability.
        """
        self.high, self.groups = high, groups
        self.boxes = enclose_runs(self.reachability.points[rows])
        self.rows: Rows = rows[self.boxes.rows]
        self.leaf_points: Points = self.reachability.points[self.rows] - self.centre  # small numbers lose few digits
        self.leaf_squares: Points = (self.leaf_points * self.leaf_points).sum(axis=2)
        self.grouped = GroupedBoxes(self.boxes, groups[rows])
        self.shortest: list[Edges] = [Edges.none()]
        self._visit(0, np.zeros((1, 2), dtype=np.intp))
        return Edges.concatenate(self.shortest).keep_shortest(groups)

    def _visit(self, level: int, pairs: Rows) -> None:
        for start in range(0, len(pairs), PAIRS):
            candidates = self.grouped.select_candidates(level, pairs[start : start + PAIRS], self.high)
            if level == self.boxes.last_level:
                self._compare(candidates)
            elif len(candidates):
                self._visit(level + 1, pair_halves(candidates))

    def _compare(self, pairs: Rows) -> None:
        """Compare all points of each pair of boxes."""
        for start in range(0, len(pairs), LEAF_PAIRS):
            first_box, second_box = pairs[start : start + LEAF_PAIRS].T
            leaf_groups = self.grouped.leaf_groups
            apart: Mask = leaf_groups[first_box][:, :, None] != leaf_groups[second_box][:, None]
            pair, row, partner = np.nonzero(apart & self._may_be_near(first_box, second_box))
            rows = self.rows[first_box[pair], row], self.rows[second_box[pair], partner]
            edges = self.reachability.weigh(np.stack(rows, axis=1))
            near = np.flatnonzero(edges.weights <= self.high)
            self.shortest.append(edges.take(near).keep_shortest(self.groups))

    def _may_be_near(self, first_box: Rows, second_box: Rows) -> Mask:
        """Return of which points (p, m, m) of each pair of boxes the distance may be at most `high`.

        Squared distances are computed by products, which is several times as fast and loses digits: never as many as
        are allowed for.
        """
        first_squares, second_squares = self.leaf_squares[first_box], self.leaf_squares[second_box]
        squares = self.leaf_points[first_box] @ self.leaf_points[second_box].transpose(0, 2, 1)
        squares *= -2
        squares += first_squares[:, :, None]
        squares += second_squares[:, None]
        largest = first_squares.max(axis=1) + second_squares.max(axis=1)
        limit = (self.high * self.high + LOST * largest)[:, None, None]
        near: Mask = squares <= limit
        return near
