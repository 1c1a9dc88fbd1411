"""Checks of the contract of clusterers, those that prepare among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import Clusterer, Floats, Labels, Prepared
from covey.components.options import Option, Setting
from covey.testing.assertions import are_identical, describe_difference, expect, observe
from covey.testing.clusterers import ClustererChecks
from covey.testing.settings import allowed_settings, other_settings

_MOST_VALUES = 6
"""How many values of an option of a preparation are compared with clustering anew."""


def clusterer_checks(cls: type[Clusterer], settings: Mapping[str, object]) -> ClustererChecks:
    """Return the checks of a clusterer: those of its preparations too if it prepares."""
    return (ClustererChecks if cls.prepare is Clusterer.prepare else PreparingChecks)(cls, settings)


class PreparingChecks(ClustererChecks):
    """Checks a clusterer that prepares, on 120 rows in three groups."""

    def check_prepared_labels(self) -> None:
        """A preparation gives the labels of cluster for the options that it was prepared with."""
        if self._preparation is not None:
            labels = self._preparation.labels(self.component)
            expect(labels is not None, f"{self.name}: a preparation must give labels for its own options")
            self._expect_clustered(self.component, labels, "with the options that it was prepared with")

    def cluster_resolved(self, Z: Floats) -> Labels:
        """Cluster rows as a run does, which a preparation must do alike. Raises CoveyError."""
        expected = super().cluster_resolved(Z)
        preparation = self.component.prepare(Z)
        labels = preparation.labels(self.component.resolve(Z)) if preparation else None
        difference = describe_difference([expected], [expected if labels is None else np.asarray(labels)])
        message = f"{self.name}: a preparation of {count_noun(len(Z), 'row')} must give the labels of cluster"
        expect(labels is None or are_identical([expected], [labels]), f"{message}: {difference}")
        return expected

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
                is_allowed = value in allowed_settings(option, value)
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
