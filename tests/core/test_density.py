"""Density: DBSCAN, direct and from the tree, against its plain definition and scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from covey._base.progress import Progress, Step
from covey.analysis.density import Tree, dbscan, spanning_tree
from covey.analysis.density.exact_dbscan import join

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


def points(count: int, columns: int, seed: int, *, grid: bool = False) -> Floats:
    """Groups of differing density; on a grid there are many equal points and equal distances."""
    random = np.random.default_rng(seed)
    group = random.integers(0, 5, count)
    spread = random.uniform(0.05, 1.0, 5)[group, None]
    Z = random.normal(size=(5, columns), scale=2)[group] + spread * random.normal(size=(count, columns))
    return (np.round(Z) if grid else Z).astype(np.float32)


def distances_of(Z: Floats | NDArray[np.float64]) -> NDArray[np.float64]:
    """The distances of all pairs, (n, n)."""
    wide = Z.astype(np.float64)
    distances: NDArray[np.float64] = np.sqrt(((wide[:, None] - wide) ** 2).sum(axis=2))
    return distances


def defined(Z: Floats, eps: float, min_samples: int) -> Labels:
    """DBSCAN as it is defined, over all pairs; border points go to the nearest dense point of the lowest row."""
    distances = distances_of(Z)
    near: Mask = distances <= eps
    dense: Mask = np.count_nonzero(near, axis=1) >= min_samples
    labels: Labels = np.full(len(Z), -1, dtype=np.int32)
    rows: list[int] = np.flatnonzero(dense).tolist()
    for row in rows:
        if int(labels[row]) == -1:
            pending, number = [row], int(labels.max()) + 1
            while pending:
                member = pending.pop()
                labels[member] = number
                unlabelled: Mask = labels == -1
                pending += np.flatnonzero(dense & near[member] & unlabelled).tolist()
    sparse: list[int] = np.flatnonzero(~dense).tolist()
    for row in sparse:
        reached = np.flatnonzero(dense & near[row])
        if len(reached):
            labels[row] = labels[reached[int(distances[row, reached].argmin())]]
    return labels


cases = given(
    count=st.integers(0, 90),
    columns=st.integers(1, 12),
    eps=st.floats(0.05, 8),
    min_samples=st.integers(1, 15),
    seed=st.integers(0, 9999),
    grid=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@cases
@example(count=40, columns=2, eps=1.0, min_samples=4, seed=0, grid=True)
@example(count=40, columns=3, eps=1e-6, min_samples=2, seed=0, grid=False)
@example(count=40, columns=3, eps=100, min_samples=2, seed=0, grid=False)
def test_direct_and_prepared_labels_are_the_definitions(
    count: int, columns: int, eps: float, min_samples: int, seed: int, grid: bool
) -> None:
    Z = points(count, columns, seed, grid=grid)
    expected = defined(Z, eps, min_samples)
    tree = Tree.grow(Z, min_samples)
    for labels in (dbscan(Z, eps, min_samples), tree.labels(eps)):
        assert labels.dtype == np.int32
        np.testing.assert_array_equal(labels, expected)


def spanning_weights(Z: Floats, min_samples: int) -> NDArray[np.float64]:
    """The edges of the minimum spanning tree of mutual reachability, ascending, by Prim's algorithm over all pairs."""
    reach = distances_of(Z)
    core: NDArray[np.float64] = np.full(len(Z), np.inf)
    if len(Z) >= min_samples:
        core = np.sort(reach, axis=1)[:, min_samples - 1]
    reach = np.maximum(np.maximum(reach, core), core[:, None])
    weights: list[float] = []
    nearest: NDArray[np.float64] = reach[:1].min(axis=0, initial=np.inf)
    outside = list(range(1, len(Z)))
    while outside:
        row = min(outside, key=lambda candidate: float(nearest[candidate]))
        outside.remove(row)
        weights.append(float(nearest[row]))
        nearest = np.minimum(nearest, reach[row])
    return np.sort(np.array(weights, dtype=np.float64))


