"""Checks of the contract of reducers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.components.contracts import Floats, Labels, Reducer
from covey.testing.assertions import (
    are_identical,
    check_array,
    expect,
    keeps_input,
    raises_covey_error,
    writes_no_files,
)
from covey.testing.component_checks import build_checked
from covey.testing.imports import check_import
from covey.testing.samples import random_groups


def check_reducer(cls: type[Reducer], **settings: object) -> None:
    """Check a reducer with these options: on 60 rows in two groups, on 0 to 3 rows, and on NaN.

    Raises:
        AssertionError: it breaks the contract.
    """
    reducer = build_checked(cls, settings)
    X, groups = random_groups(60, 12, 2)
    with writes_no_files(cls.name):
        Z_2, Z_3 = _reduce_rows(reducer, X, [2, 3])
    for Z, size in ((Z_2, 2), (Z_3, 3)):
        check_array(cls.name, Z, (60, size), np.dtype(np.float32))
        expect(bool(np.isfinite(Z).all()), f"{cls.name}: the embedding must be finite")
    is_ordered = _are_separated(Z_2, groups)
    expect(is_ordered, f"{cls.name}: the rows must stay in order: similar images must lie close together")
    arrays_again = _reduce_rows(build_checked(cls, settings), X, [2, 3])
    expect(are_identical([Z_2, Z_3], arrays_again), f"{cls.name}: equal options must give equal results")
    arrays_alone = [*_reduce_rows(reducer, X, [3]), *_reduce_rows(reducer, X, [2])]
    expect(are_identical([Z_3, Z_2], arrays_alone), f"{cls.name}: a size must not depend on the other sizes")
    for count in (0, 1, 2, 3):
        _check_few_rows(reducer, X[:count])
    _check_nan_in_features(reducer, X)
    check_import(cls)


def _reduce_rows(reducer: Reducer, X: Floats, sizes: Sequence[int]) -> list[Floats]:
    with keeps_input(reducer.name, X):
        arrays = list(reducer.reduce(X, sizes))
    expect(len(arrays) == len(sizes), f"{reducer.name} must give {count_noun(len(sizes), 'array')}, not {len(arrays)}")
    return arrays


def _check_few_rows(reducer: Reducer, X: Floats) -> None:
    try:
        (Z,) = _reduce_rows(reducer, X, [2])
    except CoveyError:
        return
    except Exception as error:
        rows, problem = count_noun(len(X), "row"), f"{type(error).__name__}: {error}"
        raise AssertionError(f"{reducer.name}: {rows} must give an array or a CoveyError, not {problem}") from error
    check_array(reducer.name, Z, (len(X), 2), np.dtype(np.float32))


def _check_nan_in_features(reducer: Reducer, X: Floats) -> None:
    X = X.copy()
    X[0, 0] = np.nan
    with raises_covey_error(f"{reducer.name}: NaN and infinity must raise CoveyError: call check_features"):
        list(reducer.reduce(X, [2]))


def _are_separated(Z: Floats, groups: Labels) -> bool:
    """Whether rows lie clearly closer to their own group than to the other."""
    distances = np.linalg.norm(Z[:, None] - Z[None], axis=2)
    is_same_group = groups[:, None] == groups[None]
    return bool(distances[is_same_group].mean() < 0.7 * distances[~is_same_group].mean())
