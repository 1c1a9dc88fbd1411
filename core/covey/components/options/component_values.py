"""The values that the options of a component have: read, changed, split where one makes several results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import attrs

from covey.components.guard import guard_call
from covey.components.options.declare_options import component_name, options
from covey.components.options.declared_option import Option, Scalar, Setting

T = TypeVar("T")


def read_option(component: object, option: Option) -> Setting:
    """Return the value of an option of a component."""
    setting: Setting = getattr(component, option.name)
    return setting


def option_values(component: object) -> dict[str, Scalar | list[Scalar] | None]:
    """Return the options of a component as plain values: JSON and TOML can hold them, but for None in TOML."""
    settings = {option.name: read_option(component, option) for option in options(type(component))}
    return {name: list(setting) if isinstance(setting, tuple) else setting for name, setting in settings.items()}


def key_values(component: object) -> dict[str, Scalar | list[Scalar] | None]:
    """Return the options of a component that stand in its key, as plain values: those that decide its results."""
    values = option_values(component)
    return {option.name: values[option.name] for option in options(type(component)) if option.is_in_key(values)}


def allowed_choices(component: object, name: str) -> list[Scalar] | None:
    """Return the allowed values of an option, computed if they are computed on demand; None if it has no choices."""
    option = next(option for option in options(type(component)) if option.name == name)
    if option.choices is None:
        return None
    with guard_call(component_name(type(component)), type(component).__module__, f"the choices of {name!r}"):
        return list(option.choices(component) if callable(option.choices) else option.choices)


def evolve(component: T, **changes: object) -> T:
    """Return a copy of a component with some options changed.

    Raises:
        CoveyError: a value is not allowed.
    """
    return attrs.evolve(component, **changes)  # type: ignore[misc]


def plural_option(cls: type) -> Option | None:
    """Return the plural option of a component class, if it has one."""
    return next((option for option in options(cls) if option.plural), None)


def split_plural(component: T) -> list[T]:
    """Return a component for each value of the plural option; only the component itself if it has no such option."""
    plural = plural_option(type(component))
    if plural is None:
        return [component]
    return [evolve(component, **{plural.name: (setting,)}) for setting in _elements(component, plural)]


def join_plural(components: Sequence[T]) -> T:
    """Return one component with all values of the plural option: the inverse of `split_plural`."""
    plural = plural_option(type(components[0]))
    if plural is None:
        return components[0]
    settings = [setting for component in components for setting in _elements(component, plural)]
    return evolve(components[0], **{plural.name: tuple(settings)})


def _elements(component: object, option: Option) -> tuple[Scalar, ...]:
    """Return the values of an option that holds several."""
    setting = read_option(component, option)
    return setting if isinstance(setting, tuple) else ()
