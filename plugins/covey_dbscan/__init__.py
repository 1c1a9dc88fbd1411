"""The clusterer `dbscan`: density-based clustering with one radius."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, Prepared, component, hookimpl, option
from covey.authoring import SILENT, Progress, count_noun, evolve

if TYPE_CHECKING:
    from covey.authoring import RadiusChoice, Tree


FEWEST_SAMPLES = 5
"""The fewest images that make a place dense by default: with more images, more of the noise lies close by chance."""
FALLBACK_EPS = 1.0
"""The radius if the data suggest none: too few images, or all equal."""


@component
class Dbscan(Clusterer):
    """Groups that are dense everywhere; the rest is noise (DBSCAN: Ester, Kriegel, Sander and Xu 1996)."""

    name = "dbscan"
    version = 3
    references = (
        "Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996). A density-based algorithm for discovering "
        "clusters in large spatial databases with noise. Proceedings of KDD-96, 226-231.",
        "Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical Journal, 27, 379-423.",
    )
    requires = {"scipy": "scipy"}

    eps: float | None = option(
        title="Group tightness",
        default=None,
        gt=0,
        step=0.01,
        live=True,
        none="automatic",
        help="Radius of a neighbourhood, in units of the standardised dimensions; none takes the one that the data"
        " suggest. Raising it joins groups and leaves less noise.",
    )
    min_samples: int | None = option(
        title="Neighbours that make a group",
        default=None,
        ge=1,
        none="automatic",
        help="Images within the radius, itself included, that make a place dense; none takes the natural logarithm of"
        " the number of images, at least 5. Raising it calls more images noise.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, -1 for noise, exact at any size.

        Raises:
            CoveyError: Z is not finite.
        """
        from covey.authoring import dbscan

        return dbscan(Z, self.resolve(Z).eps or FALLBACK_EPS, self._count_samples(len(Z)))

    def resolve(self, Z: NDArray[np.float32]) -> Dbscan:
        """Return a copy with the radius and the number of images that the data suggest, unless they are set.

        Raises:
            CoveyError: Z is not finite.
        """
        self.check_finite(Z)
        eps = self.eps or self.prepare(Z).suggest("eps") or FALLBACK_EPS
        return evolve(self, eps=eps, min_samples=self._count_samples(len(Z)))

    def prepare(self, Z: NDArray[np.float32], progress: Progress = SILENT) -> _DbscanTree:
        """Grow the tree of `covey.analysis.density`, which gives the labels for any eps.

        Raises:
            CoveyError: Z is not finite.
        """
        from covey.authoring import Tree

        self.check_finite(Z)
        min_samples = self._count_samples(len(Z))
        return _DbscanTree(min_samples, Tree.grow(Z, min_samples, progress))

    def _count_samples(self, image_count: int) -> int:
        return self.min_samples or max(FEWEST_SAMPLES, round(np.log(max(1, image_count))))


class _DbscanTree(Prepared):
    """The tree for one `min_samples`: the labels for any eps come from cutting it."""

    def __init__(self, min_samples: int, tree: Tree) -> None:
        self.min_samples = min_samples
        self.tree = tree

    def labels(self, clusterer: Dbscan) -> NDArray[np.int32] | None:
        if clusterer._count_samples(len(self.tree.order)) != self.min_samples:
            return None
        return self.tree.labels(clusterer.eps or self.suggest("eps") or FALLBACK_EPS)

    def values(self, option: str) -> Sequence[float]:
        return self.tree.radii() if option == "eps" else ()

    def suggest(self, option: str) -> float | None:
        if option == "min_samples":
            return self.min_samples
        return self._choice.chosen.radius if option == "eps" and self._choice else None

    def explain(self, option: str) -> str:
        return _describe_choice(self._choice) if option == "eps" and self._choice and self._choice.equals else ""

    @cached_property
    def _choice(self) -> RadiusChoice | None:
        return self.tree.choose_radius()


def _describe_choice(choice: RadiusChoice) -> str:
    """Return how many groups the suggested radius makes, how sure that is, and a finer radius if one group prevails."""
    chosen = choice.chosen
    text = f"{count_noun(chosen.clusters, 'group')}; {_describe_equals(choice)}"
    if choice.finer:
        finer = f"{count_noun(choice.finer.clusters, 'group')}, the largest with {choice.finer.largest:.0%}"
        text += f". One group holds {chosen.largest:.0%} of the images: eps {choice.finer.radius} makes {finer}"
    return text


def _describe_equals(choice: RadiusChoice) -> str:
    """Return how many groups the radii make that are as good as the suggested one."""
    if len(choice.equals) == 1:
        return "no other eps tells the images apart as well"
    counts = sorted({cut.clusters for cut in choice.equals})
    groups = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else "as many groups"
    return f"{groups} between eps {choice.equals[0].radius} and {choice.chosen.radius}"


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer DBSCAN."""
    yield Dbscan
