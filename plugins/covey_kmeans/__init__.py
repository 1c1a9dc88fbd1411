"""The clusterer `kmeans`: a given number of groups around centres."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, component, hookimpl, option

STARTS = 10
"""Random starts; the result with the smallest sum of squares is taken."""


class _Model(Protocol):
    """The KMeans of scikit-learn."""

    def fit_predict(self, X: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row."""


@component
class Kmeans(Clusterer):
    """A given number of groups, each around its centre; nothing is noise (k-means: Lloyd 1982).

    The first centres are drawn far from each other (k-means++: Arthur and Vassilvitskii 2007).
    """

    name = "kmeans"
    references = (
        "Lloyd, S. P. (1982). Least squares quantization in PCM. IEEE Transactions on Information Theory, "
        "28(2), 129-137.",
        "Arthur, D. and Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. Proceedings "
        "of SODA 2007, 1027-1035.",
    )
    requires = {"sklearn": "scikit-learn"}

    clusters: int = option(
        default=10, ge=1, title="Number of groups", help="Groups to make. Raising it makes them smaller."
    )
    seed: int = option(
        default=0,
        ge=0,
        le=2**32 - 1,
        expert=True,
        help="Start of the random numbers. Raising it only changes the draw.",
    )

    def cluster(self, Z: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return the cluster of each row, (n,) int32, never -1; fewer clusters if there are fewer different rows.

        Raises:
            CoveyError: Z is not finite.
        """
        self.check_finite(Z)
        if not len(Z):
            return np.zeros(0, dtype=np.int32)
        from sklearn.cluster import KMeans

        model: _Model = KMeans(min(self.clusters, len(Z)), n_init=STARTS, random_state=self.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about fewer different rows than clusters
            clusters = model.fit_predict(Z)
        labels: NDArray[np.int32] = np.unique(clusters, return_inverse=True)[1].astype(np.int32)
        return labels


@hookimpl
def covey_clusterers() -> Iterable[type[Clusterer]]:
    """Offer k-means."""
    yield Kmeans
