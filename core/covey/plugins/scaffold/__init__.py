"""A new plugin: a complete small package that works, to be changed step by step.

The templates are whole packages of the name `specimen`; a new one differs from them in that name alone.
"""

from __future__ import annotations

import ast
import importlib.util
import keyword
import re
from collections.abc import Iterator
from pathlib import Path

from covey._base.errors import CoveyError
from covey._base.files import make_folder, write_text
from covey._version import __version__
from covey.components.kinds import Kind
from covey.plugins.registry import Registry

TEMPLATES = Path(__file__).parent / "templates"
KINDS = tuple(kind for kind in Kind if (TEMPLATES / kind).is_dir())
"""The kinds of which there is a template."""
_NAME = re.compile(r"[a-z][a-z0-9_]{1,49}")


def create_plugin(name: str, kind: Kind, folder: Path, registry: Registry) -> Path:
    """Write the package of a new component into `folder`, which must not exist or be empty; return the folder.

    Raises:
        CoveyError: the name cannot be used, or the folder is not empty.
    """
    _check_name(name, kind, registry)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise CoveyError(f"{folder} exists already and is not an empty folder: name another one after {name}.")
    make_folder(folder)
    for path in _templates(kind):
        write_text(folder / _renamed(path.name, name), _renamed(path.read_text("utf-8"), name))
    return folder


def _check_name(name: str, kind: Kind, registry: Registry) -> None:
    if not _NAME.fullmatch(name):
        rule = "2 to 50 lower-case letters, digits and '_', with a letter first"
        raise CoveyError(f"A plugin cannot be called {name!r}: choose a name of {rule}.")
    if taken := [item for item in registry.components if item.name == name and item.kind in KINDS]:
        raise CoveyError(f"{name!r} is the {taken[0].kind} {taken[0].full_name}: choose a name that is not in use.")
    if importlib.util.find_spec(f"covey_{name}"):
        raise CoveyError(f"The module covey_{name} is installed already: choose a name that is not in use.")
    if keyword.iskeyword(_class(name)) or _class(name) in _used(kind):
        raise CoveyError(f"A {kind} cannot be called {name!r}, for {_class(name)} means something else in its module.")


def _used(kind: Kind) -> set[str]:
    """Return the names that the modules of a template use, which its class cannot take."""
    modules = [ast.parse(path.read_text("utf-8")) for path in _templates(kind) if path.suffix == ".py"]
    names = {node.id for module in modules for node in ast.walk(module) if isinstance(node, ast.Name)}
    return names - {"Specimen"}


def _templates(kind: Kind) -> Iterator[Path]:
    yield TEMPLATES / "pyproject.toml"
    yield from sorted((TEMPLATES / kind).glob("[!.]*.*"))


def _renamed(text: str, name: str) -> str:
    text = text.replace('"covey"', f'"covey>={__version__}"')
    return text.replace("Specimen", _class(name)).replace("specimen", name)


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
