"""What made an array, and the key that tells it from every other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import attrs

from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component

FORMAT = 1
_KINDS = ("extractor", "reducer", "clusterer")
DEEPEST = 100
"""How deep objects and lists of a provenance may lie in one another."""
_PARTS: dict[str, type] = {
    **dict.fromkeys(("kind", "component", "tag", "input"), str),
    **dict.fromkeys(("options", "identity", "details"), dict),
    "version": int,
}


@attrs.frozen(kw_only=True)
class Provenance:
    """What made an array: component, version, options, its input and what that was made of.

    `key` is a hash of (kind, component, version, options, identity, input) and nothing else: neither package versions
    nor the runtime change it. `details` holds those, and what was noticed on the way, as plain JSON values.
    `tag` is the component's short name for files. `source` is the provenance of the input; None means the images.
    """

    kind: str
    component: str
    tag: str
    version: int
    options: Mapping[str, Any]
    identity: Mapping[str, Any] = attrs.field(factory=dict)
    input: str
    details: Mapping[str, Any] = attrs.field(factory=dict)
    source: Provenance | None = None

    @property
    def key(self) -> str:
        """64 hexadecimal digits (SHA-256)."""
        made_of = [self.kind, self.component, self.version, {**self.options, **self.identity}, self.input]
        return digest(made_of)

    @property
    def short_key(self) -> str:
        """The first digits of the key, as they stand in file names."""
        return self.key[:8]

    @property
    def lineage(self) -> list[Provenance]:
        """The provenances that led to this one, from the images on, and itself last."""
        return [*(self.source.lineage if self.source else []), self]

    def to_json(self) -> str:
        """Return one line of JSON, the same for equal provenances."""
        return canonical({"format": FORMAT, "key": self.key, **attrs.asdict(self)})

    @classmethod
    def from_json(cls, text: str, where: str) -> Provenance:
        """Return the provenance written in `text`. Raises CoveyError, naming `where`, when it is not one."""
        try:
            data = json.loads(text)
            if not _is_shallow(data, DEEPEST):
                raise ValueError("it is nested too deeply")
            return _read(data)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CoveyError(f"{where} has a damaged provenance ({error}): make the file again.") from error


def of(component: Component, source: Provenance | str, **details: Any) -> Provenance:
    """Return the provenance of what `component` makes from `source`: another provenance, or the key of the images."""
    return Provenance(
        kind=component.kind,
        component=component.name,
        tag=component.tag,
        version=component.version,
        options=options.values(component),
        identity=dict(component.identity()),
        input=source if isinstance(source, str) else source.key,
        source=None if isinstance(source, str) else source,
        details=details,
    )


def canonical(value: Any) -> str:
    """Return `value` as JSON, always the same text for the same value."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def _read(data: Any) -> Provenance:
    if data is None:
        raise ValueError("it is empty")
    if data.get("format", FORMAT) > FORMAT:
        raise ValueError("it was written by a newer covey")
    fields = {field.name: data[field.name] for field in attrs.fields(Provenance)}
    wrong = [name for name, kind in _PARTS.items() if not isinstance(fields[name], kind)]
    if wrong:
        raise ValueError(f"{wrong[0]} is not what it should be")
    if fields["kind"] not in _KINDS:
        raise ValueError(f"{fields['kind']!r} makes no tables")
    fields["source"] = None if fields["source"] is None else _read(fields["source"])
    made = Provenance(**fields)
    if data.get("key", made.key) != made.key or (made.source and made.source.key != made.input):
        raise ValueError("its key does not fit what it says")
    return made


def _is_shallow(value: Any, left: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left >= 0 and all(_is_shallow(part, left - 1) for part in inner)
