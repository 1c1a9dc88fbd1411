"""The nearest points of each point; `covey.analysis.density` defines the terms."""

from __future__ import annotations

import attrs
import numpy as np

from covey.analysis.density.boxes import Mask, Points, Rows
from covey.components.contracts import Labels
from covey.data.tables import NOISE

LEAF = 32
"""Points in a leaf of the tree that looks for neighbours."""
BLOCK = 1 << 16
"""Points whose neighbours are looked up together, which bounds the memory needed."""
DIGITS = 3
"""Significant digits of a radius."""


@attrs.frozen(eq=False)
class Neighbours:
    """The nearest points of each point, itself included, in the order of distance, then of rows.

    `rows` (n, m) and `distances` (n, m) float64 have row n at distance infinity for each neighbour that is missing.
    `core` (n,) float64 are the core distances, infinite for points with fewer neighbours.
    """

    rows: Rows
    distances: Points
    core: Points

    @classmethod
    def of(cls, points: Points, count: int, radius: float = np.inf, more: int = 0) -> Neighbours:
        """Find the nearest neighbours of each point (n, k) within the radius.

        Args:
            points: (n, k), finite.
            count: how many neighbours, the point itself included, its core distance reaches.
            radius: distance beyond which neighbours count as missing.
            more: how many neighbours beyond these to list.
        """
        from scipy.spatial import KDTree

        tree = KDTree(points, LEAF, balanced_tree=False)
        ranks = np.arange(1, max(1, min(count + more, len(points))) + 1)
        lengths = np.empty((len(points), len(ranks)))
        rows = np.empty((len(points), len(ranks)), dtype=np.intp)
        for start in range(0, len(points), BLOCK):
            block = slice(start, start + BLOCK)
            lengths[block], rows[block] = tree.query(
                points[block], ranks, distance_upper_bound=np.nextafter(radius, np.inf), workers=-1
            )
        core: Points = lengths[:, count - 1].copy() if len(points) >= count else np.full(len(points), np.inf)
        return cls(rows, lengths, core)

    def restore(self, order: Rows, count: int) -> Neighbours:
        """Return the first `count` neighbours of each point, where point i (n,) stood in row `order[i]`."""
        rows = np.empty((len(order), min(count, self.rows.shape[1])), dtype=np.intp)
        distances, core = np.empty(rows.shape), np.empty(len(order))
        rows[order] = np.append(order, len(order))[self.rows[:, :count]]
        distances[order] = self.distances[:, :count]
        core[order] = self.core
        _order_ties_by_row(distances, rows)
        return Neighbours(rows, distances, core)

    def among(self, chosen: Mask) -> Rows:
        """Return the neighbours of the chosen points as positions among the chosen, -1 for the other points."""
        positions = np.full(len(chosen) + 1, -1, dtype=np.intp)
        positions[:-1][chosen] = np.arange(np.count_nonzero(chosen))
        return positions[self.rows[chosen]]

    def labels(self, dense: Mask, groups: Rows, eps: float) -> Labels:
        """Return the labels (n,) int32 from the groups of the dense points, giving each border point its cluster."""
        labels = np.full(len(dense), NOISE, dtype=np.int32)
        labels[dense] = number_groups(groups)
        sparse = np.flatnonzero(~dense)
        dense_or_missing: Mask = np.append(dense, False)
        reached = dense_or_missing[self.rows[sparse]] & (self.distances[sparse] <= eps)
        border: Mask = np.asarray(reached.any(axis=1))
        first_dense: Rows = reached[border].argmax(axis=1)
        nearest = self.rows[sparse[border], first_dense]
        labels[sparse[border]] = labels[nearest]
        return labels


def order_by_place(points: Points) -> Rows:
    """Return the rows (n,) of points (n, k) such that points near each other are so in memory too."""
    from scipy.spatial import KDTree

    order: Rows = KDTree(points, LEAF, balanced_tree=False).indices
    return order


def _order_ties_by_row(lengths: Points, rows: Rows) -> None:
    """Put neighbours of a point that are equally far in the order of their rows, in place."""
    tied: Rows = np.flatnonzero((lengths[:, 1:] == lengths[:, :-1]).any(axis=1))
    order: Rows = np.lexsort((rows[tied], lengths[tied]), axis=1)
    rows[tied] = np.take_along_axis(rows[tied], order, axis=1)


def number_groups(groups: Rows) -> Labels:
    """Return groups with numbers 0, 1, ... in the order in which they first appear."""
    first_row_of = np.full(int(groups.max(initial=-1)) + 1, len(groups), dtype=np.intp)
    first_row_of[groups[::-1]] = np.arange(len(groups))[::-1]
    used_groups = np.flatnonzero(first_row_of < len(groups))
    cluster_of_group = np.empty(len(first_row_of), dtype=np.int32)
    cluster_of_group[used_groups[np.argsort(first_row_of[used_groups])]] = np.arange(len(used_groups))
    return cluster_of_group[groups]


def round_up(radius: float) -> float:
    """Return a radius with `DIGITS` digits, rounded up so that it reaches at least as far."""
    unit = 10.0 ** (np.floor(np.log10(radius)) - DIGITS + 1)
    return float(f"{np.ceil(radius / unit) * unit:.{DIGITS}g}")
