"""The clusterer `dbscan`: density-based clustering with one radius."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, CoveyError, component, hookimpl, option


@component
class Dbscan(Clusterer):
    """Groups that are dense everywhere; the rest is noise (DBSCAN: Ester, Kriegel, Sander and Xu 1996)."""

    name = "dbscan"
    requires = {"sklearn": "scikit-learn"}

    eps: float = option(
        default=0.5,
        gt=0,
        step=0.01,
        live=True,
        help="Radius of a neighbourhood, in units of the standardised dimensions. Raising it joins groups and leaves"
        " less noise.",
    )
    min_samples: int = option(
        default=10,
        ge=1,
        help="Images within the radius, itself included, that make a place dense. Raising it calls more images noise.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, -1 for noise.

        The dense points fall into groups in one way only; a point at the border of several goes to the first.

        Raises:
            CoveyError: Z has values that are no finite numbers.
        """
        if not np.isfinite(Z).all():
            raise CoveyError(f"{self.name}: the data hold values that are no finite numbers: reduce them again.")
        if len(Z) < self.min_samples:
            return np.full(len(Z), -1, dtype=np.int32)
        from sklearn.cluster import DBSCAN

        found = DBSCAN(eps=self.eps, min_samples=self.min_samples).fit_predict(Z.astype(np.float64))
        labels: NDArray[np.int32] = found.astype(np.int32)
        return labels


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer DBSCAN."""
    yield Dbscan
