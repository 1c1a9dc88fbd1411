"""An experiment: which components work on which dataset, from `covey.toml` or from flags, validated as a whole."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from covey._base.errors import CoveyError, did_you_mean, reason
from covey.components import options
from covey.components.contracts import Clusterer, Component, FeatureExtractor, Reducer, Runtime
from covey.components.kinds import STEPS, Kind
from covey.plugins.locations import DEFAULT_SCHEME, resolve
from covey.plugins.registry import Registry

RUNTIME = "runtime"
"""The section of `covey.toml` that says how to compute."""
_KEYS = ("dataset", "out", "features", RUNTIME, *STEPS)
_MULTILINE = re.compile(r"(\"\"\"|''').*?\1", re.DOTALL)
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

Place = Callable[[str, int, str], str]
"""Says where something stands: from a section, its number from 0, and a key in it."""


@attrs.frozen(kw_only=True)
class Experiment:
    """Every combination of these extractors, reducers and clusterers, on one dataset.

    `out` is where the results go; None means into the dataset. `features` are the names of tables of features that are
    kept there already, and from which it goes on as well.
    """

    dataset: str
    out: str | None = None
    features: tuple[str, ...] = ()
    extractors: tuple[FeatureExtractor, ...]
    reducers: tuple[Reducer, ...]
    clusterers: tuple[Clusterer, ...]
    runtime: Runtime = attrs.field(factory=Runtime)


def read_experiment(path: Path, registry: Registry) -> Experiment:
    """Read an experiment from a TOML file; folders in it are relative to it.

    Raises:
        CoveyError: all that is wrong with the file, each with its line.
    """
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CoveyError(f"{path} cannot be read as TOML: {reason(error)}.") from error
    experiment = build_experiment(document, registry, _lines(path, text))
    return attrs.evolve(
        experiment,
        dataset=_resolve_location(path, experiment.dataset, registry),
        out=_resolve_location(path, experiment.out, registry) if experiment.out else None,
    )


def from_flags(
    dataset: str,
    out: str | None,
    names: Mapping[Kind, Sequence[str]],
    settings: Sequence[str],
    registry: Registry,
    features: Sequence[str] = (),
    runtime: Runtime | None = None,
) -> Experiment:
    """Make an experiment from command-line flags.

    Args:
        dataset: the location of the dataset.
        out: the location for results.
        names: the components of each kind; none means the default.
        settings: texts such as "clusterer.eps=0.3"; the same option twice means "try each".
        registry: the installed components.
        features: the names of tables of features that are kept.
        runtime: how to compute.

    Raises:
        CoveyError: all that is wrong.
    """
    values_by_kind = _settings(settings)
    document: dict[str, Any] = {"dataset": dataset, **({"out": out} if out else {})}
    if features:
        document["features"] = list(features)
    for kind in STEPS:
        if features and kind is Kind.EXTRACTOR and not (names.get(kind) or values_by_kind[kind]):
            continue
        sections = names.get(kind) or [kind.default]
        document[kind] = [{"use": name, **_typed(registry, kind, name, values_by_kind[kind])} for name in sections]
    return attrs.evolve(build_experiment(document, registry, _flag), runtime=runtime or Runtime())


def build_components(kind: Kind, names: Sequence[str], settings: Sequence[str], registry: Registry) -> list[Any]:
    """Make the components of one kind from command-line flags, as `from_flags` does. Raises CoveyError."""
    values_by_kind = _settings(settings)
    strays = [stray for stray, texts in values_by_kind.items() if texts and stray != kind]
    errors = [f"--set {stray}: only options of the {kind} count here." for stray in strays]
    sections = [{"use": name, **_typed(registry, kind, name, values_by_kind[kind])} for name in names or [kind.default]]
    components = _components(kind, sections, registry, _flag, errors)
    if errors:
        raise CoveyError("\n".join(errors))
    return components


def build_experiment(document: Mapping[str, Any], registry: Registry, place: Place) -> Experiment:
    """Make an experiment from plain data, as TOML gives it. Raises CoveyError with every error and its place."""
    errors = [
        f"{place(key, 0, '')}: there is no setting {key!r}.{did_you_mean(key, _KEYS)}"
        for key in document
        if key not in _KEYS
    ]
    for key in ("dataset", "out"):
        if not isinstance(document.get(key, ""), str):
            errors.append(f"{place(key, 0, '')}: {key} must be a text, not {document[key]!r}.")
    if not document.get("dataset"):
        errors.append(f'{place("dataset", 0, "")}: say which dataset: dataset = "folder".')
    features = document.get("features", [])
    if not isinstance(features, list) or not all(isinstance(name, str) for name in features):
        errors.append(f"{place('features', 0, '')}: features must be a list of texts, not {features!r}.")
    kinds = [kind for kind in STEPS if not (kind is Kind.EXTRACTOR and features and kind not in document)]
    components = {kind: _components(kind, document.get(kind), registry, place, errors) for kind in kinds}
    runtime = _runtime(document.get(RUNTIME, {}), place, errors)
    if errors:
        raise CoveyError("\n".join(errors))
    extractors, reducers, clusterers = (tuple(components.get(kind, ())) for kind in STEPS)
    return Experiment(
        dataset=document["dataset"],
        out=document.get("out"),
        features=tuple(features),
        extractors=extractors,
        reducers=reducers,
        clusterers=clusterers,
        runtime=runtime,
    )


def _runtime(section: Any, place: Place, errors: list[str]) -> Runtime:
    if not isinstance(section, dict):
        errors.append(f"{place(RUNTIME, 0, '')}: {RUNTIME} must be a section, [{RUNTIME}], not {section!r}.")
        return Runtime()
    wrong = options.option_errors(Runtime, section)
    errors += [f"{place(RUNTIME, 0, key)}: {sentence}" for key, sentence in wrong.items()]
    return Runtime() if wrong else options.build(Runtime, section)


def _components(kind: Kind, entry: Any, registry: Registry, place: Place, errors: list[str]) -> list[Any]:
    sections = [{"use": kind.default}] if entry is None else entry if isinstance(entry, list) else [entry]
    if not sections:
        errors.append(f"{place(kind, 0, '')}: {kind} is an empty list: give one, or leave it out for the default.")
    components = []
    for number, section in enumerate(sections):
        components += _variants(kind, number, section, registry, place, errors)
    return list(dict.fromkeys(components))


def _variants(
    kind: Kind, number: int, section: Any, registry: Registry, place: Place, errors: list[str]
) -> list[Component]:
    if not isinstance(section, dict) or not isinstance(section.get("use"), str):
        errors.append(f'{place(kind, number, "use")}: every [[{kind}]] needs a line such as use = "{kind.default}".')
        return []
    settings = {key: value for key, value in section.items() if key != "use"}
    try:
        cls = registry.get(kind, section["use"])
    except CoveyError as error:
        errors.append(f"{place(kind, number, 'use')}: {error}{_remedy(section['use'], registry)}")
        return []
    wrong = options.option_errors(cls, settings)
    errors += [f"{place(kind, number, key)}: {sentence}" for key, sentence in wrong.items()]
    return [] if wrong else options.expand_variants(cls, settings)


def _remedy(name: str, registry: Registry) -> str:
    """Return the command that installs the distribution of a full name, where there is one that is not installed."""
    distribution, colon, _ = name.partition(":")
    installed = {item.distribution for item in registry.components} | {item.distribution for item in registry.problems}
    if not colon or distribution in installed or not _DISTRIBUTION.fullmatch(distribution):
        return ""
    return f" To install it: pip install {distribution}"


def _settings(settings: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Take texts such as "clusterer.eps=0.3" apart."""
    values_by_kind: dict[str, dict[str, list[str]]] = {kind: {} for kind in STEPS}
    for setting in settings:
        key, equals, text = setting.partition("=")
        kind, dot, name = key.strip().partition(".")
        if not (equals and dot and name) or kind not in values_by_kind:
            near = did_you_mean(kind, STEPS) if dot and equals else ""
            raise CoveyError(f"--set {setting}: write KIND.OPTION=VALUE, with KIND one of {', '.join(STEPS)}.{near}")
        values_by_kind[kind].setdefault(name, []).append(text)
    return values_by_kind


