"""k-means: as many groups as are asked for, and nothing is noise."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError
from covey_kmeans import Kmeans

Floats = NDArray[np.float32]


def blobs(groups: int = 5, each: int = 30) -> tuple[Floats, NDArray[np.intp]]:
    random = np.random.default_rng(0)
    group = random.permutation(np.repeat(np.arange(groups), each))
    centres = random.normal(size=(groups, 4), scale=10)
    return (centres[group] + random.normal(size=(len(group), 4))).astype(np.float32), group


def test_groups_that_lie_apart_are_found() -> None:
    Z, group = blobs()
    labels = Kmeans(clusters=5).cluster(Z)
    pairs = {(label, number) for label, number in zip(labels.tolist(), group.tolist(), strict=True)}
    assert len(pairs) == 5


def test_every_image_is_nearest_to_its_own_centre() -> None:
    Z, _ = blobs()
    labels = Kmeans(clusters=8).cluster(Z)
    assert sorted(set(labels.tolist())) == list(range(8))
    centres = np.stack([Z[labels == label].mean(axis=0) for label in range(8)])
    distances = np.linalg.norm(Z[:, None] - centres, axis=2)
    assert (distances.argmin(axis=1) == labels).all()


def test_a_seed_decides_the_result() -> None:
    Z = np.random.default_rng(1).uniform(size=(300, 3)).astype(np.float32)
    first, again, second = (Kmeans(clusters=20, seed=seed).cluster(Z) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_fewer_images_than_groups(count: int) -> None:
    Z = np.arange(count, dtype=np.float32)[:, None]
    assert sorted(Kmeans(clusters=10).cluster(Z).tolist()) == list(range(count))


def test_equal_images_are_one_group_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Kmeans().cluster(np.ones((30, 3), dtype=np.float32)).tolist() == [0] * 30


def test_values_that_are_no_numbers_are_refused() -> None:
    Z, _ = blobs()
    Z[4, 1] = np.nan
    with pytest.raises(CoveyError, match="kmeans: the data hold values that are no finite numbers"):
        Kmeans().cluster(Z)
