"""Checks of the contract of clusterers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Clusterer, Floats, Labels, Prepared
from covey.components.options import Option, Setting
from covey.components.table_kinds import TableKind
from covey.data.tables import NOISE
from covey.testing.assertions import (
    Observation,
    are_identical,
    check_array,
    describe_difference,
    expect,
    observe,
    raises_covey_error,
)
from covey.testing.checks import list_checks, run_checks
from covey.testing.component_checks import WorkChecks
from covey.testing.samples import random_groups
from covey.testing.settings import other_settings

_LEAST_AGREEMENT = 0.2
"""Least adjusted Rand index of two clusterings of the same rows in another order. Labels that do not follow their rows
reach 0.03; k-means with more centres than groups, which splits them at random, 0.4."""
_MOST_VALUES = 6
"""How many values of an option of a preparation are compared with clustering anew."""


def check_clusterer(
    cls: type[Clusterer], /, *, expected_failures: Mapping[str, str] | None = None, **settings: object
) -> None:
    """Check a clusterer with these options: on 120 rows in three groups, on no row, on one row, and on NaN.

    Args:
        cls: the class.
        expected_failures: reasons by the names of checks that are expected to fail.
        settings: its options.

    Raises:
        AssertionError: it breaks the contract.
    """
    run_checks(list_checks(ClustererChecks(cls, settings), expected_failures or {}))


class ClustererChecks(WorkChecks[Clusterer]):
    """Checks a clusterer on 120 rows in three groups."""

    Z: Floats = random_groups(120, 8, 3)[0]

    @cached_property
    def observation(self) -> Observation[Labels]:
        """The labels of all rows."""
        Z = self.Z.copy()
        return observe(lambda: self._cluster(self.component, Z), Z)

    @property
    def labels(self) -> Labels:
        """The labels of all rows."""
        return self.observation.outcome

    def check_takes(self) -> None:
        """It declares which tables it clusters: embeddings or features."""
        message = f"{self.name}.takes must be TableKind.EMBEDDING or TableKind.FEATURES, not {self.cls.takes!r}"
        expect(self.cls.takes in (TableKind.EMBEDDING, TableKind.FEATURES), message)

    def check_numbering(self) -> None:
        """Its labels are int32: -1 for noise, and 0, 1, 2, ... without gaps."""
        clusters = np.unique(self.labels[self.labels != NOISE]).tolist()
        message = f"{self.name}: labels must be -1 or 0, 1, 2, ... without gaps, not {clusters}"
        expect(clusters == list(range(len(clusters))), message)

    def check_equal_labels(self) -> None:
        """Equal options give equal labels."""
        labels_again = self._cluster(self.build(), self.Z)
        difference = describe_difference([self.labels], [labels_again])
        is_equal = are_identical([self.labels], [labels_again])
        expect(is_equal, f"{self.name}: equal options must give equal labels: {difference}")

    def check_order(self) -> None:
        """The labels follow their rows: rows in another order are grouped in the same way, but for borders."""
        order = np.random.default_rng(0).permutation(len(self.Z))
        agreement = _measure_agreement(self.labels[order], self._cluster(self.component, self.Z[order]))
        message = f"{self.name}: the labels must be in the order of the rows: in another order they must group alike"
        expect(agreement >= _LEAST_AGREEMENT, f"{message}, but agree by {agreement:.2f} (adjusted Rand index)")

    def check_few_rows(self) -> None:
        """No row and one row are clustered."""
        for count in (0, 1):
            self._cluster(self.component, self.Z[:count])

    def check_nan(self) -> None:
        """NaN and infinity raise CoveyError."""
        Z = self.Z.copy()
        Z[0, 0] = np.nan
        with raises_covey_error(f"{self.name}: NaN and infinity must raise CoveyError: call check_finite"):
            self.component.cluster(Z)

    def check_resolve(self) -> None:
        """resolve() fills in options left at None, changes no other, and leads to the same labels."""
        resolved = self.component.resolve(self.Z)
        expect(type(resolved) is self.cls, f"{self.name}: resolve must return a {self.cls.__name__}, not {resolved!r}")
        before, after = options.option_values(self.component), options.option_values(resolved)
        changed = [name for name in before if before[name] is not None and before[name] != after[name]]
        expect(not changed, f"{self.name}: resolve may fill in only options left at None, not change {changed[:1]}")
        is_settled = resolved.resolve(self.Z) == resolved == self.component.resolve(self.Z)
        expect(is_settled, f"{self.name}: resolve must give the same options each time")
        difference = describe_difference([self.labels], [self._cluster(resolved, self.Z)])
        is_equal = are_identical([self.labels], [self._cluster(resolved, self.Z)])
        expect(is_equal, f"{self.name}: the options from resolve must lead to the same labels: {difference}")

    def check_prepared_labels(self) -> None:
        """A preparation gives the labels of cluster for the options that it was prepared with."""
        if self._preparation is not None:
            labels = self._preparation.labels(self.component)
            expect(labels is not None, f"{self.name}: a preparation must give labels for its own options")
            self._expect_clustered(self.component, labels, "with the options that it was prepared with")

    def check_live_options(self) -> None:
        """A preparation gives the labels of cluster for other values of its live options."""
        for option in self._options(live=True):
            for setting in self._live_settings(option):
                self._check_variant(option, setting)

    def check_other_options(self) -> None:
        """A preparation for another value of an option that is not live gives the labels of cluster, or None."""
        for option in self._options(live=False):
            for setting in other_settings(option, options.read_option(self.component, option))[:2]:
                self._check_variant(option, setting)

    def check_prepared_values(self) -> None:
        """The values of a preparation ascend, and its option allows them; so with the one that it suggests."""
        for option in self._options(live=True):
            values, suggested = self._values(option), self._suggest(option)
            expect(values == sorted(set(values)), f"{self.name}: values({option.name!r}) must ascend")
            for value in [*values, *([] if suggested is None else [suggested])]:
                is_allowed = value in _convert(option, value)
                expect(is_allowed, f"{self.name}: option {option.name!r} does not allow {value}, which it suggests")

    @cached_property
    def _preparation(self) -> Prepared | None:
        Z = self.Z.copy()
        observation = observe(lambda: self.component.prepare(Z), Z)
        expect(not observation.changed_input, f"{self.name}: prepare must not change the input array")
        preparation = observation.outcome
        is_prepared = preparation is None or isinstance(preparation, Prepared)
        expect(is_prepared, f"{self.name}: prepare must return a Prepared or None, not {preparation!r}")
        return preparation

    def _options(self, live: bool) -> list[Option]:
        """Return the options of a clusterer that prepares; none if it does not."""
        declared = options.options(self.cls) if self._preparation is not None else ()
        return [option for option in declared if option.live == live]

    def _values(self, option: Option) -> list[float]:
        return list(self._preparation.values(option.name)) if self._preparation else []

    def _suggest(self, option: Option) -> float | None:
        return self._preparation.suggest(option.name) if self._preparation else None

    def _live_settings(self, option: Option) -> Iterator[Setting]:
        values = self._values(option)
        chosen = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MOST_VALUES)).round().astype(int))
        yield from (values[position] for position in chosen)
        yield from other_settings(option, options.read_option(self.component, option))[:_MOST_VALUES]

    def _check_variant(self, option: Option, setting: Setting) -> None:
        """Check the labels of the preparation after one option is changed; a change that is refused is passed over."""
        try:
            variant = options.evolve(self.component, **{option.name: setting})
            variant.cluster(self.Z)
        except CoveyError:
            return
        labels = self._preparation.labels(variant) if self._preparation else None
        if labels is not None:
            self._expect_clustered(variant, labels, f"with {option.name} = {options.format_value(setting)}")

    def _expect_clustered(self, clusterer: Clusterer, labels: Labels | None, condition: str) -> None:
        expected = clusterer.cluster(self.Z)
        labels = np.asarray(labels)
        message = f"{self.name}: {condition} a preparation must give the labels of cluster"
        is_equal = are_identical([labels], [expected])
        expect(is_equal, f"{message}: {describe_difference([labels], [expected])}")

    def _cluster(self, clusterer: Clusterer, Z: Floats) -> Labels:
        try:
            labels = clusterer.cluster(Z)
        except Exception as error:
            raise AssertionError(f"{self.name} must cluster {len(Z)} rows, but raises {error!r}") from error
        check_array(self.name, labels, (len(Z),), np.dtype(np.int32))
        return labels


def _convert(option: Option, value: float) -> list[object]:
    try:
        return [option.convert(value)]
    except ValueError:
        return []


def _measure_agreement(labels: Labels, others: Labels) -> float:
    """Return the adjusted Rand index of two clusterings (Hubert and Arabie 1985); noise counts as one cluster."""
    counts = np.zeros((labels.max() + 2, others.max() + 2), dtype=np.int64)
    np.add.at(counts, (labels + 1, others + 1), 1)
    pairs, rows, columns = (
        float((sizes * (sizes - 1)).sum()) for sizes in (counts, counts.sum(axis=1), counts.sum(axis=0))
    )
    expected = rows * columns / (len(labels) * (len(labels) - 1))
    return 1.0 if rows + columns == 2 * expected else (pairs - expected) / ((rows + columns) / 2 - expected)
