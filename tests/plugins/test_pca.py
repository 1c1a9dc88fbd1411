"""Principal components: the definition, exactness, and what cannot be asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from covey import CoveyError
from covey_pca import Pca

Floats = NDArray[np.float32]


def data(count: int, columns: int, seed: int = 0) -> Floats:
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, columns)) @ random.normal(size=(columns, columns)) + 5).astype(np.float32)


def reduced(X: Floats, *sizes: int, whiten: bool = False) -> list[Floats]:
    return list(Pca(whiten=whiten).reduce(X, sizes))


def standardised(X: Floats) -> NDArray[np.float64]:
    wide = X.astype(np.float64)
    return np.asarray((wide - wide.mean(axis=0)) / wide.std(axis=0))


@settings(max_examples=20, deadline=None)
@given(count=st.integers(4, 40), columns=st.integers(4, 40), seed=st.integers(0, 99))
def test_components_are_uncorrelated_and_keep_the_most_variance(count: int, columns: int, seed: int) -> None:
    X = data(count, columns, seed)
    Z = reduced(X, 3)[0].astype(np.float64)
    covariance = Z.T @ Z / count
    strongest = np.linalg.svd(standardised(X), compute_uv=False)[:3] ** 2 / count
    np.testing.assert_allclose(covariance, np.diag(strongest), atol=1e-4 * strongest[0])


@settings(max_examples=20, deadline=None)
@given(st.integers(6, 60), st.integers(6, 60), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_a_size_is_the_same_whatever_its_siblings(count: int, columns: int, sizes: list[int]) -> None:
    X = data(count, columns)
    most = reduced(X, 6)[0]
    for size, Z in zip(sizes, reduced(X, *sizes), strict=True):
        np.testing.assert_array_equal(Z, most[:, :size])


@pytest.mark.parametrize("shape", [(30, 8), (8, 30)])
def test_as_many_components_as_there_are_keep_all_distances(shape: tuple[int, int]) -> None:
    X = data(*shape)
    (Z,) = reduced(X, min(shape))
    before, after = (np.linalg.norm(A[:, None] - A, axis=2) for A in (standardised(X), Z))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_turning_the_features_round_turns_no_sign() -> None:
    X = data(40, 6)
    assert X.dtype == np.float32
    np.testing.assert_allclose(reduced(X, 3)[0], reduced(np.ascontiguousarray(X[:, ::-1]), 3)[0], atol=1e-4)


def test_whitened_components_have_variance_one_or_none() -> None:
    (Z,) = reduced(data(40, 3) @ data(3, 6), 6, whiten=True)
    np.testing.assert_allclose(Z.std(axis=0), [1, 1, 1, 0, 0, 0], atol=1e-5)


def test_scale_and_constant_features_do_not_matter() -> None:
    X = data(30, 5)
    wide = np.concatenate([X * 8, np.full((30, 2), 1e6, dtype=np.float32)], axis=1)
    np.testing.assert_allclose(reduced(X, 2)[0], reduced(wide, 2)[0], atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 9), (4, 9), (9, 4)])
def test_more_components_than_there_are_cannot_be_asked(shape: tuple[int, int]) -> None:
    most = min(shape)
    message = (
        f"pca: {shape[0]} images with {shape[1]} features have at most {most} principal components, not {most + 1}"
    )
    with pytest.raises(CoveyError, match=message):
        reduced(data(*shape), 1, most + 1)
    assert reduced(data(*shape), most)[0].shape == (shape[0], most)


def test_values_that_are_no_numbers_are_refused() -> None:
    X = data(9, 4)
    X[3, 2] = np.inf
    with pytest.raises(CoveyError, match="pca: the features hold values that are no finite numbers"):
        reduced(X, 2)


def test_new_rows_are_placed_on_the_same_axes() -> None:
    X = data(40, 6)
    for whiten in (False, True):
        pca = Pca(whiten=whiten)
        (Z,) = pca.reduce(X, [3])
        placed = pca.transform(X, Z, X[5:9])
        assert placed.dtype == np.float32
        np.testing.assert_allclose(placed, Z[5:9], atol=1e-5)
        between = pca.transform(X, Z, np.asarray(X[:1] / 2 + X[1:2] / 2, dtype=np.float32))
        np.testing.assert_allclose(between, np.mean(Z[:2], axis=0)[None], atol=1e-5)
    assert Pca().transform(X, Z, X[:0]).shape == (0, 3)
    with pytest.raises(CoveyError, match="pca: new images need 6 features, not 5"):
        Pca().transform(X, Z, X[:, :5])
