"""Writing an experiment as a TOML file, and as a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import attrs
import tomlkit
from tomlkit.items import AoT, Item, Table

from covey._base.errors import CoveyError
from covey.analysis.join_tables import Join
from covey.components.contracts import Component
from covey.components.kinds import STEPS, Kind
from covey.components.options import Option, Setting, anchor_paths, evolve, format_value, option_values, options
from covey.engines.local import Local
from covey.experiments.experiment import (
    EMBEDDINGS,
    JOIN,
    LEARN_AGAIN,
    RUNTIME,
    SETTABLE,
    WHITEN,
    Experiment,
    from_flags,
)
from covey.plugins.locations import DEFAULT_SCHEME, find_storage
from covey.plugins.registry import Registry

C = TypeVar("C", bound=Component)
_NAMED = (*STEPS, Kind.ENGINE)
"""The kinds whose components flags name."""


def to_toml(experiment: Experiment, registry: Registry) -> str:
    """Return an experiment as TOML, which `read_experiment` reads back wherever the file lies.

    Options at their defaults are left out.
    """
    anchored = _anchor_locations(experiment, registry)
    document = tomlkit.document()
    document.add("dataset", _toml_value(anchored.dataset))
    if anchored.out:
        document.add("out", _toml_value(anchored.out))
    if anchored.features:
        document.add("features", _toml_value(anchored.features))
    if anchored.embeddings:
        document.add(EMBEDDINGS, _toml_value(anchored.embeddings))
    if anchored.join:
        document.add(JOIN, _toml_value(anchored.join))
        if alternatives := _whiten_alternatives(anchored):
            document.add(WHITEN, _toml_value(alternatives[0] if len(alternatives) == 1 else alternatives))
    if anchored.learn_again:
        document.add(LEARN_AGAIN, tomlkit.item(True))
    for kind in SETTABLE:
        sections = [_write_section(component, registry) for component in _components(anchored, kind)]
        if sections:
            document.add(kind.value, AoT(sections))
    if settings := _changed_options(anchored.runtime):
        document.add(RUNTIME, _write_options(tomlkit.table(), settings))
    return tomlkit.dumps(document)


def command_words(experiment: Experiment, registry: Registry) -> list[str] | None:
    """Return the words of the command that runs an experiment; None if only a file can describe it."""
    anchored = _anchor_locations(experiment, registry)
    names = {kind: [name_component(part, registry) for part in _components(anchored, kind)] for kind in _NAMED}
    settings = list(dict.fromkeys(setting for kind in SETTABLE for setting in _settings(kind, anchored)))
    dataset, out, features, runtime = anchored.dataset, anchored.out, anchored.features, anchored.runtime
    whiten = ",".join(map(str, _whiten_alternatives(anchored))) or None
    try:
        joining = anchored.join, whiten, anchored.embeddings
        from_words = from_flags(dataset, out, names, settings, registry, features, runtime, *joining)
        if attrs.evolve(from_words, learn_again=anchored.learn_again) != anchored:
            return None
    except CoveyError:
        return None
    component_flags = [word for kind in _NAMED for name in names[kind] for word in (f"--{kind}", name)]
    return [
        "covey",
        "run",
        dataset,
        *(["--out", out] if out else []),
        *(word for name in features for word in ("--features", name)),
        *(word for name in anchored.embeddings for word in ("--embedding", name)),
        *(["--join", ",".join(anchored.join)] if anchored.join else []),
        *(["--whiten", whiten] if whiten else []),
        *(["--learn-again"] if anchored.learn_again else []),
        *component_flags,
        *(word for setting in settings for word in ("--set", setting)),
        *(word for option, setting in _changed_options(runtime) for word in _runtime_flag(option, setting)),
    ]


def _whiten_alternatives(experiment: Experiment) -> tuple[float, ...]:
    """Return how far joined features are whitened, each a result of its own; () for the default."""
    return () if experiment.joins == (Join(),) else tuple(join.whiten for join in experiment.joins)


def _runtime_flag(option: Option, setting: Setting) -> list[str]:
    """Return the flag that sets an option of the runtime."""
    name = option.name.replace("_", "-")
    if option.type is bool:
        return [f"--{name}" if setting else f"--no-{name}"]
    return [f"--{name}", format_value(setting)]


def _anchor_locations(experiment: Experiment, registry: Registry) -> Experiment:
    """Return an experiment with absolute paths, which mean the same in every current folder."""

    def anchor(location: str) -> str:
        storage, place = find_storage(registry, location)
        return str(Path(place).absolute()) if storage.name == DEFAULT_SCHEME else location

    out = anchor(experiment.out) if experiment.out else None
    return attrs.evolve(
        experiment,
        dataset=anchor(experiment.dataset),
        out=out,
        extractors=tuple(map(_anchor_paths, experiment.extractors)),
        reducers=tuple(map(_anchor_paths, experiment.reducers)),
        clusterers=tuple(map(_anchor_paths, experiment.clusterers)),
        storages=tuple(map(_anchor_paths, experiment.storages)),
        engine=_anchor_paths(experiment.engine),
    )


def _anchor_paths(component: C) -> C:
    return evolve(component, **anchor_paths(type(component), option_values(component), Path()))


def _components(experiment: Experiment, kind: Kind) -> tuple[Component, ...]:
    components: tuple[Component, ...] = (
        *experiment.extractors,
        *experiment.reducers,
        *experiment.clusterers,
        *experiment.storages,
        *([experiment.engine] if experiment.engine != Local() else []),
    )
    return tuple(component for component in components if isinstance(component, kind.base))


def _write_section(component: Component, registry: Registry) -> Table:
    section = tomlkit.table()
    section.add("use", _toml_value(name_component(component, registry)))
    return _write_options(section, _changed_options(component))


def _write_options(section: Table, settings: Sequence[tuple[Option, Setting]]) -> Table:
    for option, setting in settings:
        section.add(option.name, _toml_value(setting))
    return section


def _settings(kind: Kind, experiment: Experiment) -> Iterator[str]:
    for component in _components(experiment, kind):
        for option, setting in _changed_options(component):
            yield f"{kind}.{option.name}={format_value(setting)}"


def _changed_options(component: Component) -> list[tuple[Option, Setting]]:
    """Return the options that differ from their defaults, with their values."""
    settings: list[tuple[Option, Setting]] = [
        (option, getattr(component, option.name)) for option in options(type(component))
    ]
    return [(option, setting) for option, setting in settings if setting != option.default]


def name_component(component: Component, registry: Registry) -> str:
    """Return the name by which the registry finds a component: in full if several plugins use it."""
    namesakes = [entry for entry in registry.of_kind(Kind.of(type(component))) if entry.name == component.name]
    if len(namesakes) < 2:
        return component.name
    return next((entry.full_name for entry in namesakes if entry.cls is type(component)), component.name)


def _toml_value(setting: Setting) -> Item:
    """Return a setting as a TOML value."""
    if setting == ():
        return tomlkit.item([[]])  # an empty list would mean that there is no alternative
    return tomlkit.item("none" if setting is None else list(setting) if isinstance(setting, tuple) else setting)
