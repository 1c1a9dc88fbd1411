"""Which clusters stay themselves when clusters change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Labels
from covey.data.tables import NOISE


def match_clusters(old: Labels, new: Labels) -> Labels:
    """Give new clusters the ids of the old ones with which they share most images.

    One to one, so that the most images keep their id (the assignment problem: Kuhn 1955). A new cluster that is left
    over gets a number that no old one has. Membership never changes, and noise stays noise.

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
    before, old_places = np.unique(old[old != NOISE], return_inverse=True)
    after, new_places = np.unique(new[new != NOISE], return_inverse=True)
    both = (old != NOISE) & (new != NOISE)
    shared = _shared(old_places[both[old != NOISE]], new_places[both[new != NOISE]], (len(before), len(after)))
    ids = _ids(before, shared)
    labels = np.full(new.shape, NOISE, dtype=np.int32)
    labels[new != NOISE] = ids[new_places]
    return labels


def _shared(old: NDArray[np.intp], new: NDArray[np.intp], shape: tuple[int, int]) -> Any:
    """Return how many images old and new clusters share (old clusters, new clusters), sparse."""
    from scipy.sparse import coo_matrix

    shared = coo_matrix((np.ones(len(old), dtype=np.int64), (old, new)), shape)
    shared.sum_duplicates()
    return shared


def _ids(before: NDArray[np.integer], shared: Any) -> NDArray[np.int32]:
    """Return the id of each new cluster, from the images shared (old clusters, new clusters)."""
    from scipy.sparse import diags, hstack
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    old, new = shared.shape
    ids = np.full(new, NOISE, dtype=np.int32)
    if shared.nnz:
        weights = shared.astype(np.float64)
        weights.data += 1  # so that each old cluster may also stay alone, at a place of its own
        rows, columns = min_weight_full_bipartite_matching(
            hstack([weights, diags(np.ones(old))]).tocsr(), maximize=True
        )
        matched = columns < new
        ids[columns[matched]] = before[rows[matched]]
    fresh = ids == NOISE
    ids[fresh] = before.max(initial=NOISE) + 1 + np.arange(fresh.sum())
    return ids
