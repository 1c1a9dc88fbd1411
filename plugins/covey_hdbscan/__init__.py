"""The clusterer `hdbscan`: density-based clustering over all radii."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, Prepared, component, hookimpl, option
from covey.authoring import SILENT, Progress

if TYPE_CHECKING:
    from covey.authoring import Tree


@component
class Hdbscan(Clusterer):
    """Groups that stay dense over a range of radii (HDBSCAN*: Campello, Moulavi and Sander 2013)."""

    name = "hdbscan"
    version = 3
    references = (
        "Campello, R. J. G. B., Moulavi, D. and Sander, J. (2013). Density-based clustering based on "
        "hierarchical density estimates. Advances in Knowledge Discovery and Data Mining, 160-172.",
        "McInnes, L., Healy, J. and Astels, S. (2017). hdbscan: hierarchical density based clustering. "
        "Journal of Open Source Software, 2(11), 205.",
    )
    requires = {"scipy": "scipy"}

    min_cluster_size: int = option(
        title="Smallest group",
        default=15,
        ge=2,
        live=True,
        help="The fewest images that make a group. Raising it joins or drops small groups.",
    )
    min_samples: int | None = option(
        title="Neighbours that make a group",
        default=5,
        ge=1,
        none="automatic",
        help="Neighbours that make a place dense; none takes the smallest group's size. Raising it calls more images"
        " noise.",
    )
    method: str = option(
        title="Which groups",
        default="eom",
        choices=("eom", "leaf"),
        live=True,
        help="Which groups of the tree to take: eom the most stable ones, leaf the smallest ones, which are more and"
        " finer.",
    )
    epsilon: float = option(
        title="Least distance between groups",
        default=0.0,
        ge=0,
        step=0.01,
        live=True,
        expert=True,
        help="Groups nearer than this are not split (Malzer and Baum 2020). Raising it joins more small groups.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, -1 for noise; there is never only one cluster.

        Raises:
            CoveyError: Z is not finite.
        """
        return self.prepare(Z)._cut(self)

    def prepare(self, Z: NDArray[np.float32], progress: Progress = SILENT) -> _HdbscanTree:
        """Grow the tree of `covey.analysis.density`, which gives the labels for any size, method and epsilon.

        Raises:
            CoveyError: Z is not finite.
        """
        from covey.authoring import Tree

        self.check_finite(Z)
        return _HdbscanTree(self._neighbours, Tree.grow(Z, min(self._neighbours, max(1, len(Z) - 1)) + 1, progress))

    @property
    def _neighbours(self) -> int:
        """The number of neighbours, without the point itself, that its core distance reaches."""
        return self.min_samples or self.min_cluster_size


class _HdbscanTree(Prepared):
    """The tree for one number of neighbours: the labels for all live options come from it."""

    def __init__(self, neighbours: int, tree: Tree) -> None:
        self.neighbours = neighbours
        self.hierarchy = tree.hierarchy()

    def labels(self, clusterer: Hdbscan) -> NDArray[np.int32] | None:
        return self._cut(clusterer) if clusterer._neighbours == self.neighbours else None

    def _cut(self, clusterer: Hdbscan) -> NDArray[np.int32]:
        image_count = len(self.hierarchy.order)
        if image_count < max(2, clusterer.min_cluster_size, self.neighbours):
            return np.full(image_count, -1, dtype=np.int32)
        return self.hierarchy.labels(clusterer.min_cluster_size, clusterer.method, clusterer.epsilon)


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer HDBSCAN."""
    yield Hdbscan
