"""An order of rows in which the parts of a spanning tree, cut at any weight, are runs."""

from __future__ import annotations

import numpy as np

from covey.analysis.density.boxes import Rows


def order_by_merging(edges: Rows, row_count: int) -> tuple[Rows, Rows]:
    """Return an order of the rows, and for each position in it the edge that joins it to those before.

    Kruskal's algorithm: edges are taken in ascending order; when one joins two parts of the tree, the rows of the one
    part are appended to those of the other, so that each part is contiguous in the order.

    Args:
        edges: (n - 1, 2) of a spanning tree, in ascending order of their weights.
        row_count: n.

    Returns:
        Rows (n,), and positions (n,) among the edges; the first row, which nothing joins, has n - 1.
    """
    next_row, heads = _append_runs(edges, row_count)
    ranks = np.full(row_count, len(edges), dtype=np.intp)
    ranks[heads] = np.arange(len(edges))
    order = np.empty(row_count, dtype=np.intp)
    row = int(ranks.argmax()) if row_count else -1
    for position in range(row_count):
        order[position], row = row, next_row[row]
    return order, ranks[order]


def _append_runs(edges: Rows, row_count: int) -> tuple[list[int], Rows]:
    """Return the row after each, -1 for the last, and for each edge the first row of the run that it appends.

    The way to the first row of a run is shortened as it is gone; a function for it would take twice the time.
    """
    parent_row = list(range(row_count))
    last_row_of, next_row = parent_row.copy(), [-1] * row_count
    heads = np.empty(len(edges), dtype=np.intp)
    rows, partners = (np.ascontiguousarray(ends).data for ends in edges.T)  # lists would take 80 bytes an edge
    for position, (front, back) in enumerate(zip(rows, partners, strict=True)):
        while (parent := parent_row[front]) != front:
            parent_row[front] = front = parent_row[parent]
        while (parent := parent_row[back]) != back:
            parent_row[back] = back = parent_row[parent]
        next_row[last_row_of[front]] = heads[position] = back
        parent_row[back], last_row_of[front] = front, last_row_of[back]
    return next_row, heads
