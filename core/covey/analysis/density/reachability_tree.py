"""DBSCAN at one radius and the tree of mutual reachability; `covey.analysis.density` defines the terms."""

from __future__ import annotations

from math import ceil

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun
from covey.analysis.density.boxes import Mask, Points, Rows
from covey.analysis.density.exact_dbscan import join, merge_groups
from covey.analysis.density.hierarchy import Hierarchy
from covey.analysis.density.merge_order import order_by_merging
from covey.analysis.density.nearest_neighbours import Neighbours, order_by_place, round_up
from covey.analysis.density.radius_choice import Cut, RadiusChoice, choose_radius
from covey.analysis.density.spanning_tree import MORE, span
from covey.components.contracts import Labels

MOST = 0.85
"""Share of the points that are dense at the suggested radius where no radius tells points apart."""
FEW = 0.02
"""Share of all lengths in a tree that are shorter than the smallest radius that `Tree.radii` returns."""


def dbscan(Z: NDArray[np.floating], eps: float, min_samples: int) -> Labels:
    """Return the DBSCAN clusters of points, exact at any size.

    Args:
        Z: (n, k), finite.
        eps: radius of a neighbourhood, in units of Z.
        min_samples: points within eps, itself included, that make a point dense.

    Returns:
        (n,) int32: clusters 0, 1, ... in the order of their first dense row, -1 for noise. A border point goes to its
        nearest dense point, of several equally near ones to that of the lowest row.
    """
    points = np.asarray(Z, dtype=np.float64)
    order = order_by_place(points)
    points = points[order]
    neighbours = Neighbours.of(points, min_samples, eps)
    dense: Mask = neighbours.core <= eps
    groups: Rows = np.empty(len(points), dtype=np.intp)
    groups[order[dense]] = _join_dense(points[dense], neighbours.among(dense), eps)
    neighbours = neighbours.restore(order, min_samples)
    dense = neighbours.core <= eps
    return neighbours.labels(dense, groups[dense], eps)


def _join_dense(points: Points, neighbours: Rows, eps: float) -> Rows:
    """Return the groups of dense points from the nearest neighbours of each within eps, -1 for none."""
    row, column = np.nonzero(neighbours >= 0)
    groups = merge_groups(np.arange(len(points)), row, neighbours[row, column])
    return join(points, groups, eps)


@attrs.frozen(eq=False)
class Tree:
    """The minimum spanning tree of mutual reachability, in a form that can be cut at any radius.

    `edges` (n - 1, 2) are pairs of rows, `weights` (n - 1,) float64 their mutual reachabilities, ascending. `order`
    (n,) lists the rows such that each cluster of dense points is one run at every radius; `ranks` (n,) has, for each
    position in the order, the edge by which it belongs to the run before it (the first, which none joins: n - 1).
    """

    neighbours: Neighbours
    edges: Rows
    weights: Points
    order: Rows
    ranks: Rows

    @classmethod
    def grow(cls, Z: NDArray[np.floating], min_samples: int, progress: Progress = SILENT) -> Tree:
        """Grow the tree of points.

        Args:
            Z: (n, k), finite.
            min_samples: number of points, the point itself included, within its core distance.
            progress: reports the two parts of the work, neighbours and tree.
        """
        points = np.asarray(Z, dtype=np.float64)
        with progress.step(f"Preparing {count_noun(len(points), 'point')}", 2, "part") as step:
            step.say("neighbours")
            order = order_by_place(points)
            points = points[order]
            neighbours = step.tick(Neighbours.of(points, min_samples, more=ceil(MORE * min_samples)))
            step.say("tree")
            tree = step.tick(span(points, neighbours))
        by_merging, ranks = order_by_merging(tree.rows, len(points))
        return cls(neighbours.restore(order, min_samples), order[tree.rows], tree.weights, order[by_merging], ranks)

    def labels(self, eps: float) -> Labels:
        """Return the labels that `dbscan` gives for this radius: (n,) int32, -1 for noise."""
        dense: Mask = self.neighbours.core <= eps
        run_of_row = np.empty(len(dense), dtype=np.intp)
        run_of_row[self.order] = np.cumsum(self.ranks >= np.searchsorted(self.weights, eps, side="right")) - 1
        return self.neighbours.labels(dense, run_of_row[dense], eps)

    def hierarchy(self) -> Hierarchy:
        """Return what gives the groups of HDBSCAN."""
        return Hierarchy.of(self.order, self.ranks, self.weights)

    def radii(self, count: int = 100) -> list[float]:
        """Return up to `count` radii, evenly spaced by ratio: from where few points are dense to where all are joined.

        Each has `DIGITS` digits, for people to read and write. Empty for fewer than `min_samples` points, and for
        points that are all equal.
        """
        scales: Points = np.append(self.weights, self.neighbours.core)
        scales = np.sort(scales[np.isfinite(scales) & (scales > 0)])
        if len(scales) == 0:
            return []
        low, high = float(np.quantile(scales, FEW)), float(scales[-1])
        radii: list[float] = np.geomspace(low, high, count).tolist()
        return list(dict.fromkeys(map(round_up, radii)))

    def choose_radius(self) -> RadiusChoice | None:
        """Return the radius that these points suggest, one of `radii`.

        Where no radius tells points apart it is the one at which most of them are dense; None without any radius.
        """
        radii = self.radii()
        choice = choose_radius([Cut.of(radius, self.labels(radius)) for radius in radii])
        if choice or not radii:
            return choice
        dense_radius = float(np.quantile(self.neighbours.core, MOST, method="higher"))
        radius = next(radius for radius in radii if radius >= dense_radius)
        return RadiusChoice(chosen=Cut.of(radius, self.labels(radius)), equals=[])
