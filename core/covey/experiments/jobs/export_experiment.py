"""An experiment in writing: the TOML file and the command that make it again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from covey._base.errors import CoveyError
from covey.components.contracts import Component
from covey.components.kinds import STEPS, Kind
from covey.components.options import Option, format_value, options
from covey.experiments.experiment import RUNTIME, Experiment, from_flags
from covey.plugins.locations import DEFAULT_SCHEME, resolve
from covey.plugins.registry import Registry


def to_toml(experiment: Experiment, registry: Registry) -> str:
    """Return an experiment as `experiment.read` reads it, wherever the file lies; options that differ alone."""
    anchored = _anchored(experiment, registry)
    heads = [
        f"{key} = {_value(getattr(anchored, key))}" for key in ("dataset", "out", "features") if getattr(anchored, key)
    ]
    sections = [_section(kind, component, registry) for kind in STEPS for component in _of(anchored, kind)]
    runtime = [f"{option.name} = {_value(setting)}" for option, setting in _changed(anchored.runtime)]
    how = ["\n".join([f"[{RUNTIME}]", *runtime])] if runtime else []
    return "\n\n".join(["\n".join(heads), *sections, *how]) + "\n"


def command_words(experiment: Experiment, registry: Registry) -> list[str] | None:
    """Return the words of the command that makes an experiment; None where flags cannot say it, but a file can."""
    anchored = _anchored(experiment, registry)
    names = {kind: [_use(component, registry) for component in _of(anchored, kind)] for kind in STEPS}
    settings = list(dict.fromkeys(setting for kind in STEPS for setting in _settings(kind, anchored)))
    try:
        location, out, features = anchored.dataset, anchored.out, anchored.features
        if from_flags(location, out, names, settings, registry, features, anchored.runtime) != anchored:
            return None
    except CoveyError:
        return None
    feature_flags = [word for name in anchored.features for word in ("--features", name)]
    flags = [
        word for kind, component_names in names.items() for name in component_names for word in (f"--{kind}", name)
    ]
    out_flags = ["--out", anchored.out] if anchored.out else []
    runtime_flags = [word for option, setting in _changed(anchored.runtime) for word in _flag(option, setting)]
    return [
        "covey",
        "run",
        anchored.dataset,
        *out_flags,
        *feature_flags,
        *flags,
        *(word for setting in settings for word in ("--set", setting)),
        *runtime_flags,
    ]


def _flag(option: Option, setting: Any) -> list[str]:
    """Return the flag that sets an option of the runtime."""
    name = option.name.replace("_", "-")
    if option.type is bool:
        return [f"--{name}" if setting else f"--no-{name}"]
    return [f"--{name}", format_value(setting)]


def _anchored(experiment: Experiment, registry: Registry) -> Experiment:
    """Return an experiment whose folders mean the same from everywhere."""

    def anchor(location: str) -> str:
        storage, place = resolve(registry, location)
        return str(Path(place).absolute()) if storage.name == DEFAULT_SCHEME else location

    out = anchor(experiment.out) if experiment.out else None
    return attrs.evolve(experiment, dataset=anchor(experiment.dataset), out=out)


def _of(experiment: Experiment, kind: str) -> tuple[Component, ...]:
    components: tuple[Component, ...] = getattr(experiment, f"{kind}s")
    return components


def _section(kind: str, component: Component, registry: Registry) -> str:
    assignments = [f"{option.name} = {_value(value)}" for option, value in _changed(component)]
    return "\n".join([f"[[{kind}]]", f"use = {_value(_use(component, registry))}", *assignments])


def _settings(kind: str, experiment: Experiment) -> Iterator[str]:
    for component in _of(experiment, kind):
        for option, setting in _changed(component):
            yield f"{kind}.{option.name}={format_value(setting)}"


def _changed(component: Component) -> list[tuple[Option, Any]]:
    """Return the options that are not as declared, with their values."""
    settings = [(option, getattr(component, option.name)) for option in options(type(component))]
    return [(option, value) for option, value in settings if value != option.default]


def _use(component: Component, registry: Registry) -> str:
    """Return the name of a component, in full where another plugin uses it too."""
    alike = [item for item in registry.of_kind(Kind.of(type(component))) if item.name == component.name]
    return next((item.full_name for item in alike if item.cls is type(component) and len(alike) > 1), component.name)


def _value(setting: Any) -> str:
    """Return a value as TOML."""
    if isinstance(setting, tuple):
        return f"[{', '.join(map(_value, setting))}]" if setting else "[[]]"  # [] would be no alternative at all
    if setting is None:
        return '"none"'
    return json.dumps(setting, ensure_ascii=False).replace("\x7f", "\\u007f")
