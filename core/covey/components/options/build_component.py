"""Components are built from settings of a person, after these are checked: each problem is one sentence."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TypeVar

from covey._base.errors import CoveyError, did_you_mean
from covey.components.options.component_values import option_values
from covey.components.options.declare_options import component_name, options
from covey.components.options.declared_option import Option

T = TypeVar("T")


def build(cls: type[T], settings: Mapping[str, object]) -> T:
    """Build a component with these settings; the other options have their defaults.

    Raises:
        CoveyError: a name is no option, a value is not allowed, or an option makes no difference beside the others.
    """
    names = [option.name for option in options(cls)]
    if unknown_names := [name for name in settings if name not in names]:
        raise CoveyError("\n".join(f"{component_name(cls)}: {_describe_unknown(cls, name)}" for name in unknown_names))
    component = cls(**settings)
    values = option_values(component)
    for option in options(cls):
        if not option.counts(values) and settings.get(option.name, option.default) != option.default:
            sentence = f"option {option.name!r} makes a difference only if {option.condition}: leave it out."
            raise CoveyError(f"{component_name(cls)}: {sentence}")
    return component


def rebuild(cls: type[T], recorded: Mapping[str, object]) -> T:
    """Build the component that made a table, from the options in its provenance.

    Raises:
        CoveyError: as `build`.
    """
    return build(cls, add_absent(cls, recorded))


def add_absent(cls: type, recorded: Mapping[str, object]) -> dict[str, object]:
    """Return the options in a provenance with those that stand in no key at the value which they then have."""
    absent = {option.name: option.absent for option in options(cls) if option.absent is not None}
    return {**recorded, **{name: setting for name, setting in absent.items() if name not in recorded}}


def expand_variants(cls: type[T], settings: Mapping[str, object]) -> list[T]:
    """Build one component for every combination of alternatives.

    Args:
        cls: the component class.
        settings: values by option. A list where one value is expected holds alternatives; for an option that is itself
            a list, a list of lists does.

    Raises:
        CoveyError: a line for each setting that is wrong.
    """
    if messages := option_errors(cls, settings):
        raise CoveyError("\n".join(messages.values()))
    options_by_name = {option.name: option for option in options(cls)}
    alternatives = [_alternatives(options_by_name[name], setting) for name, setting in settings.items()]
    combinations = itertools.product(*alternatives)
    return list(dict.fromkeys(cls(**dict(zip(settings, combination, strict=True))) for combination in combinations))


def check_options(component: object) -> None:
    """Convert and check every option of a new component.

    Raises:
        CoveyError: a line for each option that is not allowed.
    """
    messages: list[str] = []
    for option in options(type(component)):
        try:
            object.__setattr__(component, option.name, option.convert(getattr(component, option.name)))
        except ValueError as error:
            messages.append(f"{component_name(type(component))}: {error}")
    if messages:
        raise CoveyError("\n".join(messages))
    values = {option.name: getattr(component, option.name) for option in options(type(component))}
    for option in options(type(component)):
        if not option.counts(values):
            object.__setattr__(component, option.name, option.default)


def option_errors(cls: type, settings: Mapping[str, object]) -> dict[str, str]:
    """Check settings without building the component.

    Args:
        cls: the component class.
        settings: values by option. A list where one value is expected holds alternatives, as in `expand_variants`.

    Returns:
        A sentence for each name that is no option and for each value that is not allowed, by name.
    """
    options_by_name = {option.name: option for option in options(cls)}
    messages: dict[str, str] = {}
    for name, setting in settings.items():
        try:
            if name not in options_by_name:
                raise ValueError(_describe_unknown(cls, name))
            for alternative in _alternatives(options_by_name[name], setting):
                converted = options_by_name[name].convert(alternative)
                if problem := options_by_name[name].find_path_problem(converted):
                    raise ValueError(problem)
        except ValueError as error:
            messages[name] = f"{component_name(cls)}: {error}"
    return messages or _condition_errors(cls, settings)


def _condition_errors(cls: type, settings: Mapping[str, object]) -> dict[str, str]:
    """Return a sentence for each option that is set although it makes no difference beside the others, by name."""
    options_by_name = {option.name: option for option in options(cls)}
    values = {
        name: {option.convert(alternative) for alternative in _alternatives(option, settings.get(name, option.default))}
        for name, option in options_by_name.items()
    }
    return {
        name: f"{component_name(cls)}: option {name!r} makes a difference only if {option.condition}: leave it out."
        for name, option in options_by_name.items()
        if values[name] != {option.default} and any(values[other].isdisjoint(allowed) for other, allowed in option.when)
    }


def _alternatives(option: Option, setting: object) -> list[object]:
    if not isinstance(setting, list) or (
        option.many and setting and not any(isinstance(element, tuple | list) for element in setting)
    ):
        return [setting]
    if not setting:
        raise ValueError(f"option {option.name!r} is an empty list: give it at least one value, or leave it out.")
    return setting


def _describe_unknown(cls: type, name: str) -> str:
    names = [option.name for option in options(cls)]
    overview = f"Its options: {', '.join(names)}." if names else "It has no options."
    return f"there is no option {name!r}.{did_you_mean(name, names)} {overview}"
