"""Matching the clusters of two clusterings, so that a cluster keeps its number when options change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Labels
from covey.data.tables import NOISE

if TYPE_CHECKING:
    from scipy.sparse import coo_matrix


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
    pairs = np.stack([old_clusters[new_inside[old_inside]], new_clusters[old_inside[new_inside]]])
    labels = np.full(len(new), NOISE, dtype=np.int32)
    labels[new_inside] = _match_ids(old_ids, _count_pairs(pairs, (len(old_ids), len(new_ids))))[new_clusters]
    return labels


def _count_pairs(pairs: NDArray[np.intp], shape: tuple[int, int]) -> coo_matrix:
    """Return how many images each old and each new cluster share (old clusters, new clusters), sparse.

    Args:
        pairs: the old and the new cluster of each image that is in both, (2, m).
        shape: the number of old and of new clusters.
    """
    from scipy.sparse import coo_matrix

    shared = coo_matrix((np.ones(len(pairs[0]), dtype=np.int64), (pairs[0], pairs[1])), shape)
    shared.sum_duplicates()
    return shared


def _match_ids(old_ids: Labels, shared: coo_matrix) -> Labels:
    """Return the id of each new cluster, from the images shared (old clusters, new clusters)."""
    from scipy.sparse import diags, hstack
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    count: int = shared.shape[1]
    ids = np.full(count, NOISE, dtype=np.int32)
    if shared.nnz:
        weights = shared.astype(np.float64)
        weights.data += 1  # so that an old cluster may also be matched with the column of its own that is added
        rows: NDArray[np.intp]
        columns: NDArray[np.intp]
        rows, columns = min_weight_full_bipartite_matching(
            hstack([weights, diags(np.ones(len(old_ids)))]).tocsr(), maximize=True
        )
        matched = columns < count
        ids[columns[matched]] = old_ids[rows[matched]]
    fresh = np.flatnonzero(ids == NOISE)
    ids[fresh] = int(old_ids.max(initial=NOISE)) + 1 + np.arange(len(fresh))
    return ids
