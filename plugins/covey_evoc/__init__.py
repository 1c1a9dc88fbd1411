"""The clusterer `evoc`: groups of the features themselves, without a reducer."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, CoveyError, component, hookimpl, option
from covey.authoring import TableKind

MIN_FEATURES = 4
"""The fewest features that evoc can work with."""


class _Model(Protocol):
    """The EVoC of evoc."""

    def fit_predict(self, X: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the cluster of each row, -1 for noise."""


@component
class Evoc(Clusterer):
    """Dense groups of the features themselves, by their direction (EVoC: McInnes 2025); the rest is noise.

    The result is the same on every run and any number of cores, because it uses one.
    """

    name = "evoc"
    references = (
        "McInnes, L. (2025). EVoC: embedding vector oriented clustering. https://github.com/TutteInstitute/evoc.",
    )
    takes = TableKind.FEATURES
    requires = dict.fromkeys(("evoc", "numba"), "covey[evoc]")
    startup_message = "compiling, which takes a minute the first time"

    min_cluster_size: int = option(
        title="Smallest group",
        default=5,
        ge=2,
        help="The fewest images that make a group at the finest grain. Raising it joins or drops small groups.",
    )
    clusters: int | None = option(
        title="Number of groups",
        default=None,
        ge=2,
        none="automatic",
        help="Groups to come near to; none takes the number that lasts best from grain to grain. Raising it makes more"
        " and smaller groups.",
    )
    noise: float = option(
        title="Share to leave out",
        default=0.5,
        ge=0,
        le=1,
        step=0.05,
        help="How much noise to expect. Raising it makes groups purer and calls more images noise.",
    )
    neighbors: int = option(
        default=15,
        ge=2,
        expert=True,
        title="Neighbours",
        help="Nearest images that shape the place of each. Raising it favours large groups.",
    )
    seed: int = option(
        default=0,
        ge=0,
        le=2**32 - 1,
        expert=True,
        help="Start of the random numbers. Raising it only changes the draw.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, -1 for noise; equal rows get the same.

        If there are at most `neighbors` different rows, all are noise.

        Raises:
            CoveyError: Z is not finite, or has fewer than 4 columns.
        """
        self.check_finite(Z, "features", "extract")
        if Z.shape[1] < MIN_FEATURES:
            raise CoveyError(
                f"{self.name}: {Z.shape[1]} features are too few, it takes {MIN_FEATURES}: tap another layer."
            )
        distinct_rows, distinct_row_of_image = np.unique(Z, axis=0, return_inverse=True)
        if len(distinct_rows) <= self.neighbors:
            return np.full(len(Z), -1, dtype=np.int32)
        return self._cluster_distinct(distinct_rows)[distinct_row_of_image.reshape(-1)]

    def _cluster_distinct(self, rows: NDArray[np.float32]) -> NDArray[np.int32]:
        with warnings.catch_warnings(action="ignore"), _one_thread():
            from evoc import EVoC

            model: _Model = EVoC(
                noise_level=self.noise,
                base_min_cluster_size=self.min_cluster_size,
                approx_n_clusters=self.clusters,
                n_neighbors=self.neighbors,
                random_state=self.seed,
            )
            clusters = model.fit_predict(rows)
        is_clustered = clusters >= 0
        labels = np.full(len(clusters), -1, dtype=np.int32)
        labels[is_clustered] = np.unique(clusters[is_clustered], return_inverse=True)[1]
        return labels


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit numba to one thread: the results of evoc depend on the number of threads."""
    import numba

    previous_thread_count = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(previous_thread_count)


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer EVoC."""
    yield Evoc
