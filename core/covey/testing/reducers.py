"""The contract of reducers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from covey._base.errors import CoveyError
from covey.components.contracts import Floats, Labels, Reducer
from covey.testing.assertions import check_array, equal, expect, expected, tidy, untouched
from covey.testing.component_checks import built
from covey.testing.imports import check_import
from covey.testing.samples import grouped


def check_reducer(cls: type[Reducer], **given: Any) -> None:
    """Check a reducer with the options `given`: on 60 rows in two groups, on very few or none, and on bad values."""
    reducer = built(cls, given)
    X, groups = grouped(60, 12, 2)
    with tidy(cls.name):
        flat, solid = _reduced(reducer, X, [2, 3])
    for Z, size in ((flat, 2), (solid, 3)):
        check_array(cls.name, Z, (60, size), np.dtype(np.float32))
        expect(bool(np.isfinite(Z).all()), f"{cls.name}: what it returns must be finite")
    expect(_apart(flat, groups), f"{cls.name}: the rows must stay in order: images that are alike must lie together")
    again = _reduced(built(cls, given), X, [2, 3])
    expect(equal([flat, solid], again), f"{cls.name}: equal options must give equal results")
    alone = [*_reduced(reducer, X, [3]), *_reduced(reducer, X, [2])]
    expect(equal([solid, flat], alone), f"{cls.name}: a size must give the same array whatever its siblings are")
    for count in (0, 1, 2, 3):
        _check_few(reducer, X[:count])
    _check_refused(reducer, X)
    check_import(cls)


def _reduced(reducer: Reducer, X: Floats, sizes: Sequence[int]) -> list[Floats]:
    with untouched(reducer.name, X):
        found = list(reducer.reduce(X, sizes))
    expect(len(found) == len(sizes), f"{reducer.name}: {len(sizes)} sizes were asked for, it gave {len(found)}")
    return found


def _check_few(reducer: Reducer, X: Floats) -> None:
    try:
        (Z,) = _reduced(reducer, X, [2])
    except CoveyError:
        return
    except Exception as error:
        told = f"{reducer.name}: {len(X)} rows must give an array or a CoveyError, not {type(error).__name__}: {error}"
        raise AssertionError(told) from error
    check_array(reducer.name, Z, (len(X), 2), np.dtype(np.float32))


def _check_refused(reducer: Reducer, X: Floats) -> None:
    bad = X.copy()
    bad[0, 0] = np.nan
    with expected(f"{reducer.name}: features that are no finite numbers must raise CoveyError: call check_features"):
        list(reducer.reduce(bad, [2]))


def _apart(Z: Floats, groups: Labels) -> bool:
    """Whether rows lie clearly nearer to their own group than to the other."""
    distances = np.linalg.norm(Z[:, None] - Z[None], axis=2)
    alike = groups[:, None] == groups[None]
    return bool(distances[alike].mean() < 0.7 * distances[~alike].mean())
