"""A new plugin: a complete small package that works, to be changed step by step.

The templates are whole packages of the name `specimen`; a new one differs from them in that name alone.
"""

from __future__ import annotations

import ast
import importlib.util
import keyword
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from covey._base.errors import CoveyError
from covey._base.files import make_folder, write_text
from covey._version import __version__
from covey.components.kinds import Kind
from covey.plugins.registry import Registry

TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,49}")


class Template(StrEnum):
    """What a new plugin begins as: a component of a kind, or an extractor of a special sort."""

    kind: Kind
    """The kind of its component."""

    EXTRACTOR = "extractor", Kind.EXTRACTOR
    LISTENER = "listener", Kind.EXTRACTOR
    LEARNER = "learner", Kind.EXTRACTOR
    REDUCER = "reducer", Kind.REDUCER
    CLUSTERER = "clusterer", Kind.CLUSTERER
    STORAGE = "storage", Kind.STORAGE
    ENGINE = "engine", Kind.ENGINE
    SOURCE = "source", Kind.SOURCE

    def __new__(cls, name: str, kind: Kind) -> Template:
        """Make a member whose value is its name, that of its folder, alone."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.kind = kind
        return member


def create_plugin(name: str, template: Template, folder: Path, registry: Registry) -> Path:
    """Write the package of a new component into `folder`, which must not exist or be empty; return the folder.

    Raises:
        CoveyError: the name cannot be used, or the folder is not empty.
    """
    _check_name(name, template, registry)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise CoveyError(f"{folder} exists already and is not an empty folder: name another one after {name}.")
    make_folder(folder)
    for path in _templates(template):
        write_text(folder / _renamed(path.name, name), _renamed(path.read_text("utf-8"), name))
    return folder


def _check_name(name: str, template: Template, registry: Registry) -> None:
    if not _NAME.fullmatch(name):
        rule = "2 to 50 lower-case letters, digits and '_', with a letter first"
        raise CoveyError(f"A plugin cannot be called {name!r}: choose a name of {rule}.")
    if namesakes := [
        item
        for item in registry.components
        if item.name == name and item.kind in {template.kind for template in Template}
    ]:
        raise CoveyError(
            f"{name!r} is the {namesakes[0].kind} {namesakes[0].full_name}: choose a name that is not in use."
        )
    if importlib.util.find_spec(f"covey_{name}"):
        raise CoveyError(f"The module covey_{name} is installed already: choose a name that is not in use.")
    if keyword.iskeyword(_class(name)) or _class(name) in _used(template):
        raise CoveyError(
            f"A {template} cannot be called {name!r}, for {_class(name)} means something else in its module."
        )


def _used(template: Template) -> set[str]:
    """Return the names that the modules of a template use, which its class cannot take."""
    modules = [ast.parse(path.read_text("utf-8")) for path in _templates(template) if path.suffix == ".py"]
    names = {node.id for module in modules for node in ast.walk(module) if isinstance(node, ast.Name)}
    return names - {"Specimen"}


def _templates(template: Template) -> Iterator[Path]:
    yield TEMPLATES / "pyproject.toml"
    yield from sorted((TEMPLATES / template).glob("[!.]*.*"))


def _renamed(text: str, name: str) -> str:
    text = text.replace('"covey"', f'"covey>={__version__}"')
    return text.replace("Specimen", _class(name)).replace("specimen", name)


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