@settings(max_examples=40, deadline=None)
@cases
def test_the_tree_is_minimal(count: int, columns: int, eps: float, min_samples: int, seed: int, grid: bool) -> None:
    Z = points(count, columns, seed, grid=grid)
    expected = spanning_weights(Z, min_samples)
    for few_groups in (1, 4, 300):  # so that few points come to each of the ways to find missing edges
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spanning_tree, "FEW_GROUPS", few_groups)
            np.testing.assert_allclose(Tree.grow(Z, min_samples).weights, expected, rtol=1e-12)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("between", "expected"), [(0.9, 0.0), (1.1, 2.0), (1.0, None)])
def test_a_border_point_goes_to_the_nearest_dense_point_or_the_lowest_row(
    between: float, expected: float | None, turned: bool
) -> None:
    values = [0, -0.5, -0.5, -0.5, between, 2.5, 2.5, 2.5, 2][:: -1 if turned else 1]
    places: NDArray[np.float64] = np.array(values, dtype=np.float64)[:, None]
    for array in (dbscan(places, 1.1, 4), Tree.grow(places, 4).labels(1.1)):
        labels: list[int] = array.tolist()
        assert labels[4] == labels[0 if expected is None else values.index(expected)]
        assert labels == [0, 0, 0, 0, labels[4], 1, 1, 1, 1]


@pytest.mark.parametrize(("columns", "eps"), [(2, 0.02), (2, 0.1), (3, 0.15), (8, 0.5), (8, 1.0), (8, 2.0), (20, 3.0)])
def test_the_dense_points_fall_apart_as_in_scikit_learn(columns: int, eps: float) -> None:
    from sklearn.cluster import DBSCAN

    Z = points(4000, columns, seed=columns)
    fitted = DBSCAN(eps=eps, min_samples=10).fit(Z.astype(np.float64))
    dense: NDArray[np.intp] = np.asarray(fitted.core_sample_indices_)
    reference: Labels = np.asarray(fitted.labels_, dtype=np.int32)
    labels = dbscan(Z, eps, 10)
    pairs = np.unique(np.stack([labels[dense], reference[dense]], axis=1), axis=0)
    clusters = int(reference.max()) + 1
    assert len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == clusters
    np.testing.assert_array_equal(labels == -1, reference == -1)
    np.testing.assert_array_equal(Tree.grow(Z, 10).labels(eps), labels)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 600), columns=st.integers(1, 6), radius=st.floats(0, 3, allow_subnormal=False),
    parts=st.integers(1, 40), seed=st.integers(0, 999),
)  # fmt: skip
def test_groups_within_a_radius_are_joined_and_no_others(
    count: int, columns: int, radius: float, parts: int, seed: int
) -> None:
    Z = points(count, columns, seed).astype(np.float64)
    drawn: NDArray[np.intp] = np.random.default_rng(seed).integers(0, parts, count)
    groups = np.unique(drawn, return_inverse=True)[1]
    near: Mask = distances_of(Z) <= radius
    lowest = groups.copy()
    while True:
        reached = [int(lowest[near[row]].min()) for row in range(count)]
        spread: NDArray[np.intp] = np.array(reached, dtype=np.intp)
        of_groups = [int(spread[groups == group].min()) for group in range(int(groups.max()) + 1)]
        spread = np.array(of_groups, dtype=np.intp)[groups]
        if np.array_equal(spread, lowest):
            break
        lowest = spread
    joined = join(Z, groups, radius)
    assert np.unique(joined).tolist() == list(range(int(joined.max()) + 1))
    np.testing.assert_array_equal(joined[:, None] == joined, lowest[:, None] == lowest)


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_fewer_points_than_make_a_point_dense_are_noise(count: int) -> None:
    Z = np.zeros((count, 3), dtype=np.float32)
    assert dbscan(Z, 1, 10).tolist() == Tree.grow(Z, 10).labels(1).tolist() == [-1] * count


