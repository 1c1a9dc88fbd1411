"""An experiment: which components work on which dataset; read from `covey.toml` or flags and checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from covey._base.errors import CoveyError, did_you_mean
from covey._base.toml_lines import KeyPath
from covey.analysis.join_tables import Join
from covey.components import options
from covey.components.contracts import Clusterer, Component, FeatureExtractor, Reducer, Runtime, Storage
from covey.components.engine_contract import Engine
from covey.components.kinds import STEPS, Kind
from covey.engines.local import Local
from covey.plugins.component_sections import SectionReader, read_toml
from covey.plugins.locations import DEFAULT_SCHEME, find_storage
from covey.plugins.registry import Registry

RUNTIME = "runtime"
"""The section of `covey.toml` that says how to compute."""
JOIN, WHITEN = "join", "whiten"
"""The settings that say which sets of features are joined, and how."""
LEARN_AGAIN = "learn_again"
"""The setting of `covey.toml` by which extractors learn again."""
EMBEDDINGS = "embeddings"
"""The setting that names embeddings in the dataset, which are clustered as they are."""
_KEYS = (
    "dataset",
    "out",
    "features",
    EMBEDDINGS,
    JOIN,
    WHITEN,
    LEARN_AGAIN,
    RUNTIME,
    Kind.ENGINE,
    Kind.STORAGE,
    *STEPS,
)
SETTABLE = (*STEPS, Kind.ENGINE, Kind.STORAGE)
"""The kinds of which an experiment has components, whose options flags can set."""


@attrs.frozen(kw_only=True)
class Experiment:
    """Every combination of these extractors, reducers and clusterers, on one dataset.

    `out` is the location of the results; None means the dataset itself. `features` are the names of features in the
    dataset that are reduced and clustered too, besides those of the extractors. `embeddings` are the names of
    embeddings in the dataset that are clustered too. `join` names the sets of features that are joined and then
    reduced and clustered as well, once in each way of `joins`: by the name of an extractor, the tag of its features,
    or the file name of features in the dataset. `storages` are those of `dataset` and `out` whose options are not the
    user's usual ones. `learn_again` makes extractors that learn do so from the present images, even if they have
    learned from others before. `engine` says where features are computed.
    """

    dataset: str
    out: str | None = None
    features: tuple[str, ...] = ()
    embeddings: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    joins: tuple[Join, ...] = (Join(),)
    extractors: tuple[FeatureExtractor, ...]
    reducers: tuple[Reducer, ...]
    clusterers: tuple[Clusterer, ...]
    runtime: Runtime = attrs.field(factory=Runtime)
    storages: tuple[Storage, ...] = ()
    learn_again: bool = False
    engine: Engine = attrs.field(factory=Local)


def read_experiment(path: Path, registry: Registry) -> Experiment:
    """Read an experiment from a TOML file; folders in it are relative to it.

    Raises:
        CoveyError: a sentence for each problem, with its line.
    """
    document, locate = read_toml(path)
    experiment = _Reader(registry, locate, path.parent).read(document)
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
    join: Sequence[str] = (),
    whiten: str | None = None,
    embeddings: Sequence[str] = (),
) -> Experiment:
    """Make an experiment from command-line flags.

    Args:
        dataset: the location of the dataset.
        out: the location of the results; None means the dataset itself.
        names: the components of each kind; the default one for kinds without names.
        settings: texts such as "clusterer.eps=0.3"; the same option twice means "try each".
        registry: the installed components.
        features: the names of features in the dataset.
        runtime: how to compute.
        join: the names of the sets of features that are joined.
        whiten: how far these are whitened; several values, as in "0,0.5", mean "try each".
        embeddings: the names of embeddings in the dataset.

    Raises:
        CoveyError: a sentence for each problem.
    """
    texts_by_kind = _split_settings(settings)
    document: dict[str, object] = {"dataset": dataset, "features": list(features), JOIN: list(join)}
    document[EMBEDDINGS] = list(embeddings)
    if out:
        document["out"] = out
    if whiten is not None:
        (whiten_option,) = options.options(Join)
        document[WHITEN] = whiten_option.parse(whiten)
    for kind in STEPS:
        is_described = kind is Kind.EXTRACTOR and (features or join or embeddings)
        is_reduced = kind is Kind.REDUCER and embeddings and not (features or join or Kind.EXTRACTOR in document)
        if (is_described or is_reduced) and not (names.get(kind) or texts_by_kind[kind]):
            continue
        document[kind] = _make_sections(kind, names.get(kind, ()), texts_by_kind[kind], registry)
    if names.get(Kind.ENGINE) or texts_by_kind[Kind.ENGINE]:
        engine_names = names.get(Kind.ENGINE, ())
        document[Kind.ENGINE] = _make_sections(Kind.ENGINE, engine_names, texts_by_kind[Kind.ENGINE], registry)
    if texts_by_kind[Kind.STORAGE]:
        locations = [dataset, *([out] if out else [])]
        document[Kind.STORAGE] = _make_storage_sections(locations, texts_by_kind[Kind.STORAGE], registry)
    return attrs.evolve(_Reader(registry, _locate_flag).read(document), runtime=runtime or Runtime())


def build_clusterers(name: str, settings: Sequence[str], registry: Registry) -> list[Clusterer]:
    """Make a clusterer, or one for each alternative, from command-line flags.

    Args:
        name: the name of the clusterer.
        settings: texts such as "clusterer.eps=0.3".
        registry: the installed components.

    Raises:
        CoveyError: a sentence for each problem.
    """
    reader = _Reader(registry, _locate_flag)
    sections = _make_sections(Kind.CLUSTERER, [name], _texts_of_kind(Kind.CLUSTERER, settings, reader), registry)
    components = reader.read_components(Kind.CLUSTERER, sections)
    reader.raise_errors()
    return [component for component in components if isinstance(component, Clusterer)]


def build_engine(name: str, settings: Sequence[str], registry: Registry) -> Engine:
    """Make an engine from command-line flags.

    Args:
        name: the name of the engine.
        settings: texts such as "engine.workers=4".
        registry: the installed components.

    Raises:
        CoveyError: a sentence for each problem.
    """
    reader = _Reader(registry, _locate_flag)
    sections = _make_sections(Kind.ENGINE, [name], _texts_of_kind(Kind.ENGINE, settings, reader), registry)
    engine = reader.read_engine(sections)
    reader.raise_errors()
    return engine


def build_storages(locations: Sequence[str], settings: Sequence[str], registry: Registry) -> list[Storage]:
    """Make the storages of some locations that have options among command-line flags.

    Args:
        locations: where datasets lie.
        settings: texts such as "storage.root=memory://birds"; those of other kinds are passed over.
        registry: the installed components.

    Raises:
        CoveyError: a sentence for each problem.
    """
    reader = _Reader(registry, _locate_flag)
    texts = _split_settings(settings)[Kind.STORAGE]
    storages = reader.read_storages(_make_storage_sections(locations, texts, registry) or None)
    reader.raise_errors()
    return storages


def _texts_of_kind(kind: Kind, settings: Sequence[str], reader: SectionReader) -> dict[str, list[str]]:
    """Return the values of each option of one kind; options of others are reported."""
    texts_by_kind = _split_settings(settings)
    for other_kind, texts in texts_by_kind.items():
        if texts and other_kind is not kind:
            reader.errors.append(f"--set {other_kind}: only options of the {kind} count here.")
    return texts_by_kind[kind]


def name_joined_extractors(join: Sequence[str], extractors: Sequence[Component], registry: Registry) -> list[str]:
    """Return the names among those to join that are installed extractors, and not among those of an experiment.

    These are used with their default options.
    """
    described_names = {extractor.name for extractor in extractors}
    registered = registry.of_kind(Kind.EXTRACTOR)
    installed_names = {name for entry in registered for name in (entry.name, entry.full_name)}
    return [name for name in join if name in installed_names and name.rpartition(":")[2] not in described_names]


class _Reader(SectionReader):
    """Reads an experiment from plain data, as TOML gives it, and collects what is wrong."""

    def read(self, document: Mapping[str, object]) -> Experiment:
        """Return the experiment. Raises CoveyError with all errors."""
        for key in document:
            if key not in _KEYS:
                self.report((key,), f"there is no setting {key!r}.{did_you_mean(key, _KEYS)}")
        dataset, out = self._read_text(document, "dataset"), self._read_text(document, "out")
        if not document.get("dataset"):
            self.report(("dataset",), 'say which dataset: dataset = "folder".')
        if not isinstance(document.get(LEARN_AGAIN, False), bool):
            self.report((LEARN_AGAIN,), f"{LEARN_AGAIN} must be true or false, not {document[LEARN_AGAIN]!r}.")
        features = self._read_names(document, "features")
        join, joins = self._read_join(document), self._read_joins(document)
        embeddings = self._read_names(document, EMBEDDINGS)
        extractors: list[Component] = []
        if not (features or join or embeddings) or Kind.EXTRACTOR in document:
            extractors = self.read_components(Kind.EXTRACTOR, document.get(Kind.EXTRACTOR))
        if names := name_joined_extractors(join, extractors, self.registry):
            extractors += self.read_components(Kind.EXTRACTOR, [{"use": name} for name in names])
        reducers: list[Component] = []
        if features or join or extractors:
            reducers = self.read_components(Kind.REDUCER, document.get(Kind.REDUCER))
        elif embeddings and Kind.REDUCER in document:
            self.report((Kind.REDUCER,), "embeddings are reduced already: leave the reducer out, or name features.")
        clusterers = self.read_components(Kind.CLUSTERER, document.get(Kind.CLUSTERER))
        runtime = self._read_runtime(document.get(RUNTIME, {}))
        engine = self.read_engine(document.get(Kind.ENGINE))
        storages = self.read_storages(document.get(Kind.STORAGE))
        self._check_used(storages, [location for location in (dataset, out) if location])
        self.raise_errors()
        return Experiment(
            dataset=dataset,
            out=out or None,
            features=features,
            embeddings=embeddings,
            join=join,
            joins=tuple(joins),
            extractors=tuple(extractor for extractor in extractors if isinstance(extractor, FeatureExtractor)),
            reducers=tuple(reducer for reducer in reducers if isinstance(reducer, Reducer)),
            clusterers=tuple(clusterer for clusterer in clusterers if isinstance(clusterer, Clusterer)),
            runtime=runtime,
            storages=tuple(storages),
            learn_again=document.get(LEARN_AGAIN) is True,
            engine=engine,
        )

    def read_engine(self, entry: object) -> Engine:
        """Return the engine; this process without an entry."""
        components = [] if entry is None else self.read_components(Kind.ENGINE, entry)
        if len(components) > 1:
            self.report((Kind.ENGINE,), "a run has one engine: give each of its options one value, once.")
        return next((component for component in components if isinstance(component, Engine)), Local())

    def _check_used(self, storages: Sequence[Storage], locations: Sequence[str]) -> None:
        """Report storages in which no location lies."""
        used_classes = [find_storage(self.registry, location)[0] for location in locations] if storages else []
        for storage in storages:
            if type(storage) not in used_classes:
                self.report(
                    (Kind.STORAGE,),
                    f"{storage.name} is not used: neither dataset nor out begins with {storage.name}: followed by a"
                    " place.",
                )

    def _read_text(self, document: Mapping[str, object], key: str) -> str:
        text = document.get(key, "")
        if isinstance(text, str):
            return text
        self.report((key,), f"{key} must be a text, not {text!r}.")
        return ""

    def _read_names(self, document: Mapping[str, object], key: str) -> tuple[str, ...]:
        entry = document.get(key, [])
        names = [name for name in entry if isinstance(name, str)] if isinstance(entry, list) else None
        if names is None or names != entry:
            self.report((key,), f"{key} must be a list of texts, not {entry!r}.")
        return tuple(names or ())

    def _read_join(self, document: Mapping[str, object]) -> tuple[str, ...]:
        names = self._read_names(document, JOIN)
        if names and len(set(names)) < max(2, len(names)):
            self.report((JOIN,), f"join needs two or more different sets of features, not {', '.join(names)}.")
        if WHITEN in document and not names:
            self.report((WHITEN,), f"whiten counts for features that are joined: say which with {JOIN}.")
        return names

    def _read_joins(self, document: Mapping[str, object]) -> list[Join]:
        """Return every way in which features are joined."""
        settings = {WHITEN: document[WHITEN]} if WHITEN in document else {}
        return options.expand_variants(Join, settings) if self.check_options(Join, (), settings) else []

    def _read_runtime(self, section: object) -> Runtime:
        if not isinstance(section, dict):
            self.report((RUNTIME,), f"{RUNTIME} must be a section, [{RUNTIME}], not {section!r}.")
            return Runtime()
        is_valid = self.check_options(Runtime, (RUNTIME,), section)
        return options.build(Runtime, section) if is_valid else Runtime()


def _split_settings(settings: Sequence[str]) -> dict[Kind, dict[str, list[str]]]:
    """Split texts such as "clusterer.eps=0.3" into kind, option and values."""
    texts_by_kind: dict[Kind, dict[str, list[str]]] = {kind: {} for kind in SETTABLE}
    for setting in settings:
        key, equals, text = setting.partition("=")
        name, dot, option = key.strip().partition(".")
        if not (equals and dot and option) or name not in SETTABLE:
            hint = did_you_mean(name, SETTABLE) if dot and equals else ""
            raise CoveyError(f"--set {setting}: write KIND.OPTION=VALUE, with KIND one of {', '.join(SETTABLE)}.{hint}")
        texts_by_kind[Kind.named(name)].setdefault(option, []).append(text)
    return texts_by_kind


def _make_sections(
    kind: Kind, names: Sequence[str], texts: Mapping[str, Sequence[str]], registry: Registry
) -> list[dict[str, object]]:
    """Return a section, as TOML has it, for each name; for the default component if there are no names."""
    return [{"use": name, **_parse_settings(kind, name, texts, registry)} for name in names or [kind.default]]


def _make_storage_sections(
    locations: Sequence[str], texts: Mapping[str, Sequence[str]], registry: Registry
) -> list[dict[str, object]]:
    """Return a section for each storage of some locations that has one of these options.

    An option that none has goes to the storage of the last location; the reader reports it.
    """
    classes = list(dict.fromkeys(find_storage(registry, location)[0] for location in locations))
    names_by_class = {cls: {option.name for option in options.options(cls)} for cls in classes}
    unknown_names = set(texts).difference(*names_by_class.values())
    sections: list[dict[str, object]] = []
    for cls, names in names_by_class.items():
        names_for_class = names | unknown_names if cls is classes[-1] else names
        texts_for_class = {name: alternatives for name, alternatives in texts.items() if name in names_for_class}
        if texts_for_class:
            sections.append({"use": cls.name, **_parse_settings(Kind.STORAGE, cls.name, texts_for_class, registry)})
    return sections


def _parse_settings(kind: Kind, name: str, texts: Mapping[str, Sequence[str]], registry: Registry) -> dict[str, object]:
    """Convert texts into values as the options of a component read them; the reader reports unknown names later."""
    try:
        declared = {option.name: option for option in options.options(registry.find(name, kind).cls)}
    except CoveyError:
        return {}
    settings: dict[str, object] = {}
    for key, alternatives in texts.items():
        parsed: list[object] = [declared[key].parse(text) if key in declared else text for text in alternatives]
        settings[key] = parsed[0] if len(parsed) == 1 else _flatten(parsed)
    return settings


def _flatten(alternatives: Sequence[object]) -> list[object]:
    """Return alternatives, each list among them as its elements."""
    lists: list[list[object]] = [entry if isinstance(entry, list) else [entry] for entry in alternatives]
    return [element for elements in lists for element in elements]


def _locate_flag(path: KeyPath) -> str:
    """Return the flag in which a value was given."""
    match path:
        case (str(setting),) if setting in (JOIN, WHITEN):
            return f"--{setting}"
        case (section, _, "use"):
            return f"--{section}"
        case (section, _, key):
            return f"--set {section}.{key}"
    return "the command line"


def _resolve_location(path: Path, location: str, registry: Registry) -> str:
    """Return a location as seen from the file that names it."""
    storage, place = find_storage(registry, location)
    return str(path.parent / place) if storage.name == DEFAULT_SCHEME else location
