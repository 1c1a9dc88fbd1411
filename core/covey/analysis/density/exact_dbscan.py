"""Groups of points that lie near each other, computed exactly and without comparing all pairs."""

from __future__ import annotations

import numpy as np

from covey.analysis.density.boxes import (
    LEAF,
    Boxes,
    GroupedBoxes,
    Mask,
    Points,
    Rows,
    enclose_runs,
    measure_distances,
    pair_halves,
)

NUMBERS = 1 << 22
"""Differences of coordinates computed at a time, which bounds the memory needed."""


def join(points: Points, groups: Rows, radius: float) -> Rows:
    """Return the groups that remain when groups with points at most `radius` apart become one.

    Boxes around ever shorter runs of points are compared in pairs from the largest down. A pair of boxes is skipped
    if it holds points of one group only or is further apart than the radius (dual-tree search: Gray and Moore 2000).

    Args:
        points: (n, k) float64, finite; fast where points near each other follow each other.
        groups: (n,) whole numbers from 0, each number used.
        radius: the distance, in units of the points.

    Returns:
        (n,) whole numbers from 0, each number used.
    """
    if len(points) == 0 or int(groups.max()) == 0:
        return groups
    search = _Search(points, enclose_runs(points), groups, radius)
    search.visit(0, np.zeros((1, 2), dtype=np.intp))
    return search.groups


def merge_groups(groups: Rows, rows: Rows, partners: Rows) -> Rows:
    """Return the groups after the group of each row has been merged with that of its partner.

    Args:
        groups: (n,) whole numbers from 0.
        rows: rows to merge, (m,).
        partners: the partner of each, (m,).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if len(rows) == 0:
        return groups
    group_count = int(groups.max()) + 1
    links = coo_array(
        (np.ones(len(rows), dtype=bool), (groups[rows], groups[partners])), shape=(group_count, group_count)
    )
    components: Rows = connected_components(links, directed=False)[1].astype(np.intp)
    return components[groups]


class _Search:
    """A dual-tree search: `groups` holds the groups as far as they have been joined."""

    def __init__(self, points: Points, boxes: Boxes, groups: Rows, radius: float) -> None:
        self.points = points
        self.columns: list[Points] = list(np.ascontiguousarray(points.T))
        self.boxes = boxes
        self.radius = radius
        self.chunk = max(1, NUMBERS // (LEAF * LEAF * len(self.columns)))
        self._set_groups(groups)

    def visit(self, level: int, pairs: Rows) -> None:
        """Join the groups that lie near in pairs (p, 2) of boxes of one level."""
        for start in range(0, len(pairs), self.chunk):
            candidates = self.grouped.select_candidates(level, pairs[start : start + self.chunk], self.radius)
            if level == self.boxes.last_level:
                self._compare(candidates)
            else:
                self._compare_first(level, candidates)
                self.visit(level + 1, pair_halves(candidates))

    def _set_groups(self, groups: Rows) -> None:
        self.groups = groups
        self.grouped = GroupedBoxes(self.boxes, groups)

    def _compare_first(self, level: int, pairs: Rows) -> None:
        """Compare one point of each box: joining groups that overlap early saves most of the work."""
        first_row_of_box = self.boxes.rows.reshape(len(self.boxes.low[level]), -1)[:, 0]
        rows, partners = first_row_of_box[pairs[:, 0]], first_row_of_box[pairs[:, 1]]
        within_radius = measure_distances(self.points[rows], self.points[partners]) <= self.radius
        self._join(rows[within_radius], partners[within_radius])

    def _compare(self, pairs: Rows) -> None:
        """Compare all points of each pair of boxes."""
        rows, partners = self.boxes.rows[pairs[:, 0]], self.boxes.rows[pairs[:, 1]]
        rows_per_box: int = self.boxes.rows.shape[1]
        squared_distances: Points = np.zeros((len(pairs), rows_per_box, rows_per_box))
        for column in self.columns:  # several times as fast as a sum over the last axis
            differences = column[rows][:, :, None] - column[partners][:, None]
            squared_distances += differences * differences
        lengths: Points = np.sqrt(squared_distances)
        pair, row, partner = np.nonzero(lengths <= self.radius)
        self._join(rows[pair, row], partners[pair, partner])

    def _join(self, rows: Rows, partners: Rows) -> None:
        differs: Mask = self.groups[rows] != self.groups[partners]
        if differs.any():
            self._set_groups(merge_groups(self.groups, rows[differs], partners[differs]))
