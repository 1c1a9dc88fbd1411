"""The contract of every component."""

from __future__ import annotations

import json
import pickle
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component
from covey.testing.assertions import expect

C = TypeVar("C", bound=Component)


def built(cls: type[C], given: Mapping[str, Any]) -> C:
    """Return the component with the options `given`, having checked what every component promises."""
    _declared(cls)
    made = options.build(cls, given)
    check_component(made)
    return made


def check_component(made: Component) -> None:
    """Check what every component promises: explained options that survive every way of writing them, a plain value."""
    cls = type(made)
    expect(bool((cls.__doc__ or "").strip()), f"{cls.__name__} needs a docstring: its first line is shown in lists")
    for one in _declared(cls):
        expect(bool(one.help.strip()), f"{cls.name}: option {one.name!r} needs a help text")
    _check_flags(made)
    _check_value(made)
    _check_toml(made)
    for one in _declared(cls):
        _check_refused(cls, one.name)


def _declared(cls: type[Component]) -> Sequence[options.Option]:
    try:
        return options.options(cls)
    except TypeError as error:
        raise AssertionError(f"{error}.") from error


def _check_flags(made: Component) -> None:
    for one in options.options(type(made)):
        value = getattr(made, one.name)
        text = options.format_value(value)
        told = f"{made.name}: option {one.name!r} written as {text!r} on the command line is not read back as {value!r}"
        expect(one.convert(one.parse(text)) == value, told)


def _check_value(made: Component) -> None:
    same = options.evolve(made)
    expect(same == made, f"{made.name}: equal options must make equal components")
    expect(hash(same) == hash(made), f"{made.name}: equal components must have equal hashes")
    try:
        copied = pickle.loads(pickle.dumps(made))
    except Exception as error:
        raise AssertionError(f"{made.name}: a component must be picklable: {error}") from error
    expect(copied == made, f"{made.name}: pickled and read back it becomes {copied!r}")


def _check_toml(made: Component) -> None:
    given = {name: "none" if value is None else value for name, value in options.option_values(made).items()}
    text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
    try:
        same = options.expand_variants(type(made), tomllib.loads(text)) == [made]
    except (CoveyError, TypeError, ValueError):
        same = False
    expect(same, f"{made.name}: written as TOML its options are not read back: {text}")


def _check_refused(cls: type[Component], name: str) -> None:
    """Expect that a value of a wrong type is refused with a sentence that names the option."""
    told = f"{cls.name}: a wrong value for option {name!r} must raise CoveyError that names it"
    try:
        options.build(cls, {name: {}})
    except CoveyError as error:
        expect(repr(name) in str(error), f"{told}, not {error}")
    except Exception as error:
        raise AssertionError(f"{told}, not {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"{told}; super().__attrs_post_init__() checks options")
