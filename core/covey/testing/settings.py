"""Other settings of components, to see what changes with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component
from covey.components.options import Option, Scalar, Setting

C = TypeVar("C", bound=Component)


def change_options(cls: type[C]) -> C:
    """Return a component whose options have other values than their defaults, as far as they allow and fit together."""
    component = cls()
    for option in options.options(cls):
        for setting in other_settings(option, option.default)[:1]:
            with suppress(CoveyError):  # two options that exclude each other
                component = options.evolve(component, **{option.name: setting})
    return component


def other_settings(option: Option, setting: Setting) -> list[Setting]:
    """Return a few values that an option allows besides one that it has.

    Choices found on demand are not asked for, and no path is made up.
    """
    if option.path:
        return []
    candidates = [(scalar,) if option.many else scalar for scalar in _candidates(option)]
    converted = [allowed for candidate in candidates for allowed in allowed_settings(option, candidate)]
    return [other for other in dict.fromkeys(converted) if other != setting]


def _candidates(option: Option) -> Sequence[Scalar]:
    if isinstance(option.choices, Sequence):
        return option.choices
    if option.type is bool:
        return (True, False)
    if option.type is str:
        return ("wren", "robin")
    return [option.type(number) for number in _numbers(option)]


def _numbers(option: Option) -> Iterator[float]:
    """Yield numbers around the default and within the bounds of an option; not all need to be allowed."""
    low, high = (next((bound for bound in bounds if bound is not None), None)
                 for bounds in ((option.ge, option.gt), (option.le, option.lt)))  # fmt: skip
    if low is not None and high is not None:
        yield from (low + (high - low) * share for share in (0.75, 0.25))
    start = option.default if isinstance(option.default, int | float) else 1
    yield from (start * 2, start / 2, start + 1, start - 1)
    yield from (bound for bound in (low, high) if bound is not None)
    if low is not None:
        yield low + 1


def allowed_settings(option: Option, setting: object) -> list[Setting]:
    """Return a setting as an option holds it; nothing if the option does not allow it."""
    try:
        return [option.convert(setting)]
    except ValueError:
        return []
