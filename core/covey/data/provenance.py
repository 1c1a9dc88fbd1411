"""Provenance: how a table was made, and the key that tells it from every other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from covey._base.digests import canonical_json, digest
from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component, Runtime
from covey.components.kinds import STEPS, Kind

FORMAT = 1
DEEPEST = 100
"""How deep objects and lists of a provenance may be nested."""
_TYPES: dict[str, type] = {
    **dict.fromkeys(("kind", "component", "tag", "input"), str),
    **dict.fromkeys(("options", "identity", "details"), dict),
    "version": int,
}


@attrs.frozen(kw_only=True)
class Copies:
    """Images with the same content as an earlier one: how many, and the names of the first."""

    count: int
    first: tuple[str, ...]


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
        broken: reason why each broken image was left out, by name.
        sizes: number of images of each size, such as "48 x 32" (width and height in pixels).
        copies: images with the same content as another, which share its row and its cluster.
        odd: what is odd about an image that is used, by name: "black", "constant" or "transparent".
        scaled: number of images with deep greys for each range, such as "0 to 4095", that was scaled to 8 bits.
        constant: number of features that are the same for all images.
        runtime: how the features were computed.
        machines: what computed them, one description for each machine and set of library versions.
        earlier: rows taken over from a table of fewer images.
        other: provenance of the table that was joined to the input.
        file: name of the file from which features were imported.
    """

    versions: Mapping[str, str] = attrs.field(factory=dict)
    chosen: Mapping[str, Any] = attrs.field(factory=dict)
    broken: Mapping[str, str] = attrs.field(factory=dict)
    sizes: Mapping[str, int] = attrs.field(factory=dict)
    copies: Copies | None = None
    odd: Mapping[str, str] = attrs.field(factory=dict)
    scaled: Mapping[str, int] = attrs.field(factory=dict)
    constant: int = 0
    runtime: Runtime | None = None
    machines: tuple[str, ...] = ()
    earlier: ReusedRows | None = None
    other: Provenance | None = None
    file: str = ""


@attrs.frozen(kw_only=True)
class Provenance:
    """How a table was made: component, version, options, its input and how that was made.

    `key` is a hash of (kind, component, version, options, identity, input) and nothing else: package versions and the
    runtime are in `details` and do not change it. `tag` is the component's short name for files. `source` is the
    provenance of the input; None means the images.
    """

    kind: Kind = attrs.field()
    component: str
    tag: str
    version: int
    options: Mapping[str, Any]
    identity: Mapping[str, Any] = attrs.field(factory=dict)
    input: str
    details: Details = attrs.field(factory=Details)
    source: Provenance | None = None

    @classmethod
    def of(cls, component: Component, source: Provenance | str, details: Details | None = None) -> Provenance:
        """Return the provenance of the table that a component makes.

        Args:
            component: extractor, reducer or clusterer.
            source: provenance of the table that it works on, or the key of the images.
            details: what else is known about the table.
        """
        return cls(
            kind=Kind.of(type(component)),
            component=component.name,
            tag=component.tag,
            version=component.version,
            options=options.option_values(component),
            identity=dict(component.identity()),
            input=source if isinstance(source, str) else source.key,
            source=None if isinstance(source, str) else source,
            details=details or Details(),
        )

    @property
    def key(self) -> str:
        """64 hexadecimal digits (SHA-256)."""
        return digest([self.kind, self.component, self.version, {**self.options, **self.identity}, self.input])

    @property
    def short_key(self) -> str:
        """The first digits of the key, as they stand in file names."""
        return self.key[:8]

    @property
    def lineage(self) -> list[Provenance]:
        """The provenances that led to this one, from the images on, and itself last."""
        return [*(self.source.lineage if self.source else []), self]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(Provenance)}
        source = None if self.source is None else self.source.to_dict()
        return {**fields, "kind": self.kind.value, "details": _details_to_dict(self.details), "source": source}

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
            document = json.loads(text)
            if not _is_shallow(document, DEEPEST):
                raise ValueError("it is nested too deeply")
            return _read_provenance(document)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CoveyError(f"{where} has a damaged provenance ({error}): make the file again.") from error


def _details_to_dict(details: Details) -> dict[str, Any]:
    """Return details as plain JSON values, without those at their defaults."""
    default = Details()
    fields = {field.name: getattr(details, field.name) for field in attrs.fields(Details)}
    return {name: _plain(field) for name, field in fields.items() if field != getattr(default, name)}


