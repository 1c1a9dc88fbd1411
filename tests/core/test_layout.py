"""The layout: imports between the packages of core run one way, and one word names one thing."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "core" / "covey"
DASHBOARD = ROOT / "dashboard" / "covey_dashboard"
LAYERS = {
    "_version": 0,
    "_base": 1,
    **dict.fromkeys(("components", "labelling"), 2),
    "data": 3,
    "plugins": 4,
    **dict.fromkeys(("engines", "sound"), 5),
    **dict.fromkeys(("extraction", "analysis", "sources"), 6),
    "experiments": 7,
    "outputs": 8,
    "api": 9,
    **dict.fromkeys(("", "authoring"), 10),
    "testing": 11,
    "commands": 12,
    "frontend": 13,
}
"""How high each package of core stands: it imports from lower ones only, and two at one height not from each other.
The name "" is that of the package `covey` itself."""
LOOSE = {"__init__.py", "_version.py", "api.py"}
MOST_FILES = 14
"""How many files may lie in one folder of the dashboard."""
CONTRACT_FILES = {"page.py", "test_covey_specimen.py", "covey_specimen.py"}


def read_modules() -> dict[str, Path]:
    """Return the file of each module of core by its dotted name, without the scaffold's templates."""
    paths = [path for path in CORE.rglob("*.py") if "templates" not in path.parts]
    return {".".join(path.relative_to(CORE.parent).with_suffix("").parts).removesuffix(".__init__"): path
            for path in paths}  # fmt: skip


MODULES = read_modules()


@cache
def read_imports(module: str) -> frozenset[str]:
    """Return the modules of core that a module imports when it runs, also inside its functions."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    return frozenset(name for node in _run_time_nodes(tree) for name in _imported_modules(node))


def _run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it but for blocks that only type checkers read."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _run_time_nodes(child)


def _imported_modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in MODULES)
    if isinstance(node, ast.ImportFrom) and node.module in MODULES:
        for alias in node.names:
            submodule = f"{node.module}.{alias.name}"
            yield submodule if submodule in MODULES else node.module


def package_of(module: str) -> str:
    """Return the part of core in which a module lies; "" for the package itself."""
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_between_packages_run_one_way(module: str) -> None:
    package = package_of(module)
    for imported in read_imports(module):
        target = package_of(imported)
        assert target == package or LAYERS[target] < LAYERS[package], f"{module} imports {imported}"


def test_no_module_imports_itself_through_others() -> None:
    remaining = {module: set(read_imports(module)) - {module} for module in MODULES}
    while independent := [module for module, imports in remaining.items() if not imports & remaining.keys()]:
        for module in independent:
            del remaining[module]
    assert not remaining, f"these import each other in a circle: {sorted(remaining)}"


def test_core_holds_no_loose_module() -> None:
    assert {path.name for path in CORE.glob("*.py")} == LOOSE


def test_no_folder_of_the_dashboard_is_crowded() -> None:
    sizes = Counter(path.parent for path in DASHBOARD.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {folder: size for folder, size in sizes.items() if size > MOST_FILES} == {}


@pytest.mark.parametrize("root", [CORE, DASHBOARD], ids=["core", "dashboard"])
def test_a_file_name_names_one_file(root: Path) -> None:
    exempt = {"__init__.py", *CONTRACT_FILES}
    paths = [path for path in root.rglob("*.py") if not {"commands", "pages"} & set(path.relative_to(root).parts)]
    counts = Counter(path.name for path in paths if path.name not in exempt)
    assert [name for name, count in counts.items() if count > 1] == []


def test_a_public_class_name_names_one_class() -> None:
    places: dict[str, list[str]] = {}
    for folder in ("core", "plugins", "dashboard"):
        for path in (ROOT / folder).rglob("*.py"):
            if {"templates", "node_modules"} & set(path.parts):
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}
