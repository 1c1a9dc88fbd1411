"""Checks: each tests one promise of a component, under a name of its own."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import attrs

from covey._base.errors import CoveyError, did_you_mean
from covey.components.guard import no_guard

PREFIX = "check_"
"""How the names of methods begin that are checks."""


@attrs.frozen(slots=False)
class Check:
    """One promise of a component, which calling tests.

    Attributes:
        component: the name of the component.
        name: the name of the check, such as "equal_labels".
        promise: what the component promises, in one sentence.
        expected_failure: why its author expects that the promise is broken; "" if it must be kept.
    """

    component: str
    name: str
    promise: str
    _test: Callable[[], None] = attrs.field(repr=False, alias="test")
    expected_failure: str = ""

    @property
    def __name__(self) -> str:
        """The name, which pytest takes as the id of a test."""
        return self.name

    def __call__(self) -> None:
        """Test the promise.

        Raises:
            AssertionError: it is broken, or kept although a failure is expected.
            unittest.SkipTest: it is broken, as expected; pytest shows the reason.
        """
        if not self.expected_failure:
            return self._run()
        try:
            self._run()
        except AssertionError as error:
            raise unittest.SkipTest(f"expected to fail, {self.expected_failure} ({error})") from error
        raise AssertionError(
            f"{self.component}: {self.name} is declared as an expected failure ({self.expected_failure}) but passes:"
            " remove that declaration."
        )

    def _run(self) -> None:
        with no_guard():
            self._test()


class Trial(Protocol):
    """An object whose methods test a component: each whose name begins with "check_" is a check."""

    name: str
    """The name of the component."""


def list_checks(trial: Trial, expected_failures: Mapping[str, str]) -> list[Check]:
    """Return the checks of a trial, those of base classes first.

    Args:
        trial: has the checks as methods.
        expected_failures: reasons by the names of checks that are expected to fail.

    Raises:
        CoveyError: there is no check of a name in `expected_failures`.
    """
    methods_by_name = {name.removeprefix(PREFIX): name for name in _list_methods(type(trial))}
    for name in expected_failures:
        if name not in methods_by_name:
            raise CoveyError(
                f"{trial.name}: there is no check {name!r}.{did_you_mean(name, methods_by_name)} Its checks:"
                f" {', '.join(methods_by_name)}."
            )
    return [
        Check(
            trial.name,
            name,
            (inspect.getdoc(getattr(trial, method)) or "").partition("\n")[0],
            getattr(trial, method),
            expected_failures.get(name, ""),
        )
        for name, method in methods_by_name.items()
    ]


def run_checks(checks: Iterable[Check]) -> None:
    """Run checks one after another; those that fail as expected are passed over.

    Raises:
        AssertionError: the first promise that is broken.
    """
    for check in checks:
        try:
            check()
        except unittest.SkipTest:
            continue


def _list_methods(cls: type) -> Iterator[str]:
    """Yield the names of all checks in the order of their definition; one that a subclass replaces keeps its place."""
    names = [name for base in reversed(cls.__mro__) for name in vars(base) if name.startswith(PREFIX)]
    return iter(dict.fromkeys(names))
