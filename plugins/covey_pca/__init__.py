"""The reducer `pca`: principal component analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from covey import CoveyError, Reducer, component, hookimpl, option
from covey.authoring import PlacingReducer

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
NEGLIGIBLE = 1e-10
"""An axis whose variance is below this share of the strongest one's is rounding error."""


class _Scaler(Protocol):
    """The StandardScaler of scikit-learn."""

    def fit(self, X: Doubles) -> object:
        """Learn means and scales."""

    def transform(self, X: Doubles) -> Doubles:
        """Return X scaled."""


@component
class Pca(PlacingReducer):
    """The directions in which the images differ most (principal components: Pearson 1901, Hotelling 1933).

    Exact and the same on every run: all axes are computed, and the sign of each makes its largest weight positive.
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
        title="Weak differences count as much",
        help="Scale every component to variance 1, so that weak ones count as much as strong ones.",
    )

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        """Yield the first `size` principal components of the standardised features, (n, size) float32, for each size.

        Raises:
            CoveyError: X is not finite, or a size is above min(n, d).
        """
        self.check_features(X)
        if max(sizes) > min(X.shape):
            limit = f"{len(X)} images with {X.shape[1]} features have at most {min(X.shape)} principal components"
            raise CoveyError(f"{self.name}: {limit}, not {max(sizes)}: ask for fewer dimensions or add images.")
        return self._components(X, sizes)

    def prepare_transform(self, X: Floats, embeddings: Sequence[Floats]) -> Callable[[Floats], Sequence[Floats]]:
        """Return the function from new rows (m, d) to their components (m, k) float32 on the axes of X.

        Args:
            X: features (n, d) float32 of the images in the embeddings.
            embeddings: their components (n, k) float32, for each size k.

        Raises:
            CoveyError: a feature is not finite.
        """
        self.check_features(X)
        scale = _fit_scale(X)
        axes = self._axes(scale(X))

        def place(X_new: Floats) -> list[Floats]:
            self.check_features(X_new)
            if not len(X_new):
                return [np.zeros((0, Z.shape[1]), np.float32) for Z in embeddings]
            rows = scale(X_new)
            return [_project(rows, axes[: Z.shape[1]]) for Z in embeddings]

        return place

    def _components(self, X: Floats, sizes: Sequence[int]) -> Iterator[Floats]:
        standardised = _fit_scale(X)(X)
        axes = self._axes(standardised)
        for size in sizes:
            yield _project(standardised, axes[:size])

    def _axes(self, X: Doubles) -> Doubles:
        """Return the axes (min(n, d), d), divided by their standard deviation if `whiten` is set."""
        axes, variances = _principal_axes(X)
        if not self.whiten:
            return axes
        usable_variances = np.where(variances > NEGLIGIBLE * variances[0], variances, np.inf)
        scaled_axes: Doubles = axes / np.sqrt(usable_variances)[:, None]
        return scaled_axes


def _project(X: Doubles, axes: Doubles) -> Floats:
    # one product a column: a matrix product rounds differently for each width
    columns: list[Doubles] = [X @ axis for axis in axes]
    return np.stack(columns, axis=1).astype(np.float32)


def _fit_scale(X: Floats) -> Callable[[Floats], Doubles]:
    """Return the function that scales rows by mean and variance of each column of X; constant columns become 0."""
    from sklearn.preprocessing import StandardScaler

    scaler: _Scaler = StandardScaler()
    scaler.fit(X.astype(np.float64))
    return lambda rows: scaler.transform(rows.astype(np.float64))


def _principal_axes(X: Doubles) -> tuple[Doubles, Doubles]:
    """Return the principal axes (min(n, d), d) of centred rows, strongest first, and their variances."""
    axes: Doubles
    variances: Doubles
    if len(X) < X.shape[1]:
        _, singular_values, axes = np.linalg.svd(X, full_matrices=False)
        variances = singular_values**2 / len(X)
    else:
        variances, vectors = np.linalg.eigh(X.T @ X / len(X))
        variances, axes = variances[::-1], vectors.T[::-1]
    return axes * _signs(axes), variances


def _signs(axes: Doubles) -> NDArray[np.int_]:
    """Return 1 or -1 (k, 1) for each axis, so that its largest weight becomes positive."""
    largest_columns = np.abs(axes).argmax(axis=1)[:, None]
    return np.where(np.take_along_axis(axes, largest_columns, axis=1) < 0, -1, 1)


@hookimpl
def covey_reducers() -> Iterable[type[Reducer]]:
    """Offer principal component analysis."""
    yield Pca
