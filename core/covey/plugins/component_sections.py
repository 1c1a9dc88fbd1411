"""Components as they are written in TOML: a section with `use = "name"` and a line for each option."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from covey._base.errors import CoveyError, in_terminal, reason, shorten
from covey._base.files import read_text
from covey._base.toml_lines import KeyPath, find_line
from covey.components import options
from covey.components.contracts import Component, Storage
from covey.components.kinds import Kind
from covey.plugins.registry import Registry

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")

Locate = Callable[[KeyPath], str]
"""Says in words where the value at a path was written."""


class SectionReader:
    """Reads components from plain data, as TOML gives it, and collects what is wrong.

    Attributes:
        registry: the installed components.
        locate: says where the value at a path was written.
        folder: where relative paths begin.
        errors: a sentence for each problem, with its location.
    """

    def __init__(self, registry: Registry, locate: Locate, folder: Path = Path()) -> None:
        self.registry = registry
        self.locate = locate
        self.folder = folder
        self.errors: list[str] = []

    def read_components(self, kind: Kind, entry: object) -> list[Component]:
        """Return the components of one kind, each once; the default one without an entry."""
        sections: dict[KeyPath, object] = {(kind,): {"use": kind.default} if entry is None else entry}
        if isinstance(entry, list):
            sections = {(kind, number): section for number, section in enumerate(entry)}
        if not sections:
            self.report((kind,), f"{kind} is an empty list: give one, or leave it out for the default.")
        components = [
            component for path, section in sections.items() for component in self._read_section(kind, path, section)
        ]
        return list(dict.fromkeys(components))

    def read_storages(self, entry: object) -> list[Storage]:
        """Return storages with their options, each of another class; none without an entry."""
        components = [] if entry is None else self.read_components(Kind.STORAGE, entry)
        storages = [component for component in components if isinstance(component, Storage)]
        names = [storage.name for storage in storages]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self.report((Kind.STORAGE,), f"{name} has several settings: give each of its options one value, once.")
        return storages

    def raise_errors(self) -> None:
        """Raise CoveyError with a line for each error, if there are errors."""
        if self.errors:
            raise CoveyError("\n".join(self.errors))

    def report(self, path: KeyPath, sentence: str) -> None:
        """Add an error about the value at a path."""
        self.errors.append(f"{self.locate(path)}: {shorten(sentence)}")

    def check_options(self, cls: type[Component], path: KeyPath, settings: Mapping[str, object]) -> bool:
        """Report the settings of a section that a class does not allow; return whether all are allowed."""
        messages = options.option_errors(cls, settings)
        for key, sentence in messages.items():
            self.report((*path, key), sentence)
        return not messages

    def _read_section(self, kind: Kind, path: KeyPath, section: object) -> list[Component]:
        """Return one component for every combination of alternatives in a section."""
        name = section.get("use") if isinstance(section, dict) else None
        if not isinstance(section, dict) or not isinstance(name, str):
            self.report((*path, "use"), f'every [[{kind}]] needs a line such as use = "{kind.default}".')
            return []
        settings = {key: setting for key, setting in section.items() if key != "use"}
        try:
            cls = self.registry.get(kind, name)
        except CoveyError as error:
            self.report((*path, "use"), f"{error}{_remedy(name, self.registry)}")
            return []
        settings = options.anchor_paths(cls, settings, self.folder)
        return options.expand_variants(cls, settings) if self.check_options(cls, path, settings) else []


def read_toml(path: Path) -> tuple[dict[str, object], Locate]:
    """Return the content of a TOML file, and what says at which line a value stands.

    Raises:
        CoveyError: it cannot be read.
    """
    try:
        text = read_text(path)
        document: dict[str, object] = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read as TOML: {reason(error)}.") from error

    def locate(key_path: KeyPath) -> str:
        line = find_line(text, key_path)
        return f"{path}, line {line}" if line else str(path)

    return document, locate


def _remedy(name: str, registry: Registry) -> str:
    """Return the command that installs the distribution in a full name, if that is not installed; else ""."""
    distribution, colon, _ = name.partition(":")
    installed = {item.distribution for item in registry.components} | {item.distribution for item in registry.problems}
    if not colon or distribution in installed or not _DISTRIBUTION.fullmatch(distribution):
        return ""
    return f" To install it: {in_terminal(f'pip install {distribution}')}."
