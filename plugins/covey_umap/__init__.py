"""The reducer `umap`: uniform manifold approximation and projection, from one neighbour graph for all sizes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey import Reducer, component, hookimpl, option

Floats = NDArray[np.float32]
EXACT = 4096
"""Up to so many images the neighbours are found by comparing all pairs, as umap-learn does by itself."""
EPOCHS, EPOCHS_BEYOND = 500, 200
"""Rounds of the layout up to so many images, and beyond."""


@component
class Umap(Reducer):
    """Keeps neighbours together (UMAP: McInnes, Healy and Melville 2018); standardised before and after.

    The neighbour graph and the spectral start are umap-learn's, the layout is covey's own. With a seed the result
    is the same on every run; without one it is faster on several cores and differs each time.
    """

    name = "umap"
    references = (
        "McInnes, L., Healy, J. and Melville, J. (2018). UMAP: uniform manifold approximation and projection "
        "for dimension reduction. arXiv:1802.03426.",
    )
    requires = dict.fromkeys(("umap", "pynndescent", "numba", "sklearn"), "covey[umap]")
    startup_message = "compiling and looking for neighbours"

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
        help="Rounds in which the layout is improved; none means 500, or 200 beyond 4,096 images. Raising it takes"
        " longer and settles more.",
    )
    seed: int | None = option(
        default=0,
        ge=0,
        le=2**32 - 1,
        expert=True,
        help="Start of the random numbers; none takes a new one each time and gives all cores to one size. Raising it"
        " only changes the draw.",
    )

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Yield one standardised array (n, size) float32 for each size.

        The neighbour graph is made once. One image alone lies at the origin; where there are too few images for
        `neighbors`, all are neighbours.

        Raises:
            CoveyError: X has values that are no finite numbers.
        """
        self.check_features(X)
        if len(X) < 2:
            return [np.zeros((len(X), size), dtype=np.float32) for size in sizes]
        return self._layouts(X, sizes)

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats:
        """Return places (m, k) float32 for new rows: the mean of their neighbours' places, near ones counting more.

        Weights are the inverse distances (Shepard 1968) to the `neighbors` nearest rows of X, so that a row of X comes
        to lie where it is.

        Args:
            X: features (n, d) float32 of the images in the embedding.
            Z: their places (n, k) float32, whatever the size.
            X_new: features (m, d) float32 of other images.

        Raises:
            CoveyError: values are no finite numbers, or the features differ in number.
        """
        self.check_new(X, X_new)
        if not len(X_new):
            return np.zeros((0, Z.shape[1]), dtype=np.float32)
        indices, distances = self._nearest(X, X_new)
        positions: Floats = np.einsum("ij,ijk->ik", _weights(distances), Z[indices]).astype(np.float32)
        return positions

    def _nearest(self, X: Floats, X_new: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return indices and distances (m, neighbors) of the rows of X that are nearest to new ones."""
        from sklearn.neighbors import NearestNeighbors

        recipe = self._recipe(X)
        search = NearestNeighbors(n_neighbors=min(self.neighbors, len(X)), metric=self.metric, algorithm="brute")
        distances, indices = search.fit(recipe.fit_transform(X)).kneighbors(recipe.transform(X_new))
        return indices, distances

    def _layouts(self, X: Floats, sizes: Sequence[int]) -> Iterator[Floats]:
        X = self._prepared(X)
        graph = self._graph(X)
        with warnings.catch_warnings(action="ignore"):
            from umap.umap_ import find_ab_params

            from covey_umap.layout import layout

            curve = find_ab_params(1.0, self.min_dist)
        epochs = self.epochs or (EPOCHS if len(X) <= EXACT else EPOCHS_BEYOND)
        stop = Event()
        with ThreadPoolExecutor(os.cpu_count() if self.seed is not None else 1) as pool:
            try:
                starts = (self._start(X, graph, size) for size in sizes)
                layouts = [pool.submit(layout, Z, graph, epochs, curve, self.seed, stop) for Z in starts]
                yield from (_standardised(one.result()) for one in layouts)
            finally:
                stop.set()

    def _prepared(self, X: Floats) -> Floats:
        prepared: Floats = self._recipe(X).fit_transform(X)
        return prepared

    def _recipe(self, X: Floats) -> Any:
        """Return what makes X ready for the search for neighbours, not fitted yet."""
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        steps = [PCA(min(self.pca, *X.shape), svd_solver="full")] if self.pca else []
        return make_pipeline(StandardScaler(), *steps)

    def _graph(self, X: Floats) -> Any:
        """Return the weighted neighbour graph, a sparse (n, n) matrix."""
        with warnings.catch_warnings(action="ignore"):
            from umap.umap_ import fuzzy_simplicial_set

            neighbors = min(self.neighbors, len(X))
            indices, distances = self._neighbours(X, neighbors)
            random = np.random.RandomState(self.seed)
            graph, *_ = fuzzy_simplicial_set(X, neighbors, random, self.metric, {}, indices, distances)
        graph.data[graph.data < graph.data.max() / EPOCHS] = 0  # too light to count in any round
        graph.eliminate_zeros()
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

    def _start(self, X: Floats, graph: Any, size: int) -> Floats:
        """Return where the layout starts, (n, size): the spectral embedding of the graph, from 0 to 10."""
        random = np.random.RandomState(self.seed)
        if len(X) <= size + 2:  # the eigenvectors must be fewer than the rows
            Z = random.uniform(size=(len(X), size))
        else:
            with warnings.catch_warnings(action="ignore"):
                from umap.spectral import spectral_layout

                Z = spectral_layout(X, graph, size, random, metric=self.metric, metric_kwds={})
            Z = Z / np.abs(Z).max() + random.normal(scale=1e-5, size=Z.shape)  # so that no two rows coincide
        Z = Z - Z.min(axis=0)
        return np.ascontiguousarray(10 * Z / Z.max(axis=0), dtype=np.float32)


def _weights(distances: Floats) -> Floats:
    """Return inverse distances (m, k) that add up to 1 in each row; distances of 0 outweigh all others."""
    with np.errstate(divide="ignore"):
        weights = 1 / distances
    equal = np.isinf(weights)
    weights = np.where(equal.any(axis=1, keepdims=True), equal, weights)
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _standardised(X: Floats) -> Floats:
    """Return X with each column at mean 0 and variance 1; a constant column is 0."""
    from sklearn.preprocessing import StandardScaler

    scaled: Floats = StandardScaler().fit_transform(np.asarray(X, dtype=np.float32))
    return scaled


@hookimpl
def covey_reducers() -> Iterable[type[Reducer]]:
    """Offer UMAP."""
    yield Umap
