"""EVoC: groups of the features themselves, the same on every run."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray

from covey import CoveyError
from covey_evoc import Evoc

# To import evoc compiles it, which takes more than a minute the first time: no process does that to collect tests.
pytestmark = pytest.mark.skipif(find_spec("evoc") is None, reason="needs covey[evoc]")
Floats = NDArray[np.float32]


def blobs(count: int = 300, groups: int = 5) -> tuple[Floats, NDArray[np.intp]]:
    random = np.random.default_rng(0)
    group = random.integers(0, groups, count)
    X = random.normal(size=(groups, 40))[group] + 0.2 * random.normal(size=(count, 40))
    return X.astype(np.float32), group


def test_groups_that_lie_apart_are_found() -> None:
    from sklearn.metrics import adjusted_mutual_info_score

    X, group = blobs()
    assert adjusted_mutual_info_score(group, Evoc(clusters=5).cluster(X)) > 0.9


def test_the_result_is_the_same_on_any_number_of_threads() -> None:
    import numba

    random = np.random.default_rng(0)
    overlapping = random.normal(size=(12, 200), scale=0.7)[random.integers(0, 12, 1500)]
    X = (overlapping + random.normal(size=(1500, 200))).astype(np.float32)
    threads = numba.get_num_threads()
    first = Evoc().cluster(X)
    assert numba.get_num_threads() == threads
    numba.set_num_threads(1)
    again = Evoc().cluster(X)
    numba.set_num_threads(threads)
    np.testing.assert_array_equal(first, again)


def test_length_does_not_matter() -> None:
    X, group = blobs()
    long = X * np.random.default_rng(1).uniform(1, 100, (len(X), 1)).astype(np.float32)
    for label in set(Evoc().cluster(long).tolist()) - {-1}:
        assert len(set(group[Evoc().cluster(long) == label].tolist())) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 15])
def test_few_images_are_noise(count: int) -> None:
    assert Evoc().cluster(blobs()[0][:count]).tolist() == [-1] * count


def test_equal_images_share_their_group_and_cause_no_warning() -> None:
    X, _ = blobs()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = Evoc().cluster(np.concatenate([X, X, np.zeros((5, 40), dtype=np.float32)]))
    np.testing.assert_array_equal(labels[:300], labels[300:600])
    assert len(set(labels[600:].tolist())) == 1
    assert set(Evoc().cluster(np.ones((90, 8), dtype=np.float32)).tolist()) == {-1}


def test_features_that_cannot_be_used_are_refused() -> None:
    X, _ = blobs()
    with pytest.raises(CoveyError, match="evoc: 3 features are too few, it takes 4"):
        Evoc().cluster(X[:, :3])
    X[4, 1] = np.nan
    with pytest.raises(CoveyError, match="evoc: the features hold values that are no finite numbers"):
        Evoc().cluster(X)
