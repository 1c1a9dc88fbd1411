"""Density-based clustering from one tree: DBSCAN for every radius at once, and the tree that HDBSCAN cuts.

A point is dense at a radius eps when at least `min_samples` points, itself included, lie within eps: when its core
distance, that to the `min_samples`-th of them, is at most eps (Ester et al. 1996). The mutual reachability of two
points is the largest of their distance and their core distances; in the minimum spanning tree of it, the edges of at
most eps join the dense points of each cluster (Campello, Moulavi and Sander 2013).

All distances are Euclidean, in float64. Where a distance is within rounding of eps, either answer is right.
"""

from covey.analysis.density.reachability_tree import Neighbours, Tree, dbscan, suggest_radius

__all__ = ["Neighbours", "Tree", "dbscan", "suggest_radius"]
