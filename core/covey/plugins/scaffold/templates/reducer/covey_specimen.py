"""The reducer `specimen` for covey."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from covey import Floats, Reducer, component, hookimpl, option


@component
class Specimen(Reducer):
    """Projection onto directions drawn by chance, which roughly keeps distances (Johnson and Lindenstrauss 1984)."""

    name = "specimen"

    seed: int = option(default=0, ge=0, help="Start of the random numbers. Raising it only changes the draw.")

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Return one array (n, size) float32 for each of `sizes`.

        Raises:
            CoveyError: features that are no finite numbers.
        """
        self.check_features(X)
        for size in sizes:
            directions = np.random.default_rng(self.seed).normal(size=(X.shape[1], size), scale=size**-0.5)
            yield (X @ directions).astype(np.float32)


@hookimpl
def covey_reducers() -> Iterable[type[Reducer]]:
    """Offer the reducer."""
    yield Specimen