@pytest.mark.parametrize("count", [1, 2, 10, 500])
def test_points_in_one_place_are_one_cluster(count: int) -> None:
    Z = np.ones((count, 4), dtype=np.float32)
    for min_samples in (1, min(count, 10)):
        assert dbscan(Z, 0.1, min_samples).tolist() == Tree.grow(Z, min_samples).labels(0.1).tolist() == [0] * count


def test_growing_reports_its_progress() -> None:
    class Recorded(Progress):
        done = 0.0

        @contextmanager
        def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
            progress = self

            class Counted(Step):
                def advance(self, count: int = 1) -> None:
                    progress.done += count / total

            yield Counted()

    progress = Recorded()
    Tree.grow(points(50, 3, 0), 5, progress)
    assert progress.done == 1


def test_the_radii_lead_from_few_dense_points_to_one_cluster() -> None:
    tree = Tree.grow(points(2000, 3, 0), 10)
    radii = tree.radii()
    assert len(radii) == 100
    assert radii == sorted(radii)
    few, all_of_them = tree.labels(radii[0]), tree.labels(radii[-1])
    assert np.count_nonzero(few >= 0) < 0.2 * len(few)
    assert not all_of_them.any()


def groups_of_points(count: int, shares: Sequence[float], noise: float = 0.0) -> Floats:
    """Return points (count, 4) in groups of different width, and noise around them."""
    random = np.random.default_rng(count)
    centres = random.permutation(np.array(list(product((-8, 8), repeat=4))))[: len(shares)]
    rows = random.choice(len(shares), count, p=np.array(shares) / sum(shares))
    Z = centres[rows] + random.normal(size=(count, 4)) * (1 + rows[:, None] % 3)
    is_noise = random.random(count) < noise
    return np.where(is_noise[:, None], random.uniform(-20, 20, (count, 4)), Z).astype(np.float32)


@pytest.mark.parametrize(
    ("count", "shares", "noise"),
    [
        (300, [1] * 9, 0.0),
        (20000, [1] * 9, 0.0),
        (1000, [1] * 9, 0.4),
        (20000, [1] * 9, 0.4),
        (1000, [8, *[1] * 8], 0.1),
        (20000, [8, *[1] * 8], 0.1),
    ],
)
def test_the_suggested_radius_finds_the_groups_at_any_number_of_points(
    count: int, shares: list[float], noise: float
) -> None:
    tree = Tree.grow(groups_of_points(count, shares, noise), 6)
    choice = tree.choose_radius()
    assert choice is not None
    assert len(shares) / 1.5 <= choice.chosen.clusters <= len(shares) * 1.5
    assert choice.equals[-1] == choice.chosen
    assert choice.chosen.radius in tree.radii()


@pytest.mark.parametrize("largest", [1, 30])
def test_where_one_group_holds_most_points_a_finer_radius_is_offered(largest: int) -> None:
    tree = Tree.grow(groups_of_points(3000, [largest, *[1] * 8]), 6)
    choice = tree.choose_radius()
    assert choice is not None
    assert (choice.chosen.largest > 0.5) == (choice.finer is not None) == (largest == 30)
    if choice.finer:
        assert choice.finer.radius < choice.chosen.radius
        labels = tree.labels(choice.finer.radius)
        assert np.bincount(labels[labels >= 0]).max() <= len(labels) / 2


def test_where_nothing_is_told_apart_most_points_are_dense_at_the_suggested_radius() -> None:
    Z = np.stack(np.meshgrid(np.arange(30), np.arange(30)), axis=-1).reshape(900, 2).astype(np.float32)
    choice = Tree.grow(Z, 6).choose_radius()
    assert choice is not None
    assert choice.chosen.clusters == 1
    neighbours: NDArray[np.intp] = np.count_nonzero(distances_of(Z) <= choice.chosen.radius, axis=1)
    assert np.count_nonzero(neighbours >= 6) / len(Z) >= 0.85


@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_nothing_is_suggested_where_there_is_nothing_to_choose(count: int) -> None:
    tree = Tree.grow(np.zeros((count, 3), dtype=np.float32), 10)
    assert tree.radii() == []
    assert tree.choose_radius() is None
