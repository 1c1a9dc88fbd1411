"""A balanced tree of boxes around points, for searches that compare pairs of boxes before pairs of points."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
LEAF = 8
"""Points in the smallest box, at least half of them."""


@attrs.frozen
class Boxes:
    """A balanced tree of boxes: box b of a level holds the boxes 2b and 2b + 1 of the next.

    `low` and `high` have one array (2**level, k) for each level, `rows` (boxes of the last level, m) the points' rows;
    the last point may stand there more than once.
    """

    low: list[Points]
    high: list[Points]
    rows: Rows

    @property
    def last_level(self) -> int:
        """The level of the smallest boxes."""
        return len(self.low) - 1

    def gaps(self, level: int, pairs: Rows) -> Points:
        """Return the distances between boxes of one level, given as pairs (p, 2): at most those of their points."""
        low, high = self.low[level], self.high[level]
        first_box, second_box = pairs[:, 0], pairs[:, 1]
        gaps: Points = np.maximum(np.maximum(low[first_box] - high[second_box], low[second_box] - high[first_box]), 0)
        lengths: Points = np.sqrt((gaps * gaps).sum(axis=1))
        return lengths


def halve(points: Points) -> Boxes:
    """Halve the points (n, k), at least one, along the widest side of their box, again and again."""
    depth = max(0, int(np.ceil(np.log2(len(points) / LEAF))))
    rows_per_box = -(-len(points) // 2**depth)
    rows: Rows = np.minimum(np.arange(rows_per_box * 2**depth), len(points) - 1).reshape(1, -1)
    lows: list[Points] = []
    highs: list[Points] = []
    for level in range(depth + 1):
        points_in_box = points[rows]
        lows.append(points_in_box.min(axis=1))
        highs.append(points_in_box.max(axis=1))
        if level < depth:
            widest_axis: Rows = (highs[-1] - lows[-1]).argmax(axis=1)
            coordinates = np.take_along_axis(points_in_box, widest_axis[:, None, None], axis=2)[:, :, 0]
            sides = np.argpartition(coordinates, rows.shape[1] // 2, axis=1)
            rows = np.take_along_axis(rows, sides, axis=1).reshape(2 * len(rows), -1)
    return Boxes(lows, highs, rows)


def pair_halves(pairs: Rows) -> Rows:
    """Return the pairs of halves of pairs of boxes, each once."""
    first, second = 2 * pairs[:, 0], 2 * pairs[:, 1]
    across: Mask = first != second
    halves = [(first, second), (first + 1, second + 1), (first, second + 1), (first[across] + 1, second[across])]
    stacked: list[Rows] = [np.stack(pair, axis=1) for pair in halves]
    return np.concatenate(stacked)
