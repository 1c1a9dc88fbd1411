"""Density-based clustering: DBSCAN for one radius, and a tree that gives DBSCAN for every radius and HDBSCAN.

A point is dense at a radius eps when at least `min_samples` points, itself included, lie within eps: when its core
distance, that to the `min_samples`-th of them, is at most eps (Ester et al. 1996). The mutual reachability of two
points is the largest of their distance and their core distances; in the minimum spanning tree of it, the edges of at
most eps join the dense points of each cluster (Campello, Moulavi and Sander 2013).

There are two exact ways to the same labels, because one is fast once and the other is fast again and again:

- `dbscan` clusters at one radius. It grows no tree: covey uses it where the radius is given.
- `Tree.grow` prepares the points once; then `Tree.labels` answers for any radius in
  milliseconds: covey uses it to try many radii, for a suggestion, in profiles and behind the slider of the dashboard,
  and for HDBSCAN, whose groups `Tree.hierarchy` gives.

`tests/core/test_density.py` checks that both give the same labels; `tests/benchmarks/density.py` measures both.

All distances are Euclidean, in float64. Where a distance is within rounding of eps, either answer is right.
"""

from covey.analysis.density.hierarchy import Hierarchy
from covey.analysis.density.nearest_neighbours import Neighbours
from covey.analysis.density.radius_choice import RadiusChoice
from covey.analysis.density.reachability_tree import Tree, dbscan

__all__ = ["Hierarchy", "Neighbours", "RadiusChoice", "Tree", "dbscan"]
