"""The clusterer `hdbscan`: density-based clustering over all radii."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, CoveyError, component, hookimpl, option


@component
class Hdbscan(Clusterer):
    """Groups that stay dense over a range of radii (HDBSCAN*: Campello, Moulavi and Sander 2013)."""

    name = "hdbscan"
    requires = {"hdbscan": "covey[hdbscan]"}

    min_cluster_size: int = option(
        default=15,
        ge=2,
        help="The fewest images that make a group. Raising it joins or drops small groups.",
    )
    min_samples: int | None = option(
        default=5,
        ge=1,
        help="Neighbours that make a place dense; none takes the smallest group's size. Raising it calls more images"
        " noise.",
    )
    method: str = option(
        default="eom",
        choices=("eom", "leaf"),
        help="Which groups of the tree to take: eom the most stable ones, leaf the smallest ones, which are more and"
        " finer.",
    )
    epsilon: float = option(
        default=0.0,
        ge=0,
        step=0.01,
        expert=True,
        help="Groups nearer than this are not split (Malzer and Baum 2020). Raising it joins more small groups.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, -1 for noise. One group alone is never found.

        Raises:
            CoveyError: Z has values that are no finite numbers.
        """
        if not np.isfinite(Z).all():
            raise CoveyError(f"{self.name}: the data hold values that are no finite numbers: reduce them again.")
        if len(Z) < max(self.min_cluster_size, self.min_samples or 0):
            return np.full(len(Z), -1, dtype=np.int32)
        labels: NDArray[np.int32] = self._fitted(Z.astype(np.float64)).astype(np.int32)
        return labels

    def _fitted(self, Z: NDArray[np.float64]) -> NDArray[np.int64]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from hdbscan import HDBSCAN

            found: NDArray[np.int64] = HDBSCAN(
                min_cluster_size=self.min_cluster_size,
                min_samples=self.min_samples,
                cluster_selection_method=self.method,
                cluster_selection_epsilon=self.epsilon,
                approx_min_span_tree=False,
                core_dist_n_jobs=1,
            ).fit_predict(Z)
        return found


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer HDBSCAN."""
    yield Hdbscan
