"""UMAP: what it keeps, that it is the same each time, and what it does with little or odd data."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("umap", reason="needs covey[umap]")

from covey import CoveyError
from covey.analysis.feature_sets import combine_features
from covey.data.provenance import Provenance
from covey.testing.samples import random_groups
from covey_umap import Umap

Floats = NDArray[np.float32]


def blobs(count: int = 150, columns: int = 20, groups: int = 5) -> tuple[Floats, NDArray[np.intp]]:
    """Rows in groups that lie apart."""
    random = np.random.default_rng(0)
    group = random.integers(0, groups, count)
    X = random.normal(size=(groups, columns))[group] * 4 + random.normal(size=(count, columns))
    return X.astype(np.float32), group


def reduced(X: Floats, *sizes: int, **options: object) -> list[Floats]:
    return list(Umap(**options).reduce(X, sizes))  # type: ignore[arg-type]


def test_neighbours_stay_neighbours() -> None:
    from sklearn.manifold import trustworthiness

    X, _ = blobs()
    flat, eight = reduced(X, 2, 8)
    assert trustworthiness(X, flat, n_neighbors=10) > 0.8
    assert trustworthiness(X, eight, n_neighbors=10) > 0.8


def test_neighbourhoods_are_preserved_as_well_as_by_umap_learn() -> None:
    """The layout is covey's own: it must preserve neighbourhoods as umap-learn does, and agree with it on most."""
    import umap
    from sklearn.manifold import trustworthiness
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    X, _ = blobs(600)
    standardised = StandardScaler().fit_transform(X)
    theirs = umap.UMAP(n_components=4, n_neighbors=10, min_dist=0.0, random_state=0, n_jobs=1).fit_transform(
        standardised
    )
    (ours,) = reduced(X, 4, neighbors=10, metric="euclidean", whiten=0.0)
    scores = [trustworthiness(standardised, Z, n_neighbors=10) for Z in (ours, theirs)]
    assert scores[0] > scores[1] - 0.02
    neighbours = [NearestNeighbors(n_neighbors=15).fit(Z).kneighbors(return_distance=False) for Z in (ours, theirs)]
    overlap = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(*neighbours, strict=True)])
    assert overlap > 0.5


def test_every_dimension_is_standardised() -> None:
    for Z in reduced(blobs()[0], 2, 3):
        np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(Z.std(axis=0), 1, atol=1e-5)


def test_sizes_are_yielded_one_by_one_and_do_not_depend_on_each_other() -> None:
    X, _ = blobs()
    steps = iter(Umap().reduce(X, [4, 2]))
    four, two = next(steps), next(steps)
    assert four.shape == (150, 4)
    np.testing.assert_array_equal(reduced(X, 2)[0], two)
    np.testing.assert_array_equal(reduced(X, 3, 4)[1], four)


