"""What covey uses of other packages and they do not promise: listed in core/README.md, and still there."""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "core" / "README.md").read_text("utf-8")
ROW = re.compile(r"^\| `([\w.]+)` \| (.+) \| `(tests/.+)` \|$", re.MULTILINE)
DOORS = {door: tests for door, _, tests in ROW.findall(README)}
HIDDEN = re.compile(
    r"(^|\.)_[a-z]|(hdbscan|umap)_\b|^umap\.|^streamlit\.(runtime|config|proto|components\.v2\.types)\b"
    r"|^kaggle\.|^kagglesdk\.|\.ts_decoder\b|^distributed\.(client|scheduler)\."
)
"""What is no public name: of a leading underscore, or in a module that the package's documentation does not name."""
DOCUMENTED = {"_exit", "_replace", "_value_"}
"""Names of the standard library that begin with an underscore and are promised: of os, of named tuples, of enums."""
SOURCES = [
    path
    for folder in ("core/covey", "plugins", "dashboard")
    for path in (ROOT / folder).rglob("*.py")
    if not {"templates", "node_modules"} & {*path.parts}
]
TREES = [ast.parse(path.read_text("utf-8")) for path in SOURCES]
PAGE_PART = re.compile(r'(?:data-testid="?|\.)(st[A-Z]\w+)|(data-(?:stale|baseweb))')
"""What scripts and style sheets name of the pages of Streamlit."""


def name_attribute(node: ast.expr, modules: dict[str, str]) -> str:
    """Return the whole name of an attribute of a module, also of one that getattr reads; "" for anything else."""
    match node:
        case ast.Name(id=name):
            return modules.get(name, "")
        case ast.Attribute(value=value, attr=name):
            owner = name_attribute(value, modules)
        case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(name)), *_]):
            owner = name_attribute(value, modules)
        case _:
            return ""
    return owner and f"{owner}.{name}"


def list_hidden_names(tree: ast.Module) -> set[str]:
    """Return the names of other packages that a module uses and should not: imported, or an attribute of a module."""
    modules = dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("covey"):
            modules.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            heads = [alias.name if alias.asname else alias.name.partition(".")[0] for alias in node.names]
            modules.update({alias.asname or head: head for alias, head in zip(node.names, heads, strict=True)})
    attributes = {name_attribute(node, modules) for node in ast.walk(tree) if isinstance(node, ast.expr)}
    names = {name for name in {*modules.values(), *attributes} if HIDDEN.search(name) and not name.startswith("os.")}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


def list_hidden_attributes(tree: ast.Module) -> set[str]:
    """Return the attributes with a leading underscore that a module uses and does not define."""
    nodes = [*ast.walk(tree)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    own = {node.attr for node in attributes if isinstance(node.ctx, ast.Store) or is_own(node.value)}
    own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return {node.attr for node in attributes if re.match("_[a-z]", node.attr)} - own - DOCUMENTED


def is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


HIDDEN_NAMES = sorted({name for tree in TREES for name in list_hidden_names(tree)})
HIDDEN_ATTRIBUTES = {name for tree in TREES for name in list_hidden_attributes(tree)}
HIDDEN_ATTRIBUTES -= {name.rpartition(".")[2] for name in HIDDEN_NAMES}


def is_behind(name: str, door: str) -> bool:
    return name == door or name.startswith(f"{door}.")


LEAST_VERSIONS = {"torch": "2.8"}
"""Versions before which a door may be missing, where covey does without."""


def load(name: str) -> Any:
    """Return what a name stands for: a module, or something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        with suppress(ModuleNotFoundError):
            return reduce(getattr, parts[count:], import_module(".".join(parts[:count])))
    raise ModuleNotFoundError(name)


def test_every_private_door_is_listed_and_every_listed_one_is_used() -> None:
    doors_of_objects = {door for door in DOORS if door.rpartition(".")[2] in HIDDEN_ATTRIBUTES}
    assert {door.rpartition(".")[2] for door in doors_of_objects} == HIDDEN_ATTRIBUTES
    assert [name for name in HIDDEN_NAMES if not any(is_behind(name, door) for door in DOORS)] == []
    unused = [door for door in DOORS if not any(is_behind(name, door) for name in HIDDEN_NAMES)]
    assert [door for door in unused if door not in doors_of_objects] == []


@pytest.mark.parametrize("name", HIDDEN_NAMES)
def test_what_is_behind_a_private_door_is_still_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.setenv(variable, "nobody")  # the first import of kaggle 2.0 asks for credentials
    package = name.split(".")[0]
    pytest.importorskip(package, LEAST_VERSIONS.get(package), reason="is not installed, or too old to have it")
    assert load(name) is not None


@pytest.mark.parametrize(("door", "tests"), DOORS.items())
def test_what_goes_through_a_private_door_has_a_test(door: str, tests: str) -> None:
    assert (ROOT / tests).is_file()


def test_what_scripts_and_styles_name_of_streamlits_pages_is_listed_and_still_there() -> None:
    streamlit = pytest.importorskip("streamlit", reason="needs covey[dashboard]")
    browser = ROOT / "dashboard" / "covey_dashboard" / "browser"
    texts = [path.read_text("utf-8") for ending in ("js", "css") for path in browser.rglob(f"*.{ending}")]
    parts = {part for text in texts for names in PAGE_PART.findall(text) for part in names if part}
    listed = README.partition("names in the pages of Streamlit: ")[2].partition(".")[0]
    assert {*re.findall("`(.+?)`", listed)} == parts
    scripts = Path(streamlit.__file__).parent.joinpath("static").rglob("*.js")
    shown = "".join(path.read_text("utf-8") for path in scripts)
    assert [part for part in parts if part not in shown] == []
