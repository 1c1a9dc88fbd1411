"""A balanced tree of boxes around points, for searches that compare pairs of boxes before pairs of points."""

from __future__ import annotations

from typing import TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]
Number = TypeVar("Number", np.float64, np.intp)
SLACK = 1 + 1e-9
"""Factor by which a distance is enlarged for boxes, so that rounding leaves out no pair of points."""
LEAF = 8
"""Points in the smallest box, at least half of them."""


@attrs.frozen
class Boxes:
    """A balanced tree of boxes: box b of a level holds the boxes 2b and 2b + 1 of the next.

    `low` and `high` have one array (2**level, k) for each level, `rows` (boxes of the last level, m) the points' rows;
    the last of a box may stand there twice.
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
        first_box, second_box = np.ascontiguousarray(pairs.T)
        squares = np.zeros(len(pairs))
        for low, high in zip(self.low[level].T, self.high[level].T, strict=True):  # twice as fast as whole rows
            gaps = np.maximum(low[first_box] - high[second_box], low[second_box] - high[first_box])
            np.maximum(gaps, 0, out=gaps)
            squares += gaps * gaps
        return np.sqrt(squares)


class GroupedBoxes:
    """The boxes of points in groups, with the groups (boxes of the last level, m) of the points."""

    def __init__(self, boxes: Boxes, groups: Rows) -> None:
        """Find the lowest and the highest group in each box of each level.

        Args:
            boxes: the boxes of n points.
            groups: (n,) group of each point.
        """
        self.boxes = boxes
        self.leaf_groups = groups[boxes.rows]
        self._lowest = _reduce_levels(np.minimum, self.leaf_groups)
        self._highest = _reduce_levels(np.maximum, self.leaf_groups)

    def select_candidates(self, level: int, pairs: Rows, distance: float) -> Rows:
        """Return the pairs (p, 2) of boxes of one level that hold different groups and lie at most a distance apart."""
        lowest, highest = self._lowest[level], self._highest[level]
        first_box, second_box = pairs[:, 0], pairs[:, 1]
        differs: Mask = np.minimum(lowest[first_box], lowest[second_box]) != np.maximum(
            highest[first_box], highest[second_box]
        )
        pairs = pairs[differs]
        return pairs[self.boxes.gaps(level, pairs) <= distance * SLACK]


def _reduce_levels(function: np.ufunc, leaves: NDArray[Number]) -> list[NDArray[Number]]:
    """Return for each level what the function makes of each box, (2**level, ...), from the leaves (boxes, m, ...)."""
    levels: list[NDArray[Number]] = [function.reduce(leaves, axis=1)]
    while len(levels[0]) > 1:
        levels.insert(0, function.reduce(levels[0].reshape(-1, 2, *levels[0].shape[1:]), axis=1))
    return [np.asfortranarray(level) for level in levels]


def measure_gaps(low: Points, high: Points, other_low: Points, other_high: Points) -> Points:
    """Return the distances (p,) between boxes given by their corners, (p, k) or (k,): 0 where they touch."""
    gaps: Points = np.maximum(np.maximum(low - other_high, other_low - high), 0)
    lengths: Points = np.sqrt((gaps * gaps).sum(axis=1))
    return lengths


def measure_distances(points: Points, partners: Points) -> Points:
    """Return the Euclidean distances (p,) of points (p, k) from their partners (p, k)."""
    differences = points - partners
    lengths: Points = np.sqrt((differences * differences).sum(axis=1))
    return lengths


def enclose_runs(points: Points) -> Boxes:
    """Return boxes around runs of points (n, k), at least one: small boxes for points in the order of their place."""
    depth = max(0, int(np.ceil(np.log2(len(points) / LEAF))))
    bounds = np.arange(2**depth + 1) * len(points) // 2**depth
    positions = np.arange(-(-len(points) // 2**depth))
    rows: Rows = np.minimum(bounds[:-1, None] + positions, bounds[1:, None] - 1)
    leaf_points = points[rows]
    return Boxes(_reduce_levels(np.minimum, leaf_points), _reduce_levels(np.maximum, leaf_points), rows)


def pair_halves(pairs: Rows) -> Rows:
    """Return the pairs of halves of pairs of boxes, each once."""
    first, second = 2 * pairs[:, 0], 2 * pairs[:, 1]
    across: Mask = first != second
    halves = [(first, second), (first + 1, second + 1), (first, second + 1), (first[across] + 1, second[across])]
    stacked: list[Rows] = [np.stack(pair, axis=1) for pair in halves]
    return np.concatenate(stacked)
