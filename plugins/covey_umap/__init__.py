"""The reducer `umap`: uniform manifold approximation and projection, from one neighbour graph for all sizes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from covey import Reducer, component, hookimpl, option
from covey.authoring import PlacingReducer, whitening_axes

if TYPE_CHECKING:
    from covey_umap.layout import NeighbourGraph

Floats = NDArray[np.float32]
EXACT = 4096
"""Up to this number of images the neighbours come from comparing all pairs, as in umap-learn."""
EPOCHS, EPOCHS_BEYOND = 500, 200
"""Rounds of the layout up to EXACT images, and beyond."""


class _Scaler(Protocol):
    """A transformer of scikit-learn."""

    def fit(self, X: Floats) -> object:
        """Learn from X."""

    def fit_transform(self, X: Floats) -> Floats:
        """Learn from X and return it transformed."""

    def transform(self, X: Floats) -> Floats:
        """Return X transformed."""


@component
class Umap(PlacingReducer):
    """Keeps neighbours together (UMAP: McInnes, Healy and Melville 2018); half-whitened before, standardised after.

    umap-learn computes the neighbour graph and the spectral start; the layout is optimised by covey. With a seed the
    result is the same on every run; without one it is faster on several cores and differs each time.
    """

    name = "umap"
    references = (
        "McInnes, L., Healy, J. and Melville, J. (2018). UMAP: uniform manifold approximation and projection "
        "for dimension reduction. arXiv:1802.03426.",
        "Kessy, A., Lewin, A. and Strimmer, K. (2018). Optimal whitening and decorrelation. The American Statistician, "
        "72(4), 309-314.",
    )
    requires = dict.fromkeys(("umap", "pynndescent", "numba", "sklearn"), "covey[umap]")
    implementation = (
        "The features were standardised and, with whiten above 0, their principal components scaled by their variance"
        " to the power of -whiten / 2; the neighbour graph and the spectral start were computed by umap-learn; the"
        " layout was optimised by covey's own implementation of section 4 of the paper, so the coordinates differ from"
        " those of umap-learn"
    )
    startup_message = "compiling and searching neighbours"

    neighbors: int = option(
        default=15,
        ge=2,
        title="Neighbours",
        help="Nearest images, itself included, that shape the place of each. Raising it favours the large picture"
        " over small groups.",
    )
    min_dist: float = option(
        default=0.0,
        ge=0,
        le=1,
        step=0.05,
        title="Spread of groups",
        help="How close together images may lie. Raising it spreads dense groups out.",
    )
    metric: str = option(
        default="cosine",
        choices=("euclidean", "cosine", "manhattan"),
        expert=True,
        help="The distance between the features of two images; cosine compares only in which direction they lie from"
        " the mean of all images. With fewer than about five features, euclidean tells more apart.",
    )
    whiten: float = option(
        default=0.5,
        ge=0,
        le=1,
        step=0.1,
        expert=True,
        absent=0.0,
        help="How far the principal components of the standardised features are brought to one variance: 0 leaves them"
        " as they are, 1 makes all equal. Raising it gives weak differences between images more weight, and noise too.",
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
        none="automatic",
        help="Rounds in which the layout is improved; none means 500, or 200 beyond 4,096 images. Raising it takes"
        " longer and settles more.",
    )
    seed: int | None = option(
        default=0,
        ge=0,
        le=2**32 - 1,
        expert=True,
        none="random",
        help="Start of the random numbers; none takes a new one each time and gives all cores to one size. Raising it"
        " only changes the draw.",
    )

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Yield one standardised array (n, size) float32 for each size.

        The neighbour graph is computed once. A single image lies at the origin; if there are at most `neighbors`
        images, all are neighbours of each other.

        Raises:
            CoveyError: X is not finite.
        """
        self.check_features(X)
        if len(X) < 2:
            return [np.zeros((len(X), size), dtype=np.float32) for size in sizes]
        return self._layouts(X, sizes)

    def prepare_transform(self, X: Floats, embeddings: Sequence[Floats]) -> Callable[[Floats], Sequence[Floats]]:
        """Return the function from new rows (m, d) to positions: the weighted mean of their neighbours' positions.

        The weights are the inverse distances (Shepard 1968) to the `neighbors` nearest rows of X; a row that is also
        in X is placed where X has it. Beyond EXACT rows the neighbours are approximate (Dong et al. 2011).

        Args:
            X: features (n, d) float32 of the images in the embeddings.
            embeddings: their positions (n, k) float32, of any sizes k.

        Raises:
            CoveyError: a feature is not finite.
        """
        self.check_features(X)
        find_nearest = self._prepare_search(X)

        def place(X_new: Floats) -> list[Floats]:
            self.check_features(X_new)
            if not len(X_new):
                return [np.zeros((0, Z.shape[1]), dtype=np.float32) for Z in embeddings]
            indices, distances = find_nearest(X_new)
            weights = _inverse_weights(distances)
            return [np.einsum("ij,ijk->ik", weights, Z[indices]).astype(np.float32) for Z in embeddings]

        return place

    def _prepare_search(self, X: Floats) -> Callable[[Floats], tuple[NDArray[np.intp], Floats]]:
        """Return the function from new rows (m, d) to indices and distances (m, neighbors) of the nearest rows of X."""
        from pynndescent import NNDescent
        from sklearn.neighbors import NearestNeighbors

        old, scale = self._fit_scale(X)
        count = min(self.neighbors, len(X))
        if len(X) > EXACT:
            random_state = np.random.RandomState(self.seed)
            index = NNDescent(old, self.metric, n_neighbors=30, random_state=random_state, n_jobs=self._job_count)
            index.prepare()
            return lambda X_new: index.query(scale(X_new), count)
        search = NearestNeighbors(n_neighbors=count, metric=self.metric, algorithm="brute").fit(old)
        return lambda X_new: search.kneighbors(scale(X_new))[::-1]

    def _layouts(self, X: Floats, sizes: Sequence[int]) -> Iterator[Floats]:
        X, _ = self._fit_scale(X)
        graph = self._neighbour_graph(X)
        with warnings.catch_warnings(action="ignore"):
            from umap import umap_

            from covey_umap.layout import optimise_layout

            curve_parameters: tuple[float, float] = umap_.find_ab_params(1.0, self.min_dist)
        epochs = self.epochs or (EPOCHS if len(X) <= EXACT else EPOCHS_BEYOND)
        is_stopped = Event()
        with ThreadPoolExecutor(os.cpu_count() if self.seed is not None else 1) as pool:
            try:
                start_positions = (self._start_positions(X, graph, size) for size in sizes)
                pending_layouts = [
                    pool.submit(optimise_layout, Z, graph, epochs, curve_parameters, self.seed, is_stopped)
                    for Z in start_positions
                ]
                yield from (_standardise(pending_layout.result()) for pending_layout in pending_layouts)
            finally:
                is_stopped.set()

    def _fit_scale(self, X: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
        """Return X as neighbours are searched among its rows, and the function that scales other rows in that way."""
        scaler = self._scaler(X)
        scaled = scaler.fit_transform(X)
        axes = whitening_axes(scaled, self.whiten) if self.whiten else np.empty(0)

        def whiten(rows: Floats) -> Floats:
            return (rows @ axes).astype(np.float32) if axes.size else rows

        return whiten(scaled), lambda rows: whiten(scaler.transform(rows))

    @property
    def _job_count(self) -> int:
        """How many cores search neighbours: all of them where the result may differ each time."""
        return -1 if self.seed is None else 1

    def _scaler(self, X: Floats) -> _Scaler:
        """Return the unfitted transformer that standardises features and keeps the components asked for."""
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        steps: list[_Scaler] = [StandardScaler()]
        if self.pca:
            steps.append(PCA(min(self.pca, *X.shape), svd_solver="full"))
        pipeline: _Scaler = make_pipeline(*steps)
        return pipeline

    def _neighbour_graph(self, X: Floats) -> NeighbourGraph:
        """Return the weights of the neighbour graph, a sparse (n, n) matrix."""
        with warnings.catch_warnings(action="ignore"):
            from umap import umap_

            for function in (umap_.fast_knn_indices, umap_.smooth_knn_dist, umap_.compute_membership_strengths):
                if function.stats.cache_path is None:
                    function.enable_caching()  # on disk: compiling them takes ten seconds in every process
            neighbors = min(self.neighbors, len(X))
            indices, distances = self._neighbours(X, neighbors)
            random_state = np.random.RandomState(self.seed)
            graph: NeighbourGraph = umap_.fuzzy_simplicial_set(
                X, neighbors, random_state, self.metric, {}, indices, distances
            )[0]
        graph.data[graph.data < graph.data.max() / EPOCHS] = 0  # too light to act in any round
        graph.eliminate_zeros()
        return graph

    def _neighbours(self, X: Floats, neighbors: int) -> tuple[NDArray[np.intp], Floats]:
        """Return indices and distances (n, neighbors) of the nearest rows, each row itself among them."""
        from sklearn.metrics import pairwise_distances
        from umap import umap_

        metric = self.metric
        if len(X) <= EXACT:
            X, metric = pairwise_distances(X, metric=metric), "precomputed"
        random_state = np.random.RandomState(self.seed)
        neighbour_search: tuple[NDArray[np.intp], Floats, object] = umap_.nearest_neighbors(
            X, neighbors, metric, {}, False, random_state, n_jobs=self._job_count
        )
        return neighbour_search[0], neighbour_search[1]

    def _start_positions(self, X: Floats, graph: NeighbourGraph, size: int) -> Floats:
        """Return where the layout starts, (n, size) float32: the spectral embedding of the graph, from 0 to 10."""
        random_state = np.random.RandomState(self.seed)
        Z: NDArray[np.float64]
        if len(X) <= size + 2:  # the eigenvectors must be fewer than the rows
            Z = random_state.uniform(size=(len(X), size))
        else:
            with warnings.catch_warnings(action="ignore"):
                from umap.spectral import spectral_layout

                Z = spectral_layout(X, graph, size, random_state, metric=self.metric, metric_kwds={})
            Z = Z / np.abs(Z).max() + random_state.normal(scale=1e-5, size=Z.shape)  # so that no two rows coincide
        Z = Z - Z.min(axis=0)
        return np.ascontiguousarray(10 * Z / Z.max(axis=0), dtype=np.float32)


def _inverse_weights(distances: Floats) -> Floats:
    """Return inverse distances (m, k) whose rows sum to 1; distances of 0 outweigh all others."""
    with np.errstate(divide="ignore"):
        weights = np.float32(1) / distances
    is_zero_distance = np.isinf(weights)
    weights = np.where(is_zero_distance.any(axis=1, keepdims=True), is_zero_distance.astype(np.float32), weights)
    shares: Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _standardise(X: Floats) -> Floats:
    """Return X (n, k) with each column at mean 0 and variance 1; a constant column is 0."""
    from sklearn.preprocessing import StandardScaler

    scaler: _Scaler = StandardScaler()
    return scaler.fit_transform(np.asarray(X, dtype=np.float32))


@hookimpl
def covey_reducers() -> Iterable[type[Reducer]]:
    """Offer UMAP."""
    yield Umap
