"""The clusterer `specimen` for covey."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from covey import Clusterer, Floats, Labels, component, hookimpl, option


@component
class Specimen(Clusterer):
    """The widest dimensions are cut in two at their means; images on the same side of every cut make a group."""

    name = "specimen"

    cuts: int = option(default=3, ge=1, help="Dimensions to cut. Raising it makes more and smaller groups.")

    def cluster(self, Z: Floats) -> Labels:
        """Return the cluster of each row, (n,) int32: 0, 1, 2, ..., where -1 would be noise.

        Raises:
            CoveyError: Z has values that are no finite numbers.
        """
        self.check_finite(Z)
        if not len(Z):
            return np.zeros(0, dtype=np.int32)
        widest = np.argsort(-Z.var(axis=0), kind="stable")[: self.cuts]
        sides = Z[:, widest] > Z[:, widest].mean(axis=0)
        _, labels = np.unique(sides, axis=0, return_inverse=True)
        return labels.reshape(len(Z)).astype(np.int32)


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer the clusterer."""
    yield Specimen
