"""Groups that stay dense over a range of radii: HDBSCAN* (Campello, Moulavi and Sander 2013) from the order of a tree.

As the radius shrinks, runs of rows in the order part in two. Where both parts have enough rows they are groups of their
own, otherwise the rows of the smaller part only leave the group. Density is one over the radius, and a group is as
stable as the sum, over its rows, of the range of density for which they are in it.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np

from covey.analysis.density.boxes import Points, Rows
from covey.analysis.density.nearest_neighbours import number_groups
from covey.components.contracts import Labels
from covey.data.tables import NOISE

LEAST_RADIUS = 1e-300
"""Radius in place of 0, whose density would be infinite."""


@attrs.frozen(eq=False)
class Hierarchy:
    """Where the runs of an order (n,) of rows part.

    At the radius `radii[i]`, position i begins a part of its own: positions `starts[i]` to i are parted from those from
    i to `ends[i]`. At position 0 nothing parts.
    """

    order: Rows
    starts: Rows
    ends: Rows
    radii: Points

    @classmethod
    def of(cls, order: Rows, ranks: Rows, weights: Points) -> Hierarchy:
        """Find where runs part.

        Args:
            order: (n,) the rows.
            ranks: (n,) for each position, the edge that joins it to those before; the first has the highest rank.
            weights: (n - 1,) weights of the edges, ascending.
        """
        starts, ends = _find_runs(ranks)
        return cls(order, starts, ends, np.append(weights, np.inf)[ranks])

    def labels(self, least: int, method: str, epsilon: float) -> Labels:
        """Return the group of each row (n,) int32, numbered in the order of their first rows, -1 for noise.

        Args:
            least: the fewest rows of a group, at least 2.
            method: "eom" takes the most stable groups, "leaf" those that part no further.
            epsilon: groups that part at smaller radii stay together (Malzer and Baum 2020).
        """
        groups = _Groups.of(self, least)
        chosen = groups.choose_stable() if method == "eom" else groups.choose_leaves()
        group_of_position = groups.number(groups.widen(group, epsilon) for group in chosen)[
            groups.assign(len(self.order))
        ]
        row_groups = np.empty_like(self.order)
        row_groups[self.order] = group_of_position
        labels = np.full(len(row_groups), NOISE, dtype=np.int32)
        is_grouped = row_groups != NOISE
        labels[is_grouped] = number_groups(row_groups[is_grouped])
        return labels


def _find_runs(ranks: Rows) -> tuple[Rows, Rows]:
    """Return for each position the last one before it with a higher rank, and the next one after it."""
    starts, ends = np.zeros(len(ranks), dtype=np.intp), np.full(len(ranks), len(ranks), dtype=np.intp)
    rank_list: list[int] = ranks.tolist()
    higher = [0]
    for position, rank in enumerate(rank_list[1:], 1):
        while rank_list[higher[-1]] < rank:
            ends[higher.pop()] = position
        starts[position] = higher[-1]
        higher.append(position)
    return starts, ends


@attrs.frozen(eq=False)
class _Groups:
    """All groups with enough rows, each before those in it; group 0 is all rows.

    Attributes:
        starts: (g,) first position of each.
        ends: (g,) position after the last.
        radii: (g,) at which it parts from its sibling.
        parents: the group that it is in; 0 for group 0.
        stabilities: (g,) how stable each is.
    """

    starts: Rows
    ends: Rows
    radii: Points
    parents: list[int]
    stabilities: Points

    @classmethod
    def of(cls, hierarchy: Hierarchy, least: int) -> _Groups:
        """Find the groups with at least so many rows."""
        positions = np.arange(len(hierarchy.order))
        before, after = positions - hierarchy.starts, hierarchy.ends - positions
        splits: Rows = np.flatnonzero(np.minimum(before, after) >= least)
        starts = np.concatenate([[0], hierarchy.starts[splits], splits])
        ends = np.concatenate([[len(positions)], splits, hierarchy.ends[splits]])
        radii = np.concatenate([[np.inf], hierarchy.radii[splits], hierarchy.radii[splits]])
        outermost_first = np.lexsort((-ends, starts))
        starts, ends, radii = starts[outermost_first], ends[outermost_first], radii[outermost_first]
        parents = _find_parents(starts, ends)
        leaving = _count_leaving(before, after, least)
        group_of_split = _paint(starts + 1, ends, parents, len(positions))
        ranges = _to_density(hierarchy.radii) - _to_density(radii)[group_of_split]
        stabilities: Points = np.bincount(group_of_split, leaving * ranges, len(starts)).astype(np.float64)
        return cls(starts, ends, radii, parents, stabilities)

    def assign(self, count: int) -> Rows:
        """Return the innermost group of each of `count` positions."""
        return _paint(self.starts, self.ends, self.parents, count)

    def choose_stable(self) -> list[int]:
        """Return groups more stable than those in them together; where one is in another, the outer one counts."""
        stabilities: list[float] = self.stabilities.tolist()
        inside, chosen = [0.0] * len(stabilities), []
        for group in range(len(stabilities) - 1, 0, -1):
            if stabilities[group] >= inside[group]:
                chosen.append(group)
            inside[self.parents[group]] += max(stabilities[group], inside[group])
        return chosen

    def choose_leaves(self) -> list[int]:
        """Return the groups with no other in them."""
        return sorted(set(range(1, len(self.parents))) - set(self.parents))

    def widen(self, group: int, epsilon: float) -> int:
        """Return the innermost group around one that parts from its sibling at epsilon or above, short of all rows."""
        while self.radii[group] < epsilon and self.parents[group]:
            group = self.parents[group]
        return group

    def number(self, chosen: Iterable[int]) -> Rows:
        """Return for each group the outermost chosen one that it is in, NOISE for none."""
        is_chosen = set(chosen)
        outermost = [NOISE] * len(self.parents)
        for group in range(1, len(outermost)):
            outer = outermost[self.parents[group]]
            outermost[group] = group if outer == NOISE and group in is_chosen else outer
        return np.array(outermost, dtype=np.intp)


def _find_parents(starts: Rows, ends: Rows) -> list[int]:
    """Return the innermost run around each run, 0 for the first; the outer ones come before those in them."""
    end_list: list[int] = ends.tolist()
    parents, around = [0], [0]
    for run, end in enumerate(end_list[1:], 1):
        while end_list[around[-1]] < end:
            around.pop()
        parents.append(around[-1])
        around.append(run)
    return parents


def _count_leaving(before: Rows, after: Rows, least: int) -> Rows:
    """Return how many rows leave their group where a run parts into `before` and `after` rows.

    All do where both parts or neither are a group, those of the smaller part where the other stays the group.
    """
    smaller, larger = np.minimum(before, after), np.maximum(before, after)
    leaving = np.where((smaller < least) & (larger >= least), smaller, before + after)
    return np.where(before + after >= least, leaving, 0)


def _paint(starts: Rows, ends: Rows, parents: list[int], count: int) -> Rows:
    """Return the innermost of nested runs at each of `count` positions."""
    steps = np.arange(len(parents)) - parents
    changes = np.zeros(count + 1, dtype=np.intp)
    np.add.at(changes, starts, steps)
    np.subtract.at(changes, ends, steps)
    return np.cumsum(changes[:count])


def _to_density(radii: Points) -> Points:
    density: Points = 1 / np.maximum(radii, LEAST_RADIUS)
    return density