def _plain(field: Any) -> Any:
    if isinstance(field, Provenance):
        return field.to_dict()
    if isinstance(field, Runtime):
        return {name: setting for name, setting in options.option_values(field).items() if setting not in (None, False)}
    return attrs.asdict(field) if attrs.has(type(field)) else field


def _read_provenance(document: Any) -> Provenance:
    if document is None:
        raise ValueError("it is empty")
    if document.get("format", FORMAT) > FORMAT:
        raise ValueError("it was written by a newer covey")
    fields = {field.name: document[field.name] for field in attrs.fields(Provenance)}
    odd = [name for name, kind in _TYPES.items() if not isinstance(fields[name], kind)]
    if odd:
        raise ValueError(f"{odd[0]} is not what it should be")
    if fields["kind"] not in STEPS:
        raise ValueError(f"{fields['kind']!r} makes no tables")
    fields["kind"] = Kind.named(fields["kind"])
    fields["source"] = None if fields["source"] is None else _read_provenance(fields["source"])
    fields["details"] = _read_details(fields["details"])
    provenance = Provenance(**fields)
    _check_keys(provenance, document.get("key", provenance.key))
    return provenance


def _check_keys(provenance: Provenance, key: str) -> None:
    if key != provenance.key or (provenance.source and provenance.source.key != provenance.input):
        raise ValueError("its key does not fit what it says")


def _read_details(fields: Mapping[str, Any]) -> Details:
    """Return details from plain JSON values; fields of a newer covey are ignored."""
    details: dict[str, Any] = {}
    for name, (expected, read) in _READERS.items():
        if not fields.get(name):
            continue
        try:
            details[name] = read(fields[name])
        except (ValueError, TypeError, KeyError, AttributeError, CoveyError) as error:
            raise ValueError(f"details.{name} must be {expected}, not {canonical_json(fields[name])[:80]}") from error
    return Details(**details)


def _read_mapping(kind: type) -> Callable[[Any], dict[str, Any]]:
    def read(field: Any) -> dict[str, Any]:
        if not all(isinstance(key, str) and isinstance(entry, kind) for key, entry in field.items()):
            raise ValueError
        return dict(field)

    return read


def _read_type(kind: type) -> Callable[[Any], Any]:
    def read(field: Any) -> Any:
        if type(field) is not kind:
            raise ValueError
        return field

    return read


def _read_runtime(field: Mapping[str, Any]) -> Runtime:
    """Return a runtime from its settings; 0 stood for None in files of earlier versions."""
    declared = {option.name for option in options.options(Runtime)}
    settings = {name: setting for name, setting in field.items() if name in declared and setting not in (0, None)}
    return options.build(Runtime, settings)


def _read_texts(field: Any) -> tuple[str, ...]:
    return tuple(map(_read_type(str), _read_type(list)(field)))


def _read_copies(field: Mapping[str, Any]) -> Copies:
    return Copies(count=_read_type(int)(field["count"]), first=_read_texts(field["first"]))


def _read_reused_rows(field: Mapping[str, Any]) -> ReusedRows:
    return ReusedRows(key=_read_type(str)(field["key"]), rows=_read_type(int)(field["rows"]))


_READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "versions": ("a version for each package", _read_mapping(str)),
    "chosen": ("a value for each option", _read_mapping(object)),
    "broken": ("a reason for each broken image", _read_mapping(str)),
    "sizes": ("a number of images for each size", _read_mapping(int)),
    "odd": ("a text for each odd image", _read_mapping(str)),
    "scaled": ("a number of images for each range", _read_mapping(int)),
    "copies": ("a count and the first names", _read_copies),
    "constant": ("a whole number", _read_type(int)),
    "runtime": ("the settings of a computation", _read_runtime),
    "machines": ("a list of texts", _read_texts),
    "earlier": ("a key and a number of rows", _read_reused_rows),
    "other": ("a provenance", _read_provenance),
    "file": ("the name of a file", _read_type(str)),
}
"""What each field of the details must be, and the function that reads it."""


def _is_shallow(document: Any, levels: int) -> bool:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return levels >= 0 and all(_is_shallow(part, levels - 1) for part in inner)
