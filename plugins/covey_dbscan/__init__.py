"""The clusterer `dbscan`: density-based clustering with one radius."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, Prepared, component, hookimpl, option
from covey.authoring import SILENT, Progress, evolve

if TYPE_CHECKING:
    from covey.authoring import Tree


FALLBACK_EPS = 1.0
"""The radius if the data suggest none: too few images, or all equal."""


@component
class Dbscan(Clusterer):
    """Groups that are dense everywhere; the rest is noise (DBSCAN: Ester, Kriegel, Sander and Xu 1996)."""

    name = "dbscan"
    references = (
        "Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996). A density-based algorithm for discovering "
        "clusters in large spatial databases with noise. Proceedings of KDD-96, 226-231.",
    )
    requires = {"scipy": "scipy"}

    eps: float | None = option(
        default=None,
        gt=0,
        step=0.01,
        live=True,
        help="Radius of a neighbourhood, in units of the standardised dimensions; none takes the one that the data"
        " suggest. Raising it joins groups and leaves less noise.",
    )
    min_samples: int = option(
        default=10,
        ge=1,
        help="Images within the radius, itself included, that make a place dense. Raising it calls more images noise.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, -1 for noise, exact at any size.

        Raises:
            CoveyError: Z is not finite.
        """
        from covey.authoring import dbscan

        return dbscan(Z, self.resolve(Z).eps or FALLBACK_EPS, self.min_samples)

    def resolve(self, Z: NDArray[np.float32]) -> Dbscan:
        """Return a copy with the radius that the data suggest, unless one is set.

        Raises:
            CoveyError: Z is not finite.
        """
        from covey.authoring import suggest_radius

        self.check_finite(Z)
        return self if self.eps else evolve(self, eps=suggest_radius(Z, self.min_samples) or FALLBACK_EPS)

    def prepare(self, Z: NDArray[np.float32], progress: Progress = SILENT) -> _DbscanTree:
        """Grow the tree of `covey.analysis.density`, which gives the labels for any eps.

        Raises:
            CoveyError: Z is not finite.
        """
        from covey.authoring import Tree

        self.check_finite(Z)
        return _DbscanTree(self.min_samples, Tree.grow(Z, self.min_samples, progress))


class _DbscanTree(Prepared):
    """The tree for one `min_samples`: the labels for any eps come from cutting it."""

    def __init__(self, min_samples: int, tree: Tree) -> None:
        self.min_samples = min_samples
        self.tree = tree

    def labels(self, clusterer: Dbscan) -> NDArray[np.int32] | None:
        if clusterer.min_samples != self.min_samples:
            return None
        return self.tree.labels(clusterer.eps or self.tree.suggestion() or FALLBACK_EPS)

    def values(self, option: str) -> Sequence[float]:
        return self.tree.radii() if option == "eps" else ()

    def suggest(self, option: str) -> float | None:
        return self.tree.suggestion() if option == "eps" else None


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer DBSCAN."""
    yield Dbscan
