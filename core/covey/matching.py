"""Which clusters stay themselves when clusters change."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components import Labels
from covey.errors import CoveyError
from covey.tables import NOISE


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


def match(old: Labels, new: Labels) -> Match:
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
    pairs = old_places[both[old != NOISE]] * len(after) + new_places[both[new != NOISE]]
    shared = np.bincount(pairs, minlength=len(before) * len(after)).reshape(len(before), len(after))
    ids = _ids(before, shared)
    labels = np.full(new.shape, NOISE, dtype=np.int32)
    labels[new != NOISE] = ids[new_places]
    return Match(labels, _several(before, ids, shared), _several(ids, before, shared.T))


def _ids(before: NDArray[np.integer], shared: NDArray[np.intp]) -> NDArray[np.int32]:
    """Return the id of each new cluster, from the images shared (old clusters, new clusters)."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(shared, maximize=True)
    kept = shared[rows, columns] > 0
    ids = np.full(shared.shape[1], NOISE, dtype=np.int32)
    ids[columns[kept]] = before[rows[kept]]
    fresh = ids == NOISE
    ids[fresh] = before.max(initial=NOISE) + 1 + np.arange(fresh.sum())
    return ids


def _several(
    wholes: NDArray[np.integer], parts: NDArray[np.integer], shared: NDArray[np.intp]
) -> dict[int, tuple[int, ...]]:
    """Return the wholes that hold more than half of several parts, each with those."""
    mostly = 2 * shared > shared.sum(axis=0)
    found = {int(whole): tuple(sorted(parts[row].tolist())) for whole, row in zip(wholes, mostly, strict=True)}
    return {whole: held for whole, held in found.items() if len(held) > 1}
