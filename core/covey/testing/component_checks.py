"""Checks of the contract that all components share."""

from __future__ import annotations

import pickle
import tomllib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import tomlkit

from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component
from covey.testing.assertions import expect

C = TypeVar("C", bound=Component)


def build_checked(cls: type[C], settings: Mapping[str, object]) -> C:
    """Build a component with these options, and check the contract that all components share."""
    _read_options(cls)
    component = options.build(cls, settings)
    check_component(component)
    return component


def check_component(component: Component) -> None:
    """Check the contract that all components share.

    Its options are explained and can be written as flags and TOML; it is a value: equal, hashable, picklable.

    Raises:
        AssertionError: it breaks the contract.
    """
    cls = type(component)
    expect(bool((cls.__doc__ or "").strip()), f"{cls.__name__} needs a docstring: its first line is shown in lists")
    for option in _read_options(cls):
        expect(bool(option.help.strip()), f"{cls.name}: option {option.name!r} needs a help text")
    _check_flags(component)
    _check_equality(component)
    _check_toml(component)
    for option in _read_options(cls):
        _check_wrong_setting(cls, option.name)


def _read_options(cls: type[Component]) -> Sequence[options.Option]:
    try:
        return options.options(cls)
    except TypeError as error:
        raise AssertionError(f"{error}.") from error


def _check_flags(component: Component) -> None:
    for option in options.options(type(component)):
        setting = options.read_option(component, option)
        text = options.format_value(setting)
        expect(
            option.convert(option.parse(text)) == setting,
            f"{component.name}: option {option.name!r} written as {text!r} on the command line is not read back as"
            f" {setting!r}",
        )


def _check_equality(component: Component) -> None:
    twin = options.evolve(component)
    expect(twin == component, f"{component.name}: equal options must make equal components")
    expect(hash(twin) == hash(component), f"{component.name}: equal components must have equal hashes")
    try:
        unpickled = pickle.loads(pickle.dumps(component))
    except Exception as error:
        raise AssertionError(f"{component.name}: a component must be picklable: {error}") from error
    expect(unpickled == component, f"{component.name}: pickled and read back it becomes {unpickled!r}")


def _check_toml(component: Component) -> None:
    settings = options.option_values(component)
    text = tomlkit.dumps({name: "none" if setting is None else setting for name, setting in settings.items()})
    try:
        is_read_back = options.expand_variants(type(component), tomllib.loads(text)) == [component]
    except (CoveyError, TypeError, ValueError):
        is_read_back = False
    expect(is_read_back, f"{component.name}: written as TOML its options are not read back: {text}")


def _check_wrong_setting(cls: type[Component], name: str) -> None:
    """Check that a setting of a wrong type raises CoveyError with the name of the option."""
    message = f"{cls.name}: a wrong value for option {name!r} must raise CoveyError that names it"
    try:
        options.build(cls, {name: {}})
    except CoveyError as error:
        expect(repr(name) in str(error), f"{message}, not {error}")
    except Exception as error:
        raise AssertionError(f"{message}, not {type(error).__name__}: {error}") from error
    else:
        raise AssertionError(f"{message}; super().__attrs_post_init__() checks options")