def test_a_seed_decides_the_result() -> None:
    X, _ = blobs()
    first, again, second = (reduced(X, 2, seed=seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)


def test_approximate_neighbours_beyond_many_images_are_the_same_on_any_number_of_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import numba

    monkeypatch.setattr("covey_umap.EXACT", 900)
    X, group = blobs(1000, 100)
    (first,) = reduced(X, 2, epochs=50)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    (again,) = reduced(X, 2, epochs=50)
    numba.set_num_threads(threads)
    np.testing.assert_array_equal(first, again)
    distances = np.linalg.norm(first[:500, None] - first[:500], axis=2) + np.diag(np.full(500, np.inf))
    assert (group[distances.argmin(axis=1)] == group[:500]).mean() > 0.9


def test_without_a_seed_there_is_a_result_too() -> None:
    (Z,) = reduced(blobs()[0], 2, seed=None)
    assert Z.shape == (150, 2)
    assert np.isfinite(Z).all()


def test_scale_and_constant_features_do_not_matter() -> None:
    X, _ = blobs(columns=4)
    wide = np.concatenate([X * 8, np.full((len(X), 3), 1e6, dtype=np.float32)], axis=1)
    np.testing.assert_array_equal(reduced(X, 2)[0], reduced(wide, 2)[0])


def test_pca_keeps_the_strongest_components_only() -> None:
    X, group = blobs(columns=20)
    noisy = np.concatenate([X, np.random.default_rng(1).normal(size=(len(X), 30)).astype(np.float32)], axis=1)
    Z, wider = (reduced(noisy, 2, pca=components)[0] for components in (4, 30))
    assert not np.array_equal(Z, wider)
    inner = np.mean([Z[group == index].std(axis=0).mean() for index in range(5)])
    assert inner < 0.5
    np.testing.assert_array_equal(reduced(X, 2, pca=20)[0], reduced(X, 2, pca=500)[0])


def test_a_larger_min_dist_spreads_groups_out() -> None:
    X, group = blobs()
    tight, loose = (reduced(X, 2, min_dist=value)[0] for value in (0.0, 0.9))
    spread = [np.mean([Z[group == index].std(axis=0).mean() for index in range(5)]) for Z in (tight, loose)]
    assert spread[0] < spread[1]


@pytest.mark.parametrize("kind", ["random", "half equal", "all equal"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 11])
def test_few_or_equal_images_give_finite_places_and_no_warnings(count: int, kind: str) -> None:
    X = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    X[{"random": count, "half equal": count // 2, "all equal": 0}[kind] :] = X[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embeddings_of_images = reduced(X, 2, 8)
    assert [Z.shape for Z in embeddings_of_images] == [(count, 2), (count, 8)]
    assert all(Z.dtype == np.float32 and np.isfinite(Z).all() for Z in embeddings_of_images)


def test_whitening_lets_weak_differences_count() -> None:
    """Ten features repeat one random number; only two tell the groups apart."""
    random = np.random.default_rng(0)
    group = random.integers(0, 4, 200)
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])[group] + random.normal(scale=0.2, size=(200, 2))
    noise = np.repeat(random.normal(size=(200, 3)), 10, axis=1)
    X = np.hstack([corners, noise + random.normal(scale=0.01, size=noise.shape)]).astype(np.float32)
    purities = []
    for whiten in (0.0, 0.5):
        (Z,) = reduced(X, 4, whiten=whiten, pca=5)
        distances = np.linalg.norm(Z[:, None] - Z, axis=2) + np.diag(np.full(200, np.inf))
        purities.append((group[distances.argsort(axis=1)[:, :10]] == group[:, None]).mean())
    assert purities[1] > purities[0] + 0.1


def test_neighbours_are_searched_among_features_whitened_as_a_join_whitens_them() -> None:
    """The mean of the neighbours' positions names the neighbours, if each row has a dimension of its own."""
    X, _ = blobs()
    whitened = combine_features([X], 0.5, np.arange(len(X)))
    unit = whitened / np.linalg.norm(whitened, axis=1, keepdims=True)
    nearest = (unit @ unit.T - 2 * np.eye(len(X))).argsort(axis=1)[:, ::-1][:, :5]
    columns = np.eye(len(X), dtype=np.float32)
    moved = X + np.random.default_rng(1).normal(scale=0.02, size=X.shape).astype(np.float32)
    weights = Umap(neighbors=6).transform(X, columns, moved)
    shared = [len(set(nearest[row]) & set(np.flatnonzero(weights[row]))) for row in range(len(X))]
    assert np.mean(shared) > 4.8


def test_without_whitening_the_key_is_that_of_earlier_tables() -> None:
    earlier = "5825e7e82c356f7c1654194c11f8c6774dd08d827a5e3b93ebf397711a3e9c4f"
    assert Provenance.of(Umap(neighbors=10, metric="euclidean", whiten=0), "features").key == earlier
    assert Provenance.of(Umap(neighbors=10, metric="euclidean"), "features").key != earlier


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_other_metrics(metric: str) -> None:
    (Z,) = reduced(blobs()[0], 2, metric=metric)
    assert np.isfinite(Z).all()


@pytest.mark.parametrize("name", ["fast_knn_indices", "smooth_knn_dist", "compute_membership_strengths"])
def test_compiled_code_is_kept_for_the_next_process(name: str) -> None:
    from umap import umap_

    reduced(blobs()[0], 2, epochs=1)
    folder = Path(getattr(umap_, name).stats.cache_path)
    assert list(folder.glob(f"*.{name}-*.nbi"))


def test_values_that_are_no_numbers_are_refused() -> None:
    X, _ = blobs()
    X[3, 2] = np.nan
    with pytest.raises(CoveyError, match="umap: the features hold values that are no finite numbers"):
        reduced(X, 2)


@pytest.mark.parametrize("options", [{}, {"metric": "euclidean", "whiten": 0}, {"pca": 4}, {"whiten": 0.8}])
def test_new_rows_are_placed_among_their_neighbours(options: dict[str, object]) -> None:
    X, group = blobs()
    Z = reduced(X[:120], 3, **options)[0]
    placed = Umap(**options).transform(X[:120], Z, X[120:])  # type: ignore[arg-type]
    assert placed.shape == (30, 3)
    assert placed.dtype == np.float32
    nearest = np.linalg.norm(placed[:, None] - Z, axis=2).argmin(axis=1)
    assert (group[:120][nearest] == group[120:]).mean() > 0.9


def test_a_row_of_the_embedding_is_placed_where_it_is() -> None:
    X, _ = blobs()
    (Z,) = reduced(X, 2)
    np.testing.assert_allclose(Umap().transform(X, Z, X[:20]), Z[:20], atol=1e-4)


def test_few_or_no_rows_can_be_placed() -> None:
    X, _ = blobs()
    Z = np.zeros((1, 2), dtype=np.float32)
    assert Umap().transform(X[:1], Z, X[:5]).tolist() == [[0, 0]] * 5
    assert Umap().transform(X[:1], Z, X[:0]).shape == (0, 2)
    with pytest.raises(CoveyError, match="umap: new images need 20 features, not 19"):
        Umap().transform(X[:1], Z, X[:5, :19])


def test_results_are_the_same_on_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    X, _ = blobs()
    many = reduced(X, 2, 3, 8)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    for first, second in zip(many, reduced(X, 2, 3, 8), strict=True):
        np.testing.assert_array_equal(first, second)


def test_beyond_many_images_new_rows_are_placed_by_approximate_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    X, _ = random_groups(600, 12, 3)
    (Z,) = Umap(epochs=20).reduce(X[:400], [2])
    exact = Umap().transform(X[:400], Z, X[400:])
    monkeypatch.setattr("covey_umap.EXACT", 300)
    place = Umap().prepare_transform(X[:400], [Z, Z])
    first, second = place(X[400:])
    assert np.array_equal(first, second)
    assert np.array_equal(first[50:], place(X[450:])[0])
    assert np.median(np.abs(first - exact)) < 0.01 * np.ptp(Z)
