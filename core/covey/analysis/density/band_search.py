"""Search for the shortest edges between groups of points, up to a given weight."""

from __future__ import annotations

import numpy as np

from covey.analysis.density.boxes import NOBODY, GroupedBoxes, Mask, Points, Rows, halve, pair_halves
from covey.analysis.density.reachability import Edges, Reachability

PAIRS = 1 << 16
"""Pairs of boxes looked at together, which bounds the memory needed."""
LEAF_PAIRS = 1 << 10
"""Pairs of the smallest boxes whose points are compared together."""


class BandSearch:
    """A dual-tree search (Gray and Moore 2000) over boxes that are made once, for any groups and any weight."""

    def __init__(self, reachability: Reachability) -> None:
        self.boxes = halve(reachability.points)
        self.leaf_points = reachability.points[self.boxes.rows]
        self.leaf_core = reachability.core[self.boxes.rows]

    def find(self, groups: Rows, high: float) -> Edges:
        """Return the shortest edge of at most `high` between each two groups, where there is one.

        Args:
            groups: (n,) group of each point, or NOBODY.
            high: greatest mutual reachability.
        """
        self.high, self.groups = high, groups
        self.grouped = GroupedBoxes(self.boxes, groups)
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
            weights = self._weigh(first_box, second_box)
            leaf_groups = self.grouped.leaf_groups
            first_groups, second_groups = leaf_groups[first_box][:, :, None], leaf_groups[second_box][:, None]
            apart: Mask = (first_groups != second_groups) & (first_groups != NOBODY) & (second_groups != NOBODY)
            pair, row, partner = np.nonzero(apart & (weights <= self.high))
            rows = self.boxes.rows[first_box[pair], row], self.boxes.rows[second_box[pair], partner]
            edges = Edges(np.stack(rows, axis=1), weights[pair, row, partner])
            self.shortest.append(edges.keep_shortest(self.groups))

    def _weigh(self, first_box: Rows, second_box: Rows) -> Points:
        """Return the mutual reachabilities (p, m, m) of the points of each pair of boxes."""
        first_points, second_points = self.leaf_points[first_box], self.leaf_points[second_box]
        squares = np.zeros((len(first_box), first_points.shape[1], second_points.shape[1]))
        for column in range(first_points.shape[2]):  # several times as fast as a sum over the last axis
            differences = first_points[:, :, None, column] - second_points[:, None, :, column]
            squares += differences * differences
        cores = np.maximum(self.leaf_core[first_box][:, :, None], self.leaf_core[second_box][:, None])
        weights: Points = np.maximum(np.sqrt(squares), cores)
        return weights
