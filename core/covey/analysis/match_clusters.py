"""Which clusters stay themselves when clusters change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Labels
from covey.data.tables import NOISE


@attrs.frozen(eq=False)
class Match:
    """New clusters under the ids of the old ones that they continue.

    `labels` (n,) int32 are the new labels, the same groups under other numbers. `splits` says of an old id which ids
    have more than half of their images from it, where there are several; `merges` of an id which old ones gave more
    than half of their images to it, where there are several. Images that are noise before or after do not count.
    """

    labels: Labels
    splits: Mapping[int, tuple[int, ...]]
    merges: Mapping[int, tuple[int, ...]]


def match_clusters(old: Labels, new: Labels) -> Match:
    """Give new clusters the ids of the old ones with which they share most images.

    One to one, so that the most images keep their id (the assignment problem: Kuhn 1955). A new cluster that is left
    over gets a number that no old one has. Membership never changes, and noise stays noise.

    Args:
        old: (n,) whole numbers, -1 for noise: ids from before, in any order and with gaps.
        new: (n,) whole numbers, -1 for noise, of the same images in the same order.

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
    return Match(labels, _several(before, ids, shared), _several(ids, before, shared.T))


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


def _several(wholes: NDArray[np.integer], parts: NDArray[np.integer], shared: Any) -> dict[int, tuple[int, ...]]:
    """Return the wholes that hold more than half of several parts, each with those."""
    sizes = np.asarray(shared.sum(axis=0)).ravel()
    mostly = 2 * shared.data > sizes[shared.col]
    parts_by_whole: dict[int, list[int]] = {}
    for whole, part in zip(wholes[shared.row[mostly]].tolist(), parts[shared.col[mostly]].tolist(), strict=True):
        parts_by_whole.setdefault(whole, []).append(part)
    return {whole: tuple(sorted(held)) for whole, held in sorted(parts_by_whole.items()) if len(held) > 1}
