"""Mutual reachability, the distance in which DBSCAN's clusters are connected; `covey.analysis.density` defines it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from covey.analysis.density.boxes import Points, Rows, measure_distances


@attrs.frozen(eq=False)
class Edges:
    """Edges (m, 2) between rows, and their weights (m,)."""

    rows: Rows
    weights: Points

    def __len__(self) -> int:
        return len(self.weights)

    @classmethod
    def none(cls) -> Edges:
        """Return no edges."""
        return cls(np.empty((0, 2), dtype=np.intp), np.empty(0))

    @classmethod
    def concatenate(cls, parts: Sequence[Edges]) -> Edges:
        """Return the edges of all parts, at least one, in their order."""
        return cls(np.concatenate([part.rows for part in parts]), np.concatenate([part.weights for part in parts]))

    def take(self, positions: Rows) -> Edges:
        """Return the edges at some positions."""
        return Edges(self.rows[positions], self.weights[positions])

    def sort(self) -> Edges:
        """Return the edges in ascending order of weight, equal ones in the order that they had."""
        return self.take(np.argsort(self.weights, kind="stable"))

    def split(self, weight: float) -> tuple[Edges, Edges]:
        """Return the edges of at most a weight, and the others; all must be in ascending order."""
        count = int(np.searchsorted(self.weights, weight, side="right"))
        return Edges(self.rows[:count], self.weights[:count]), Edges(self.rows[count:], self.weights[count:])

    def keep_shortest(self, groups: Rows) -> Edges:
        """Return the first of the shortest edges between each two groups (n,), ascending."""
        ascending = self.sort()
        ends = np.sort(groups[ascending.rows], axis=1)
        _, first = np.unique(ends[:, 0] * (int(groups.max(initial=0)) + 1) + ends[:, 1], return_index=True)
        return ascending.take(np.sort(first[ends[first, 0] != ends[first, 1]]))

    def span(self, groups: Rows) -> Edges:
        """Return the minimum spanning forest of these edges between groups (n,), ascending."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import minimum_spanning_tree

        candidates = self.keep_shortest(groups)
        ends = groups[candidates.rows].astype(np.int32)  # older releases of scipy take no others
        count = int(groups.max(initial=-1)) + 1
        ranks = np.arange(1.0, len(candidates) + 1)  # unlike weights neither zero nor equal
        tree = minimum_spanning_tree(csr_array((ranks, (ends[:, 0], ends[:, 1])), shape=(count, count)))
        return candidates.take(np.sort(tree.data.astype(np.intp)) - 1)


@attrs.frozen(eq=False)
class Reachability:
    """Points (n, k) float64 and their core distances (n,), which give the mutual reachability of any two."""

    points: Points
    core: Points

    def weigh(self, rows: Rows) -> Edges:
        """Return pairs of rows (m, 2) as edges, each with its mutual reachability."""
        first_rows, second_rows = rows[:, 0], rows[:, 1]
        lengths = measure_distances(self.points[first_rows], self.points[second_rows])
        return Edges(rows, np.maximum(lengths, np.maximum(self.core[first_rows], self.core[second_rows])))

    def among(self, chosen: Rows) -> Reachability:
        """Return the same of some points only."""
        return Reachability(self.points[chosen], self.core[chosen])
