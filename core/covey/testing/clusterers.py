"""Checks of the contract of clusterers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property

import numpy as np

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import Clusterer, Floats, Labels
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
from covey.testing.component_checks import WorkChecks
from covey.testing.samples import random_groups

_LEAST_AGREEMENT = 0.2
"""Least adjusted Rand index of two clusterings of the same rows in another order. Labels that do not follow their rows
reach 0.03; k-means with more centres than groups, which splits them at random, 0.4."""


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
        """No row and one row are clustered; 2, 3, or one less than an option counts, or CoveyError says why not."""
        for count in sorted({0, 1, 2, 3, *self._scarce_counts()}):
            try:
                self.cluster_resolved(self.Z[:count])
            except CoveyError as error:
                expect(count > 1, f"{self.name} must cluster {count_noun(count, 'row')}, but raises {error!r}")

    def check_equal_rows(self) -> None:
        """Rows of which many are equal, or all, are clustered, or CoveyError says why not."""
        for distinct in (20, 1):
            with suppress(CoveyError):
                self.cluster_resolved(self.Z[np.arange(len(self.Z)) % distinct])

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

    def cluster_resolved(self, Z: Floats) -> Labels:
        """Cluster rows as a run does: options left at None are filled in first. Raises CoveyError."""
        try:
            labels = self.component.resolve(Z).cluster(Z)
        except CoveyError:
            raise
        except Exception as error:
            rows = f"{count_noun(len(Z), 'row')}, {len(np.unique(Z, axis=0))} of them different"
            raise AssertionError(f"{self.name} must cluster {rows}, but raises {error!r}") from error
        check_array(self.name, labels, (len(Z),), np.dtype(np.int32))
        return labels

    def _scarce_counts(self) -> Iterator[int]:
        """Yield for each option that counts rows, perhaps, one row less."""
        settings = options.option_values(self.component.resolve(self.Z)).values()
        yield from (setting - 1 for setting in settings if type(setting) is int and 1 < setting <= len(self.Z))

    def _cluster(self, clusterer: Clusterer, Z: Floats) -> Labels:
        try:
            labels = clusterer.cluster(Z)
        except Exception as error:
            raise AssertionError(f"{self.name} must cluster {len(Z)} rows, but raises {error!r}") from error
        check_array(self.name, labels, (len(Z),), np.dtype(np.int32))
        return labels


def _measure_agreement(labels: Labels, others: Labels) -> float:
    """Return the adjusted Rand index of two clusterings (Hubert and Arabie 1985); noise counts as one cluster."""
    counts = np.zeros((labels.max() + 2, others.max() + 2), dtype=np.int64)
    np.add.at(counts, (labels + 1, others + 1), 1)
    pairs, rows, columns = (
        float((sizes * (sizes - 1)).sum()) for sizes in (counts, counts.sum(axis=1), counts.sum(axis=0))
    )
    expected = rows * columns / (len(labels) * (len(labels) - 1))
    return 1.0 if rows + columns == 2 * expected else (pairs - expected) / ((rows + columns) / 2 - expected)
