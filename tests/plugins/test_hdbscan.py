"""HDBSCAN: groups of differing density, and what it does with little or odd data."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError
from covey_hdbscan import Hdbscan

Floats = NDArray[np.float32]


def groups() -> tuple[Floats, NDArray[np.intp]]:
    """Two dense groups near each other and a loose one far away, each of 60 points."""
    random = np.random.default_rng(0)
    group = random.permutation(180) % 3
    centres = np.array([[0, 0, 0], [2, 0, 0], [30, 0, 0]])
    spread = np.array([0.1, 0.1, 2.0])[group, None] * random.normal(size=(180, 3))
    return (centres[group] + spread).astype(np.float32), group


def test_groups_of_differing_density_are_found() -> None:
    from sklearn.metrics import adjusted_rand_score

    Z, group = groups()
    labels = Hdbscan().cluster(Z)
    assert sorted(set(labels.tolist()) - {-1}) == [0, 1, 2]
    assert adjusted_rand_score(group[labels >= 0], labels[labels >= 0]) == 1
    assert (labels >= 0).mean() > 0.8


def test_epsilon_joins_groups_that_are_near() -> None:
    Z, group = groups()
    labels = Hdbscan(epsilon=3.0).cluster(Z)
    near = labels[group < 2]
    assert len(set(near[near >= 0].tolist())) == 1


def test_leaf_finds_at_least_as_many_groups_as_eom() -> None:
    Z, _ = groups()
    eom, leaf = (Hdbscan(method=method, min_cluster_size=5).cluster(Z).max() for method in ("eom", "leaf"))
    assert leaf > eom


def test_min_samples_none_takes_the_smallest_groups_size() -> None:
    Z, _ = groups()
    none, same, second = (
        Hdbscan(min_cluster_size=12, min_samples=value, method="leaf").cluster(Z) for value in (None, 12, 2)
    )
    np.testing.assert_array_equal(none, same)
    assert not np.array_equal(none, second)


def test_the_smallest_group_is_as_small_as_asked() -> None:
    Z, _ = groups()
    labels = Hdbscan(min_cluster_size=20, method="leaf").cluster(Z)
    assert np.bincount(labels[labels >= 0]).min() >= 20


@pytest.mark.parametrize(
    ("count", "options"),
    [(0, {}), (1, {}), (14, {}), (30, {"min_samples": 31}), (2, {"min_cluster_size": 3, "min_samples": None})],
)
def test_fewer_points_than_make_a_group_are_noise(count: int, options: dict[str, int | None]) -> None:
    labels = Hdbscan(**options).cluster(groups()[0][:count])  # type: ignore[arg-type]
    assert labels.dtype == np.int32
    assert labels.tolist() == [-1] * count


@pytest.mark.parametrize("count", [2, 3, 15, 16, 60])
def test_equal_points_give_labels_and_no_warnings(count: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = Hdbscan(min_cluster_size=2, min_samples=None).cluster(np.ones((count, 4), dtype=np.float32))
    assert labels.shape == (count,)


def test_many_dimensions_that_say_nothing_change_nothing() -> None:
    Z, _ = groups()
    wide = np.concatenate([Z, np.zeros((180, 70), dtype=np.float32)], axis=1)
    narrow, labels_of_rows = Hdbscan().cluster(Z), Hdbscan().cluster(wide)
    np.testing.assert_array_equal(labels_of_rows[:, None] == labels_of_rows, narrow[:, None] == narrow)


def test_values_that_are_no_numbers_are_refused() -> None:
    Z, _ = groups()
    Z[4, 1] = np.nan
    with pytest.raises(CoveyError, match="hdbscan: the data hold values that are no finite numbers"):
        Hdbscan().cluster(Z)


def test_a_preparation_serves_any_size_method_and_epsilon() -> None:
    Z, _ = groups()
    prepared = Hdbscan().prepare(Z)
    for size, method, epsilon in itertools.product((2, 7, 30), ("eom", "leaf"), (0.0, 0.4)):
        clusterer = Hdbscan(min_cluster_size=size, method=method, epsilon=epsilon)
        labels = prepared.labels(clusterer)
        assert labels is not None
        np.testing.assert_array_equal(labels, clusterer.cluster(Z))
    assert prepared.labels(Hdbscan(min_samples=6)) is None
    assert prepared.labels(Hdbscan(min_samples=None)) is None


def scattered(seed: int) -> Floats:
    """Groups of differing width and size, some of which overlap."""
    random = np.random.default_rng(seed)
    group = random.integers(0, 8, 400) * random.integers(0, 2, 400)
    centres, width = random.normal(size=(8, 3), scale=3), random.uniform(0.05, 1, 8)
    points: NDArray[np.float64] = centres[group] + width[group, None] * random.normal(size=(400, 3))
    return points.astype(np.float32)


@pytest.mark.parametrize("method", ["eom", "leaf"])
@pytest.mark.parametrize("size", [2, 8, 30])
def test_where_no_edges_are_equally_long_the_groups_are_those_of_the_package(method: str, size: int) -> None:
    HDBSCAN = pytest.importorskip("hdbscan", reason="needs covey[hdbscan]").HDBSCAN
    most = 0
    for seed, epsilon in itertools.product(range(4), (0.0, 0.4, 2.0)):
        Z = groups()[0] if seed == 0 else scattered(seed)
        labels = Hdbscan(min_cluster_size=size, min_samples=1, method=method, epsilon=epsilon).cluster(Z)
        options = {"cluster_selection_method": method, "cluster_selection_epsilon": epsilon}
        expected = HDBSCAN(min_cluster_size=size, min_samples=1, **options).fit_predict(Z.astype(np.float64))
        np.testing.assert_array_equal(labels[:, None] == labels, expected[:, None] == expected)
        np.testing.assert_array_equal(labels == -1, expected == -1)
        most = max(most, int(labels.max()))
    assert most > 1


def test_groups_are_numbered_in_the_order_of_their_first_rows() -> None:
    labels = Hdbscan(min_cluster_size=5, method="leaf").cluster(scattered(1))
    _, first_rows = np.unique(labels[labels >= 0], return_index=True)
    assert len(first_rows) > 4
    assert first_rows.tolist() == sorted(first_rows.tolist())
