"""Checks of the contract of reducers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import Floats, Labels, Reducer
from covey.testing.assertions import (
    Observation,
    are_identical,
    check_array,
    describe_difference,
    expect,
    expect_finite,
    observe,
    raises_covey_error,
)
from covey.testing.component_checks import WorkChecks
from covey.testing.samples import random_groups

_SIZES = (2, 3)
_MOST_RATIO = 0.7
"""How far rows of a group may lie apart, as a share of the distances between groups."""
_NEAR = 0.01
"""How far a known image may be placed from where it is, as a share of the extent of the embedding."""


def reducer_checks(cls: type[Reducer], settings: Mapping[str, object]) -> ReducerChecks:
    """Return the checks of a reducer: those of placing new images too if it places any."""
    return (ReducerChecks if cls.transform is Reducer.transform else PlacingChecks)(cls, settings)


class ReducerChecks(WorkChecks[Reducer]):
    """Checks a reducer on 240 rows in two groups: above 200, solvers of eigenvalues may begin with random numbers."""

    X, groups = random_groups(240, 12, 2)

    @cached_property
    def observation(self) -> Observation[list[Floats]]:
        """The embeddings of all rows in each of the sizes."""
        X = self.X.copy()
        return observe(lambda: self._reduce(self.component, X, _SIZES), X)

    @property
    def embeddings(self) -> list[Floats]:
        """The embeddings of all rows in each of the sizes."""
        return self.observation.outcome

    def check_sizes(self) -> None:
        """It has the plural option `sizes` of whole numbers, which is inherited from Reducer."""
        plural = options.plural_option(self.cls)
        is_inherited = plural is not None and plural.name == "sizes" and plural.type is int
        expect(is_inherited, f"{self.name}: the plural option of a reducer must be `sizes`, as Reducer declares it")

    def check_embeddings(self) -> None:
        """It gives one finite float32 array (rows, size) for each size."""
        for Z, size in zip(self.embeddings, _SIZES, strict=True):
            check_array(self.name, Z, (len(self.X), size), np.dtype(np.float32))
            expect_finite(f"{self.name}: the embedding", Z)

    def check_order(self) -> None:
        """The rows stay in order: similar images lie close together."""
        ratio = _compare_distances(self.embeddings[0], self.groups)
        message = f"{self.name}: the rows must stay in order: similar images must lie close together, but the distances"
        expect(ratio < _MOST_RATIO, f"{message} within groups are {ratio:.2f} of those between groups")

    def check_equal_embeddings(self) -> None:
        """Equal options give equal results."""
        embeddings_again = self._reduce(self.build(), self.X, _SIZES)
        difference = describe_difference(self.embeddings, embeddings_again)
        is_equal = are_identical(self.embeddings, embeddings_again)
        expect(is_equal, f"{self.name}: equal options must give equal results: {difference}")

    def check_sizes_alone(self) -> None:
        """The result for a size does not depend on the other sizes, bit for bit."""
        arrays_alone = [array for size in reversed(_SIZES) for array in self._reduce(self.component, self.X, [size])]
        difference = describe_difference(self.embeddings, arrays_alone[::-1])
        message = f"{self.name}: a size must not depend on the other sizes: {difference}"
        cause = "the usual cause is slicing one solution for the largest size, or changing what the sizes share"
        expect(are_identical(self.embeddings, arrays_alone[::-1]), f"{message}; {cause}")

    def check_few_rows(self) -> None:
        """0 to 3 rows give a finite array or a CoveyError."""
        for count in (0, 1, 2, 3):
            self._check_rows(self.X[:count], count_noun(count, "row"))

    def check_equal_rows(self) -> None:
        """Rows of which many are equal, or all, give a finite array or a CoveyError."""
        for distinct in (20, 1):
            self._check_rows(self.X[np.arange(60) % distinct], f"60 rows of which {distinct} differ")

    def check_nan(self) -> None:
        """NaN and infinity raise CoveyError."""
        X = self.X.copy()
        X[0, 0] = np.nan
        with raises_covey_error(f"{self.name}: NaN and infinity must raise CoveyError: call check_features"):
            list(self.component.reduce(X, [2]))

    def _reduce(self, reducer: Reducer, X: Floats, sizes: Sequence[int]) -> list[Floats]:
        arrays = list(reducer.reduce(X, sizes))
        counts = f"{count_noun(len(sizes), 'array')}, not {len(arrays)}"
        expect(len(arrays) == len(sizes), f"{self.name} must give {counts}")
        return arrays

    def _check_rows(self, X: Floats, title: str) -> None:
        try:
            (Z,) = self._reduce(self.component, X, [2])
        except CoveyError:
            return
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            raise AssertionError(f"{self.name}: {title} must give an array or a CoveyError, not {problem}") from error
        check_array(self.name, Z, (len(X), 2), np.dtype(np.float32))
        expect_finite(f"{self.name}: the embedding of {title}", Z)


class PlacingChecks(ReducerChecks):
    """Checks a reducer that places new images."""

    def check_transform(self) -> None:
        """It places new images, a finite float32 row for each, and known images where they are."""
        X, Z, new_rows = self._split()
        places = self._transform(X, Z, np.concatenate([X[:3], new_rows]))
        if places is None:
            return
        check_array(f"{self.name}.transform", places, (3 + len(new_rows), Z.shape[1]), np.dtype(np.float32))
        expect_finite(f"{self.name}: what transform gives", places)
        difference, extent = np.abs(places[:3] - Z[:3]).max(), np.ptp(Z, axis=0).max()
        message = f"{self.name}: transform must place a row that is in X where it is"
        expect(bool(difference <= _NEAR * extent), f"{message}: it is {difference:.3g} away, of an extent {extent:.3g}")

    def check_transform_of_nothing(self) -> None:
        """Where there are no new images, it places them in an array of no rows."""
        X, Z, _ = self._split()
        places = self._transform(X, Z, X[:0])
        if places is not None:
            check_array(f"{self.name}.transform", places, (0, Z.shape[1]), np.dtype(np.float32))

    def check_transform_refusals(self) -> None:
        """Placing NaN, or features of another width, raises CoveyError."""
        X, Z, new_rows = self._split()
        if self._transform(X, Z, new_rows) is None:
            return
        for wrong_rows, problem in ((new_rows[:, 1:], "features of another width"), (new_rows * np.nan, "NaN")):
            with raises_covey_error(f"{self.name}: {problem} must raise CoveyError in transform: call check_new"):
                self.component.transform(X, Z, wrong_rows)

    def _split(self) -> tuple[Floats, Floats, Floats]:
        """Return half of the rows, their embedding, and the other half."""
        half = len(self.X) // 2
        (Z,) = self._reduce(self.component, self.X[:half], [2])
        return self.X[:half], Z, self.X[half:]

    def _transform(self, X: Floats, Z: Floats, new_rows: Floats) -> Floats | None:
        copies = X.copy(), Z.copy(), new_rows.copy()
        places = self.component.transform(X, Z, new_rows)
        is_unchanged = are_identical(copies, (X, Z, new_rows))
        expect(is_unchanged, f"{self.name}: transform must not change the arrays that it is given")
        return places


def _compare_distances(Z: Floats, groups: Labels) -> float:
    """Return the mean distance of rows of one group as a share of that of rows of different groups."""
    distances = np.linalg.norm(Z[:, None] - Z[None], axis=2)
    is_same_group = groups[:, None] == groups[None]
    return float(distances[is_same_group].mean() / distances[~is_same_group].mean())
