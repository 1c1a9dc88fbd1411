"""The reducer `pca`: principal component analysis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey import CoveyError, Reducer, component, hookimpl, option

Floats = NDArray[np.float32]
NOTHING = 1e-10
"""An axis with less than this part of the strongest one's variance is rounding error."""


@component
class Pca(Reducer):
    """The directions in which the images differ most (principal components: Pearson 1901, Hotelling 1933).

    Exact and the same on every run: all axes are computed, and each points to where its largest weight is positive.
    """

    name = "pca"
    references = (
        "Pearson, K. (1901). On lines and planes of closest fit to systems of points in space. Philosophical "
        "Magazine, 2(11), 559-572.",
        "Hotelling, H. (1933). Analysis of a complex of statistical variables into principal components. "
        "Journal of Educational Psychology, 24(6), 417-441.",
    )
    requires = {"sklearn": "scikit-learn"}
    startup_message = "computing the axes"

    whiten: bool = option(
        default=False,
        help="Scale every component to variance 1, so that weak ones count as much as strong ones.",
    )

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Yield the first `size` principal components of the standardised features, (n, size) float32, for each size.

        Raises:
            CoveyError: X has values that are no finite numbers, or a size is above min(n, d).
        """
        self.check_features(X)
        if max(sizes) > min(X.shape):
            limit = f"{len(X)} images with {X.shape[1]} features have at most {min(X.shape)} principal components"
            raise CoveyError(f"{self.name}: {limit}, not {max(sizes)}: ask for fewer dimensions or add images.")
        return self._components(X, sizes)

    def transform(self, X: Floats, Z: Floats, X_new: Floats) -> Floats:
        """Return places (m, k) float32 for new rows: their components on the axes of X (n, d).

        Raises:
            CoveyError: values are no finite numbers, or the features differ in number.
        """
        self.check_new(X, X_new)
        if not len(X_new):
            return np.zeros((0, Z.shape[1]), dtype=np.float32)
        return _on_axes(_standardised(X, X_new), self._axes(_standardised(X, X))[: Z.shape[1]])

    def _components(self, X: Floats, sizes: Sequence[int]) -> Iterator[Floats]:
        standardised = _standardised(X, X)
        axes = self._axes(standardised)
        for size in sizes:
            yield _on_axes(standardised, axes[:size])

    def _axes(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        axes, variances = _axes(X)
        if not self.whiten:
            return axes
        scaled: NDArray[np.float64] = (
            axes / np.sqrt(np.where(variances > NOTHING * variances[0], variances, np.inf))[:, None]
        )
        return scaled


def _on_axes(X: NDArray[np.float64], axes: NDArray[np.float64]) -> Floats:
    # one product a column: a matrix product rounds differently for each width
    return np.stack([X @ axis for axis in axes], axis=1).astype(np.float32)


def _standardised(X: Floats, rows: Floats) -> NDArray[np.float64]:
    """Return rows scaled as it takes to bring each column of X to mean 0 and variance 1; a constant column is 0."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X.astype(np.float64))
    scaled: NDArray[np.float64] = scaler.transform(rows.astype(np.float64))
    return scaled


def _axes(X: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the principal axes (min(n, d), d) of centred data, strongest first, and their variances."""
    if len(X) < X.shape[1]:
        _, strengths, axes = np.linalg.svd(X, full_matrices=False)
        variances = strengths**2 / len(X)
    else:
        variances, vectors = np.linalg.eigh(X.T @ X / len(X))
        variances, axes = variances[::-1], vectors.T[::-1]
    return axes * _signs(axes), variances


def _signs(axes: NDArray[np.float64]) -> NDArray[Any]:
    """Return 1 or -1 (k, 1) for each axis, so that its largest weight becomes positive."""
    largest = np.abs(axes).argmax(axis=1)[:, None]
    return np.where(np.take_along_axis(axes, largest, axis=1) < 0, -1, 1)


@hookimpl
def covey_reducers() -> Iterable[type[Reducer]]:
    """Offer principal component analysis."""
    yield Pca
