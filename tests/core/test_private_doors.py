"""What covey uses of other packages and they do not promise: listed in core/README.md, and still there."""

from __future__ import annotations

import ast
import inspect
import re
from contextlib import suppress
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([\w.]+)` \| (.+) \| `(tests/.+)` \|$", re.MULTILINE)
DOORS = {door: tests for door, _, tests in ROW.findall((ROOT / "core" / "README.md").read_text("utf-8"))}
HIDDEN = re.compile(
    r"(^|\.)_[a-z]|(hdbscan|umap)_\b|^umap\.|^streamlit\.(runtime|config|components)\b"
    r"|^kaggle\.|^kagglesdk\.|\.ts_decoder\b|^distributed\.(client|scheduler)\."
)
"""What is no public name: of a leading underscore, or in a module that the package's documentation does not name."""
SOURCES = [
    path
    for folder in ("core/covey", "plugins", "dashboard/covey_dashboard")
    for path in (ROOT / folder).rglob("*.py")
    if "templates" not in path.parts
]


def list_hidden_names(path: Path) -> set[str]:
    """Return the names of other packages that a module uses and should not: imported, or an attribute of a module."""
    tree, modules = ast.parse(path.read_text("utf-8")), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("covey"):
            modules.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            modules.update({alias.asname or alias.name: alias.name for alias in node.names})
    attributes = {
        f"{modules[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    names = {name for name in {*modules.values(), *attributes} if HIDDEN.search(name) and not name.startswith("os.")}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


HIDDEN_NAMES = sorted({name for path in SOURCES for name in list_hidden_names(path)})


def is_behind(name: str, door: str) -> bool:
    return name == door or name.startswith(f"{door}.")


def load(name: str) -> Any:
    """Return what a name stands for: a module, or something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        with suppress(ModuleNotFoundError):
            return reduce(getattr, parts[count:], import_module(".".join(parts[:count])))
    raise ModuleNotFoundError(name)


def test_every_private_door_is_listed_and_every_listed_one_is_used() -> None:
    assert [name for name in HIDDEN_NAMES if not any(is_behind(name, door) for door in DOORS)] == []
    assert [door for door in DOORS if not any(is_behind(name, door) for name in HIDDEN_NAMES)] == []


@pytest.mark.parametrize("name", HIDDEN_NAMES)
def test_what_is_behind_a_private_door_is_still_there(name: str) -> None:
    pytest.importorskip(name.split(".")[0], reason="is not installed")
    assert load(name) is not None


@pytest.mark.parametrize(("door", "tests"), DOORS.items())
def test_what_goes_through_a_private_door_has_a_test(door: str, tests: str) -> None:
    assert (ROOT / tests).is_file()


def test_private_functions_take_what_they_are_given() -> None:
    tree_to_labels = pytest.importorskip("hdbscan.hdbscan_")._tree_to_labels
    parameters = list(inspect.signature(tree_to_labels).parameters)
    assert parameters[:4] == ["X", "single_linkage_tree", "min_cluster_size", "cluster_selection_method"]
    assert "cluster_selection_epsilon" in parameters
