"""The reducer `umap`: uniform manifold approximation and projection, from one neighbour graph for all sizes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey import CoveyError, Reducer, component, hookimpl, option

Floats = NDArray[np.float32]
EXACT = 4096
"""Up to so many images the neighbours are found by comparing all pairs, as umap-learn does by itself."""


@component
class Umap(Reducer):
    """Keeps neighbours together (UMAP: McInnes, Healy and Melville 2018); standardised before and after.

    With a seed the result is the same on every run; without one it is faster on several cores and differs each time.
    """

    name = "umap"
    requires = dict.fromkeys(("umap", "pynndescent", "numba", "sklearn"), "covey[umap]")
    starting = "compiling and looking for neighbours"

    neighbors: int = option(
        default=10,
        ge=2,
        help="Nearest images, itself included, that shape the place of each. Raising it favours the large picture"
        " over small groups.",
    )
    min_dist: float = option(
        default=0.0,
        ge=0,
        le=1,
        step=0.05,
        help="How close together images may lie. Raising it spreads dense groups out.",
    )
    metric: str = option(
        default="euclidean",
        choices=("euclidean", "cosine", "manhattan"),
        expert=True,
        help="The distance between the features of two images.",
    )
    pca: int = option(
        default=0,
        ge=0,
        expert=True,
        help="Principal components to keep before UMAP, at most as many as there are; 0 skips this step. Raising it"
        " keeps more detail and more noise.",
    )
    epochs: int | None = option(
        default=None,
        ge=1,
        expert=True,
        help="Rounds in which the layout is improved; none means 500, or 200 beyond 10,000 images. Raising it takes"
        " longer and settles more.",
    )
    seed: int | None = option(
        default=0,
        ge=0,
        le=2**32 - 1,
        expert=True,
        help="Start of the random numbers; none takes a new one each time and uses all cores. Raising it only changes"
        " the draw.",
    )

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Yield one standardised array (n, size) float32 for each size.

        The neighbour graph is made once. One image alone lies at the origin; where there are too few images for
        `neighbors`, all are neighbours.

        Raises:
            CoveyError: X has values that are no finite numbers.
        """
        if not np.isfinite(X).all():
            raise CoveyError(f"{self.name}: the features hold values that are no finite numbers: extract them again.")
        if len(X) < 2:
            return [np.zeros((len(X), size), dtype=np.float32) for size in sizes]
        return self._layouts(X, sizes)

    def _layouts(self, X: Floats, sizes: Sequence[int]) -> Iterator[Floats]:
        X = self._prepared(X)
        graph = self._graph(X)
        for size in sizes:
            yield _standardised(self._layout(X, graph, size))

    def _prepared(self, X: Floats) -> Floats:
        X = _standardised(X)
        if not self.pca:
            return X
        from sklearn.decomposition import PCA

        kept: Floats = PCA(min(self.pca, *X.shape), svd_solver="full").fit_transform(X)
        return kept

    def _graph(self, X: Floats) -> Any:
        """Return the weighted neighbour graph, a sparse (n, n) matrix."""
        with _quiet():
            from umap.umap_ import fuzzy_simplicial_set

            neighbors = min(self.neighbors, len(X))
            indices, distances = self._neighbours(X, neighbors)
            random = np.random.RandomState(self.seed)
            graph, *_ = fuzzy_simplicial_set(X, neighbors, random, self.metric, {}, indices, distances)
        return graph

    def _neighbours(self, X: Floats, neighbors: int) -> tuple[NDArray[np.integer[Any]], Floats]:
        """Return indices and distances (n, neighbors) of the nearest rows, each row itself among them."""
        from sklearn.metrics import pairwise_distances
        from umap.umap_ import nearest_neighbors

        metric, jobs = self.metric, -1 if self.seed is None else 1
        if len(X) <= EXACT:
            X, metric = pairwise_distances(X, metric=metric), "precomputed"
        random = np.random.RandomState(self.seed)
        indices, distances, _ = nearest_neighbors(X, neighbors, metric, {}, False, random, n_jobs=jobs)
        return indices, distances

    def _layout(self, X: Floats, graph: Any, size: int) -> Floats:
        """Return the places (n, size) of the rows of X, as `umap.UMAP` finds them."""
        with _quiet():
            from umap.umap_ import find_ab_params, simplicial_set_embedding

            a, b = find_ab_params(1.0, self.min_dist)
            Z: Floats = simplicial_set_embedding(
                X,
                graph.copy(),
                n_components=size,
                initial_alpha=1.0,
                a=a,
                b=b,
                gamma=1.0,
                negative_sample_rate=5,
                n_epochs=self.epochs,
                init="spectral" if len(X) > size + 2 else "random",  # the eigenvectors must be fewer than the rows
                random_state=np.random.RandomState(self.seed),
                metric=self.metric,
                metric_kwds={},
                densmap=False,
                densmap_kwds={},
                output_dens=False,
                parallel=self.seed is None,
            )[0]
        return Z


def _standardised(X: Floats) -> Floats:
    """Return X with each column at mean 0 and variance 1; a constant column is 0."""
    from sklearn.preprocessing import StandardScaler

    scaled: Floats = StandardScaler().fit_transform(np.asarray(X, dtype=np.float32))
    return scaled


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what umap-learn warns of on import and on small or disconnected data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@hookimpl
def covey_reducers() -> Iterable[type[Reducer]]:
    """Offer UMAP."""
    yield Umap
