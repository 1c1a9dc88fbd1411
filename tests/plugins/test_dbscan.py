"""DBSCAN against its plain definition."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from covey import CoveyError
from covey_dbscan import Dbscan

Floats = NDArray[np.float32]


def points(count: int, columns: int, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(4, columns), scale=2)
    return (centres[random.integers(0, 4, count)] + random.normal(size=(count, columns))).astype(np.float32)


def neighbourhoods(Z: Floats, eps: float) -> NDArray[np.bool_]:
    """Which points lie within eps of each other."""
    wide = Z.astype(np.float64)
    return np.asarray(np.linalg.norm(wide[:, None] - wide, axis=2) <= eps)


def connected(near: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The lowest row that each row reaches."""
    lowest = np.arange(len(near))
    while True:
        spread = np.where(near, lowest, len(near)).min(axis=1, initial=len(near))
        if (spread == lowest).all():
            return lowest
        lowest = spread


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 80),
    columns=st.integers(1, 20),
    eps=st.floats(0.2, 6),
    min_samples=st.integers(1, 12),
    seed=st.integers(0, 999),
)
def test_the_definition(count: int, columns: int, eps: float, min_samples: int, seed: int) -> None:
    Z = points(count, columns, seed)
    labels = Dbscan(eps=eps, min_samples=min_samples).cluster(Z)
    near = neighbourhoods(Z, eps)
    dense = near.sum(axis=1) >= min_samples
    groups = connected(near[np.ix_(dense, dense)])
    same = labels[dense][:, None] == labels[dense]
    np.testing.assert_array_equal(same, groups[:, None] == groups)
    assert (labels[dense] >= 0).all()
    for row in np.flatnonzero(~dense):
        reached = set(labels[near[row] & dense].tolist())
        assert labels[row] in (reached or {-1})


@pytest.mark.parametrize("count", [0, 1, 9])
def test_fewer_points_than_make_a_place_dense_are_noise(count: int) -> None:
    labels = Dbscan(min_samples=10).cluster(np.zeros((count, 8), dtype=np.float32))
    assert labels.dtype == np.int32
    assert labels.tolist() == [-1] * count


def test_ten_points_in_one_place_are_a_group() -> None:
    assert Dbscan(min_samples=10).cluster(np.zeros((10, 8), dtype=np.float32)).tolist() == [0] * 10


def test_no_group_at_all_is_an_answer() -> None:
    assert set(Dbscan(eps=0.01, min_samples=5).cluster(points(50, 8, 0)).tolist()) == {-1}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    Z = points(30, 3, 0)
    Z[4, 1] = value
    with pytest.raises(CoveyError, match="dbscan: the data hold values that are no finite numbers"):
        Dbscan().cluster(Z)


def test_a_radius_of_zero_is_refused() -> None:
    with pytest.raises(CoveyError, match="'eps' must be a number greater than 0, or none, not 0"):
        Dbscan(eps=0)


def test_the_radius_follows_from_the_data_if_none_is_set() -> None:
    Z = np.concatenate([points(60, 3, 0), points(60, 3, 1) + 50]).astype(np.float32)
    prepared = Dbscan().prepare(Z)
    suited = Dbscan().resolve(Z)
    assert suited.eps is not None
    assert suited.eps < 10
    assert prepared.suggest("eps") == suited.eps
    assert prepared.explain("eps").startswith(f"{Dbscan().cluster(Z).max() + 1} groups; ")
    assert Dbscan().resolve(10 * Z).eps == pytest.approx(10 * suited.eps, rel=0.02)
    np.testing.assert_array_equal(Dbscan().cluster(Z), suited.cluster(Z))
    assert Dbscan().cluster(Z).max() >= 1
    assert Dbscan(eps=0.3, min_samples=4).resolve(Z) == Dbscan(eps=0.3, min_samples=4)
    assert Dbscan(eps=0.3).resolve(Z).min_samples == 5


def test_a_suggestion_that_makes_one_large_group_names_a_finer_one() -> None:
    centres = np.repeat([[0, 0], [20, 0], [0, 20], [20, 20]], [500, 80, 80, 80], axis=0)
    Z = (centres + np.random.default_rng(0).normal(size=centres.shape)).astype(np.float32)
    reason = r"4 groups; .*\. One group holds 68% of the images: eps [\d.]+ makes \d+ groups, the largest with \d\d%"
    assert re.fullmatch(rf"{reason}", Dbscan().prepare(Z).explain("eps"))


@pytest.mark.parametrize(
    ("spread", "reason"),
    [
        (0.1, r"4 groups; as many groups between eps [\d.]+ and [\d.]+"),
        (1.2, r"4 groups; 4 to 5 between eps [\d.]+ and [\d.]+"),
        (1.7, "4 groups; no other eps tells the images apart as well"),
    ],
)
def test_the_reason_of_a_suggestion_says_how_far_it_holds(spread: float, reason: str) -> None:
    centres = np.repeat([[0, 0], [5, 0], [0, 5], [5, 5]], 50, axis=0)
    noise = np.random.default_rng(0).normal(size=centres.shape) * spread
    assert re.fullmatch(reason, Dbscan().prepare((centres + noise).astype(np.float32)).explain("eps"))


@pytest.mark.parametrize(("count", "groups"), [(192, 12), (2000, 10), (2000, 40)])
def test_equal_groups_are_found_among_few_points_and_many_groups_among_more(count: int, groups: int) -> None:
    random = np.random.default_rng(1)
    Z = random.normal(size=(groups, 8))[np.arange(count) % groups] + random.normal(size=(count, 8), scale=0.1)
    assert 0.9 * groups <= Dbscan().cluster(Z.astype(np.float32)).max() + 1 <= groups


@pytest.mark.parametrize("min_samples", [None, 1, 2])
def test_three_groups_of_eight_are_found_and_not_pairs_that_lie_close_together(min_samples: int | None) -> None:
    random = np.random.default_rng(1)
    Z = random.normal(size=(3, 8))[np.arange(24) % 3] + random.normal(size=(24, 8), scale=0.1)
    labels = Dbscan(min_samples=min_samples).cluster(Z.astype(np.float32))
    assert labels.tolist() == [0, 1, 2] * 8
