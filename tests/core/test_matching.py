"""Clusters keep their ids when they change."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from covey import CoveyError
from covey.analysis.match_clusters import match_clusters

Labels = NDArray[np.int32]


def labels(*values: int) -> Labels:
    return np.array(values, dtype=np.int32)


def test_renumbered_clusters_get_their_ids_back() -> None:
    computed = match_clusters(labels(7, 7, 3, 3, -1, 5), labels(0, 0, 1, 1, -1, 2))
    assert computed.tolist() == [7, 7, 3, 3, -1, 5]


def test_the_larger_part_of_a_split_keeps_the_id_and_the_other_gets_a_fresh_one() -> None:
    computed = match_clusters(labels(4, 4, 4, 4, 4, 9), labels(0, 0, 1, 1, 1, 2))
    assert computed.tolist() == [10, 10, 4, 4, 4, 9]


def test_of_merged_clusters_the_larger_gives_the_id() -> None:
    computed = match_clusters(labels(0, 0, 1, 1, 1, -1), labels(0, 0, 0, 0, 0, 0))
    assert computed.tolist() == [1] * 6


def test_a_few_images_that_change_sides_are_neither_split_nor_merge() -> None:
    computed = match_clusters(labels(0, 0, 0, 0, 1, 1, 1, 1), labels(1, 1, 1, 0, 0, 0, 0, 0))
    assert computed.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([], [], []),
        ([-1, -1], [-1, -1], [-1, -1]),
        ([-1, -1], [0, 1], [0, 1]),
        ([0, 3], [-1, -1], [-1, -1]),
        ([0, 3, -1, -1], [-1, -1, 0, 1], [-1, -1, 4, 5]),
    ],
)
def test_noise_has_no_identity(old: list[int], new: list[int], expected: list[int]) -> None:
    computed = match_clusters(labels(*old), labels(*new))
    assert computed.dtype == np.int32
    assert computed.tolist() == expected


def test_clusters_of_other_images_are_refused() -> None:
    with pytest.raises(CoveyError, match="of 2 and of 3 images cannot be matched"):
        match_clusters(labels(0, 1), labels(0, 1, 2))


@settings(max_examples=200, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), max_size=30))
def test_membership_stays_and_as_many_images_as_can_keep_their_id(pairs: list[tuple[int, int]]) -> None:
    old, new = (labels(*side) for side in zip(*pairs, strict=True)) if pairs else (labels(), labels())
    computed = match_clusters(old, new)
    np.testing.assert_array_equal(computed == -1, new == -1)
    np.testing.assert_array_equal(computed[:, None] == computed, new[:, None] == new)
    stored = int(((computed == old) & (old != -1)).sum())
    assert stored == most_kept(old, new)


def most_kept(old: Labels, new: Labels) -> int:
    """Try all one-to-one assignments."""
    shared = [[int(((old == i) & (new == j)).sum()) for j in range(5)] for i in range(5)]
    return max(sum(shared[i][j] for i, j in enumerate(order)) for order in itertools.permutations(range(5)))


def test_many_clusters_are_matched_without_a_table_of_all_pairs() -> None:
    old = np.arange(60_000, dtype=np.int32) // 2
    assert (match_clusters(old, old[::-1].copy()[::-1] + np.int32(5)) == old).all()
