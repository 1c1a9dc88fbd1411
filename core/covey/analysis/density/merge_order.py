"""An order of rows in which the parts of a spanning tree, cut at any weight, are runs."""

from __future__ import annotations

import numpy as np

from covey.analysis.density.boxes import Points, Rows


def order_by_merging(edges: Rows, weights: Points, row_count: int) -> tuple[Rows, Points]:
    """Return an order of the rows, and for each position in it the weight of the edge that joins it to those before.

    Kruskal's algorithm: edges are taken in ascending order; when one joins two parts of the tree, the rows of the one
    part are appended to those of the other, so that each part is contiguous in the order.
    """
    parent_row, last_row_of = list(range(row_count)), list(range(row_count))
    next_row, joining_weights = [-1] * row_count, [np.inf] * row_count
    row_pairs: list[list[int]] = edges.tolist()
    weight_list: list[float] = weights.tolist()
    for (row, partner), weight in zip(row_pairs, weight_list, strict=True):
        front_head, back_head = _head(parent_row, row), _head(parent_row, partner)
        next_row[last_row_of[front_head]], joining_weights[back_head] = back_head, weight
        parent_row[back_head], last_row_of[front_head] = front_head, last_row_of[back_head]
    order = np.empty(row_count, dtype=np.intp)
    row = _head(parent_row, 0) if row_count else -1
    for position in range(row_count):
        order[position], row = row, next_row[row]
    return order, np.array(joining_weights, dtype=np.float64)[order]


def _head(parent_row: list[int], row: int) -> int:
    """Return the first row of the run that a row is in, shortening the way there."""
    while parent_row[row] != row:
        parent_row[row] = row = parent_row[parent_row[row]]
    return row