def _typed(registry: Registry, kind: Kind, name: str, texts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Turn texts into values as the options of a component read them; what is unknown is found out later."""
    try:
        declared = {option.name: option for option in options.options(registry.find(name, kind).cls)}
    except CoveyError:
        return {}
    values = {
        key: [declared[key].parse(text) if key in declared else text for text in given] for key, given in texts.items()
    }
    return {key: given[0] if len(given) == 1 else _flat(given) for key, given in values.items()}


def _flat(values: Sequence[Any]) -> list[Any]:
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _flag(section: str, number: int, key: str) -> str:
    if not key:
        return "the command line"
    return f"--{section}" if key == "use" else f"--set {section}.{key}"


def _lines(path: Path, text: str) -> Place:
    """Return a function that finds the line of a key in a TOML text."""
    lines = _MULTILINE.sub(lambda string: "\n" * string[0].count("\n"), text).splitlines()

    def place(section: str, number: int, key: str) -> str:
        heads = [at for at, line in enumerate(lines) if re.match(rf"\s*\[\[?\s*{section}\s*\]", line)]
        start = heads[number] if number < len(heads) else 0
        dotted = rf"{section}(?:\s*\.\s*{re.escape(key)})?"
        searched = re.escape(key) if heads else dotted
        for at, line in enumerate(lines[start:], start):
            if re.match(rf"""\s*["']?{searched}["']?\s*=""", line):
                return f"{path}, line {at + 1}"
        return f"{path}, line {start + 1}" if heads else str(path)

    return place


def _resolve_location(path: Path, location: str, registry: Registry) -> str:
    """Return a location as seen from the file that names it."""
    storage, place = resolve(registry, location)
    return str(path.parent / place) if storage.name == DEFAULT_SCHEME else location
