"""Provenance: how a table was made, and the key that tells it from every other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

from covey._base.digests import canonical_json, digest
from covey._base.errors import CoveyError, reason
from covey.components import options
from covey.components.contracts import Component, FeatureExtractor, Runtime
from covey.components.guard import guard_call
from covey.components.kinds import STEPS, Kind

T = TypeVar("T")
_EXTRA_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
FORMAT = 1
JOINED = "joined"
"""In the identity of a table that joins several: the keys of all but the first; in its JSON: their provenances."""
DEEPEST = 100
"""How deep objects and lists of a provenance may be nested."""
FOREIGN = "foreign"
"""The component of a table that another program made, which is known by its arrays."""
STATE = "state"
"""The output of an extractor that is what it has learned."""
_HEARD = "sound"
"""Where rate and seconds stand in the identity of what an extractor that listens makes."""
_LEARNED = "learned state"
"""Where the key of a state stands in the identity of a table; no option has this name."""


@attrs.frozen(kw_only=True)
class Copies:
    """Images with the same content as an earlier one: how many, and the names of the first."""

    count: int
    first: tuple[str, ...]


@attrs.frozen(kw_only=True)
class SampledRows:
    """The rows of which an embedding was computed: how many, and of how many; the others were placed among them."""

    rows: int
    total: int


@attrs.frozen(kw_only=True)
class ReusedRows:
    """Rows that were taken from an earlier table: its key, and how many."""

    key: str
    rows: int


@attrs.frozen(kw_only=True)
class Details:
    """What is known about a table besides what decides its key.

    Attributes:
        versions: installed version of each library behind the component.
        chosen: options left at None, with the values that the data gave them.
        reasons: why the data gave an option its value, in a few words, by option.
        broken: reason why each broken image was left out, by name.
        sizes: number of images of each size, such as "48 x 32" (width and height in pixels).
        copies: images with the same content as another, which share its row and its cluster.
        odd: what is odd about an image that is used, by name: "black", "constant" or "transparent".
        scaled: number of images with deep greys for each range, such as "0 to 4095", that was scaled to 8 bits.
        constant: number of features that are the same for all images.
        runtime: how the features were computed.
        machines: what computed them, one description for each machine and set of library versions.
        earlier: rows taken over from a table of fewer images.
        lacking: number of images that each joined table lacks, by its title, so that they were left out.
        file: name of the file of another program from which the table is.
        losses: what each epoch of learning ended with.
        silent: number of images that an extractor that listens left out because they have no sound, by reason.
        sample: the rows of which an embedding was computed, if not of all.
    """

    versions: Mapping[str, str] = attrs.field(factory=dict)
    chosen: Mapping[str, object] = attrs.field(factory=dict)
    reasons: Mapping[str, str] = attrs.field(factory=dict)
    broken: Mapping[str, str] = attrs.field(factory=dict)
    sizes: Mapping[str, int] = attrs.field(factory=dict)
    copies: Copies | None = None
    odd: Mapping[str, str] = attrs.field(factory=dict)
    scaled: Mapping[str, int] = attrs.field(factory=dict)
    constant: int = 0
    runtime: Runtime | None = None
    machines: tuple[str, ...] = ()
    earlier: ReusedRows | None = None
    lacking: Mapping[str, int] = attrs.field(factory=dict)
    file: str = ""
    losses: tuple[float, ...] = ()
    silent: Mapping[str, int] = attrs.field(factory=dict)
    sample: SampledRows | None = None

    def describe_computation(self) -> str:
        """Return in which precision, and on what, features were computed; "" if they need no device.

        A runtime says which precision was allowed. OpenVINO computes some networks in float32 all the same, and says so
        in the descriptions of the machines.
        """
        if self.runtime is None or self.runtime.device is None:
            return ""
        if self.runtime.backend == "openvino" and self.machines:
            return f"with {' or '.join(self.machines)}"
        precision = f"in {self.runtime.precision} " if self.runtime.precision else ""
        return f"{precision}on {self.runtime.device}"


@attrs.frozen(kw_only=True)
class Provenance:
    """How a table was made: component, version, options, its input and how that was made.

    `key` is a hash of (kind, component, version, options, identity, input) and nothing else: package versions and the
    runtime are in `details` and do not change it. `tag` is the component's short name for files. `source` is the
    provenance of the input; None means the images. A table that joins several has the others in `joined`, and their
    keys in its identity. `state` is the provenance of what an extractor had learned before it made this table; its key
    is part of the identity. `output` tells the tables apart that a component makes beside its ordinary one: `STATE` for
    what it has learned, the name of an extra table, else "".
    """

    kind: Kind = attrs.field()
    component: str
    tag: str
    version: int
    options: Mapping[str, object]
    identity: Mapping[str, object] = attrs.field(factory=dict)
    input: str
    details: Details = attrs.field(factory=Details)
    source: Provenance | None = None
    joined: tuple[Provenance, ...] = ()
    state: Provenance | None = None
    output: str = ""

    @classmethod
    def of(
        cls,
        component: Component,
        source: Provenance | str,
        details: Details | None = None,
        state: Provenance | None = None,
    ) -> Provenance:
        """Return the provenance of the table that a component makes.

        Args:
            component: extractor, reducer or clusterer.
            source: provenance of the table that it works on, or the key of the images.
            details: what else is known about the table.
            state: provenance of what the component has learned, if it learns.

        Raises:
            PluginFailure: the component cannot say its tag, or its identity is no plain JSON or changes.
        """
        return cls(
            kind=Kind.of(type(component)),
            component=component.name,
            tag=_read_tag(component),
            version=component.version,
            options=options.key_values(component),
            identity={**_read_identity(component), **_describe_sound(component), **_name_state(state)},
            input=source if isinstance(source, str) else source.key,
            source=None if isinstance(source, str) else source,
            details=details or Details(),
            state=state,
        )

    @classmethod
    def of_state(cls, extractor: Component, clips: str) -> Provenance:
        """Return the provenance of what an extractor learns from the clips with this key."""
        declared = [option.name for option in options.options(type(extractor)) if option.learning]
        settings = options.key_values(extractor)
        return cls(
            kind=Kind.of(type(extractor)),
            component=extractor.name,
            tag=extractor.name,
            version=extractor.version,
            options={name: settings[name] for name in declared if name in settings},
            identity={**_read_identity(extractor), **_describe_sound(extractor)},
            input=clips,
            output=STATE,
        )

    @classmethod
    def of_extra(
        cls, extractor: FeatureExtractor, output: str, images: str, state: Provenance | None = None
    ) -> Provenance:
        """Return the provenance of an extra table of the images with this key, whichever layers are computed too.

        Raises:
            CoveyError: its name is none that an extra table can have.
            PluginFailure: the identity of the extractor is no plain JSON or changes.
        """
        if not _EXTRA_NAME.fullmatch(output) or output == STATE:
            raise CoveyError(
                f"{extractor.name}: {output!r} cannot name an extra table: use lower-case letters, digits and _."
            )
        plural = options.plural_option(type(extractor))
        layers = [plural.name] if plural else []
        settings = {name: value for name, value in options.key_values(extractor).items() if name not in layers}
        features = cls.of(extractor, images, state=state)
        return attrs.evolve(features, tag=extractor.name, options=settings, output=output)

    @property
    def is_state(self) -> bool:
        """Whether it is of what an extractor has learned."""
        return self.output == STATE

    @property
    def is_foreign(self) -> bool:
        """Whether another program made the table, so that nothing is known of it but its arrays and its file."""
        return self.component == FOREIGN

    @property
    def is_extra(self) -> bool:
        """Whether it is of an extra table of an extractor."""
        return self.output not in ("", STATE)

    @property
    def key(self) -> str:
        """64 hexadecimal digits (SHA-256)."""
        decided_by = [self.kind, self.component, self.version, {**self.options, **self.identity}, self.input]
        return digest([*decided_by, self.output] if self.output else decided_by)

    @property
    def short_key(self) -> str:
        """The first digits of the key, as they stand in file names."""
        return self.key[:8]

    @property
    def sources(self) -> tuple[Provenance, ...]:
        """The tables that this one was made from: none for images, several if it joins them."""
        return (self.source, *self.joined) if self.source else ()

    @property
    def lineage(self) -> list[Provenance]:
        """The provenances that led to this one, each once and after its sources and its state, and itself last."""
        needed = [*self.sources, *([self.state] if self.state else [])]
        earlier = {step.key: step for source in needed for step in source.lineage}
        return [*earlier.values(), self]

    @property
    def chain(self) -> list[Provenance]:
        """This provenance, its source and so on, back to the images or to the table that joins several."""
        return [self, *(self.source.chain if self.source and not self.joined else [])]

    @property
    def extractions(self) -> list[Provenance]:
        """The features of one extractor each from which this table was made, or itself."""
        return [step for step in self.lineage if step.kind is Kind.EXTRACTOR and not step.sources and not step.output]

    @property
    def is_heard(self) -> bool:
        """Whether it is of an extractor that listens."""
        return self.kind is Kind.EXTRACTOR and _HEARD in self.identity

    @property
    def title(self) -> str:
        """The short names of the components that made the table, the last one first."""
        return " · ".join(step.tag for step in self.chain)

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {
            "kind": self.kind.value,
            "component": self.component,
            "tag": self.tag,
            "version": self.version,
            "options": self.options,
            "identity": self.identity,
            "input": self.input,
            "details": _details_to_dict(self.details),
            "source": None if self.source is None else self.source.to_dict(),
            **({JOINED: [source.to_dict() for source in self.joined]} if self.joined else {}),
            **({"state": self.state.to_dict()} if self.state else {}),
            **({"output": self.output} if self.output else {}),
        }

    def to_json(self) -> str:
        """Return one line of JSON, the same for equal provenances."""
        return canonical_json({"format": FORMAT, "key": self.key, **self.to_dict()})

    @classmethod
    def from_json(cls, text: str, where: str) -> Provenance:
        """Return the provenance written in `text`.

        Raises:
            CoveyError: it is not one; the message names `where`.
        """
        try:
            document: object = json.loads(text)
            if not _is_shallow(document, DEEPEST):
                raise ValueError("it is nested too deeply")
            return _read_provenance(document)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CoveyError(f"{where} has a damaged provenance ({reason(error)}): make the file again.") from error


def _read_tag(component: Component) -> str:
    """Return the tag of a component; one that is made from options by core may lack some in a plugin."""
    with guard_call(component.name, type(component).__module__, "tag"):
        return component.tag


def _describe_sound(component: Component) -> dict[str, object]:
    """Return what decides which sound an extractor that listens takes."""
    if isinstance(component, FeatureExtractor) and component.listens:
        return {_HEARD: {"rate": component.rate, "seconds": component.seconds}}
    return {}


def _name_state(state: Provenance | None) -> dict[str, object]:
    return {_LEARNED: state.key} if state else {}


def _read_identity(component: Component) -> dict[str, object]:
    with guard_call(component.name, type(component).__module__, "identity"):
        identity = dict(component.identity())
        if json.loads(canonical_json(identity)) != identity:
            raise TypeError("it must be plain JSON")
        if dict(component.identity()) != identity:
            raise ValueError("it must be the same each time")
        return identity


def _details_to_dict(details: Details) -> dict[str, object]:
    """Return details as plain JSON values, without those at their defaults."""
    default = Details()
    plain: dict[str, object] = {}
    for attribute in attrs.fields(Details):
        field: object = getattr(details, attribute.name)
        if field != getattr(default, attribute.name):
            plain[attribute.name] = _plain(field)
    return plain


def _plain(field: object) -> object:
    match field:
        case Runtime():
            settings = options.option_values(field)
            return {name: setting for name, setting in settings.items() if setting not in (None, False)}
        case Copies() | ReusedRows() | SampledRows():
            return attrs.asdict(field)
        case _:
            return field


def _read_provenance(document: object) -> Provenance:
    if document is None:
        raise ValueError("it is empty")
    fields = _as_mapping(document)
    if _require({"format": FORMAT, **fields}, "format", int) > FORMAT:
        raise ValueError("it was written by a newer covey")
    kind = _require(fields, "kind", str)
    if kind not in STEPS:
        raise ValueError(f"{kind!r} makes no tables")
    source, state = fields["source"], fields.get("state")
    provenance = Provenance(
        kind=Kind.named(kind),
        component=_require(fields, "component", str),
        tag=_require(fields, "tag", str),
        version=_require(fields, "version", int),
        options=_as_mapping(fields["options"], "options"),
        identity=_as_mapping(fields["identity"], "identity"),
        input=_require(fields, "input", str),
        details=_read_details(_as_mapping(fields["details"], "details")),
        source=None if source is None else _read_provenance(source),
        joined=tuple(map(_read_provenance, _require({JOINED: [], **fields}, JOINED, list))),
        state=None if state is None else _read_provenance(state),
        output=_require({"output": "", **fields}, "output", str),
    )
    key = fields.get("key", provenance.key)
    if key != provenance.key or not _fits_sources(provenance):
        raise ValueError("its key does not fit what it says")
    if provenance.state and provenance.identity.get(_LEARNED) != provenance.state.key:
        raise ValueError("its state is not the one that it was made with")
    return provenance


def _fits_sources(provenance: Provenance) -> bool:
    """Whether the keys of the sources are those that decide the key of a table."""
    if provenance.joined and provenance.identity.get(JOINED) != [source.key for source in provenance.joined]:
        return False
    return provenance.source is None or provenance.source.key == provenance.input


def _require(fields: Mapping[str, object], name: str, kind: type[T]) -> T:
    """Return a field of this type. Raises KeyError if it is missing, ValueError if it has another type."""
    field = fields[name]
    if not isinstance(field, kind):
        raise ValueError(f"{name} is not what it should be")
    return field


def _as_mapping(field: object, name: str = "it") -> dict[str, object]:
    """Return a JSON object. Raises ValueError for anything else."""
    if not isinstance(field, dict):
        raise ValueError(f"{name} is not what it should be")
    return field


def _read_details(fields: Mapping[str, object]) -> Details:
    """Return details from plain JSON values; fields of a newer covey are ignored."""
    return Details(
        versions=_read_detail(fields, "versions", "a version for each package", _mapping_reader(str), {}),
        chosen=_read_detail(fields, "chosen", "a value for each option", _as_mapping, {}),
        reasons=_read_detail(fields, "reasons", "a text for each option", _mapping_reader(str), {}),
        broken=_read_detail(fields, "broken", "a reason for each broken image", _mapping_reader(str), {}),
        sizes=_read_detail(fields, "sizes", "a number of images for each size", _mapping_reader(int), {}),
        copies=_read_detail(fields, "copies", "a count and the first names", _read_copies, None),
        constant=_read_detail(fields, "constant", "a whole number", _type_reader(int), 0),
        odd=_read_detail(fields, "odd", "a text for each odd image", _mapping_reader(str), {}),
        scaled=_read_detail(fields, "scaled", "a number of images for each range", _mapping_reader(int), {}),
        runtime=_read_detail(fields, "runtime", "the settings of a computation", _read_runtime, None),
        machines=_read_detail(fields, "machines", "a list of texts", _read_texts, ()),
        earlier=_read_detail(fields, "earlier", "a key and a number of rows", _read_reused_rows, None),
        lacking=_read_detail(fields, "lacking", "a number of images for each table", _mapping_reader(int), {}),
        file=_read_detail(fields, "file", "the name of a file", _type_reader(str), ""),
        losses=_read_detail(fields, "losses", "a number for each epoch", _read_losses, ()),
        silent=_read_detail(fields, "silent", "a number of images for each reason", _mapping_reader(int), {}),
        sample=_read_detail(fields, "sample", "two numbers of rows", _read_sampled_rows, None),
    )


def _read_detail(fields: Mapping[str, object], name: str, expected: str, read: Callable[[object], T], default: T) -> T:
    """Return a detail from its plain JSON value; the default if it is missing or empty.

    Raises:
        ValueError: it is not what is expected, which the message says.
    """
    if not fields.get(name):
        return default
    try:
        return read(fields[name])
    except (ValueError, TypeError, KeyError, AttributeError, CoveyError) as error:
        raise ValueError(f"details.{name} must be {expected}, not {canonical_json(fields[name])[:80]}") from error


def _mapping_reader(kind: type[T]) -> Callable[[object], dict[str, T]]:
    """Return a function that reads a JSON object with entries of one type."""

    def read(field: object) -> dict[str, T]:
        entries = _as_mapping(field)
        return {name: _require(entries, name, kind) for name in entries}

    return read


def _type_reader(kind: type[T]) -> Callable[[object], T]:
    """Return a function that reads a value of exactly one type."""

    def read(field: object) -> T:
        if not isinstance(field, kind) or type(field) is not kind:
            raise ValueError
        return field

    return read


def _read_runtime(field: object) -> Runtime:
    """Return a runtime from its settings; 0 stood for None in files of earlier versions."""
    declared = {option.name for option in options.options(Runtime)}
    settings = _as_mapping(field)
    return options.build(
        Runtime, {name: settings[name] for name in settings if name in declared and settings[name] not in (0, None)}
    )


def _read_texts(field: object) -> tuple[str, ...]:
    if not isinstance(field, list):
        raise ValueError
    return tuple(map(_type_reader(str), field))


def _read_losses(field: object) -> tuple[float, ...]:
    if not isinstance(field, list):
        raise ValueError
    return tuple(map(_type_reader(float), field))


def _read_copies(field: object) -> Copies:
    fields = _as_mapping(field)
    return Copies(count=_type_reader(int)(fields["count"]), first=_read_texts(fields["first"]))


def _read_sampled_rows(field: object) -> SampledRows:
    fields = _as_mapping(field)
    return SampledRows(rows=_type_reader(int)(fields["rows"]), total=_type_reader(int)(fields["total"]))


def _read_reused_rows(field: object) -> ReusedRows:
    fields = _as_mapping(field)
    return ReusedRows(key=_type_reader(str)(fields["key"]), rows=_type_reader(int)(fields["rows"]))


def _is_shallow(document: object, levels: int) -> bool:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return levels >= 0 and all(_is_shallow(part, levels - 1) for part in inner)
