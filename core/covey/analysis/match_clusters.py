"""Matching the clusters of two clusterings, so that a cluster keeps its number when options change."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Labels
from covey.data.tables import NOISE

Clusters = NDArray[np.intp]
"""Positions of clusters, from 0, or counts of images."""


def match_clusters(old: Labels, new: Labels) -> Labels:
    """Give new clusters the ids of the old ones with which they share most images.

    One to one, so that as many images as possible keep their id (the assignment problem: Kuhn 1955). A new cluster
    without a partner gets a number that no old one has. Membership never changes, and noise stays noise.

    Args:
        old: (n,) whole numbers, -1 for noise: ids from before, in any order and with gaps.
        new: (n,) whole numbers, -1 for noise, of the same images in the same order.

    Returns:
        The new labels (n,) int32: the same groups under other numbers.

    Raises:
        CoveyError: the two differ in length.
    """
    if old.shape != new.shape:
        raise CoveyError(f"Clusters of {len(old)} and of {len(new)} images cannot be matched: give the same images.")
    old_inside: NDArray[np.bool_] = old != NOISE
    new_inside: NDArray[np.bool_] = new != NOISE
    old_ids, old_clusters = np.unique(old[old_inside], return_inverse=True)
    new_ids, new_clusters = np.unique(new[new_inside], return_inverse=True)
    labels = np.full(len(new), NOISE, dtype=np.int32)
    shared = _SharedImages.count(old_clusters[new_inside[old_inside]], new_clusters[old_inside[new_inside]])
    labels[new_inside] = _match_ids(old_ids, len(new_ids), shared)[new_clusters]
    return labels


@attrs.frozen(eq=False)
class _SharedImages:
    """Pairs of an old and a new cluster that share images, (m,) each, and the number of these images, (m,)."""

    old: Clusters
    new: Clusters
    counts: Clusters

    @classmethod
    def count(cls, old: Clusters, new: Clusters) -> _SharedImages:
        """Count the images of each pair, from the old and the new cluster of each image, (n,) each."""
        columns = int(new.max(initial=0)) + 1
        pairs, counts = np.unique(old * columns + new, return_counts=True)
        return cls(pairs // columns, pairs % columns, counts)


def _match_ids(old_ids: Labels, new_count: int, shared: _SharedImages) -> Labels:
    """Return the id of each new cluster, so that as many images as possible keep theirs."""
    ids = np.full(new_count, NOISE, dtype=np.int32)
    rows, columns = _assign(shared, len(old_ids), new_count)
    ids[columns] = old_ids[rows]
    fresh = np.flatnonzero(ids == NOISE)
    ids[fresh] = int(old_ids.max(initial=NOISE)) + 1 + np.arange(len(fresh))
    return ids


def _assign(shared: _SharedImages, old_count: int, new_count: int) -> tuple[Clusters, Clusters]:
    """Return matched old and new clusters, one to one, that share the most images in sum."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    if not len(shared.counts):
        return shared.old, shared.new
    everybody = np.arange(old_count)  # each old cluster may also be matched with a column of its own, for no image
    rows = np.concatenate([shared.old, everybody]).astype(np.int32)  # SciPy 1.12 matches no others
    columns = np.concatenate([shared.new, new_count + everybody]).astype(np.int32)
    weights: NDArray[np.float64] = np.concatenate([shared.counts + 1.0, np.ones(old_count)])
    matrix = coo_array((weights, (rows, columns)), shape=(old_count, new_count + old_count)).tocsr()
    matched_rows: Clusters
    matched_columns: Clusters
    matched_rows, matched_columns = min_weight_full_bipartite_matching(matrix, maximize=True)
    is_pair = matched_columns < new_count
    return matched_rows[is_pair], matched_columns[is_pair]
