"""What must be quick imports nothing heavy, and every part knows only what it may know."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixture_types import Cli

from covey.components.heavy_imports import HEAVY

ROOT = Path(__file__).parents[2]
LISTED = re.compile(r"^\| `(?P<module>covey[\w.]*)` \| (?P<names>.*) \|$", re.MULTILINE)


def imported(*words: object) -> set[str]:
    """Return the heavy modules that a covey command imports, in a fresh interpreter."""
    code = (
        "import sys\nfrom covey.commands.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=paths, check=True)
    return set(HEAVY) & set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words",
    [["--help"], ["plugins", "list"], ["plugins", "show", "umap"], ["run", "--help"], ["spectrograms", "--help"]],
)
def test_help_and_lists_import_nothing_heavy(words: list[str]) -> None:
    assert imported(*words) == set()


@pytest.mark.usefixtures("brightness")
def test_a_second_run_recognises_every_step_without_the_libraries(covey: Cli, images: Path, tmp_path: Path) -> None:
    """The default steps: recognised by their keys alone."""
    words = ["run", images, "--out", tmp_path / "out", "--set", "reducer.epochs=5"]
    assert covey(*words).exit_code == 0
    assert imported(*words) == {"pyarrow"}  # it reads the catalogue


def test_core_knows_no_plugin_and_no_plugin_knows_another() -> None:
    plugins = {folder.name for folder in (ROOT / "plugins").iterdir() if folder.name.startswith("covey_")}
    others = plugins | {"covey_dashboard"}
    places = {"core": others, **{f"plugins/{name}": others - {name} for name in plugins}, "dashboard": plugins}
    for place, forbidden in places.items():
        for path in (ROOT / place).rglob("*.py"):
            text = path.read_text("utf-8")
            for name in forbidden:
                assert f"import {name}" not in text, f"{path} imports {name}"
                assert f"from {name}" not in text, f"{path} imports {name}"


def public() -> set[str]:
    """Return the modules and names that CONTRIBUTING.md promises to keep."""
    rows = list(LISTED.finditer((ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    names = {f"{row['module']}.{name}" for row in rows for name in re.findall(r"`(\w+)`", row["names"])}
    return names | {row["module"] for row in rows}


def used(folder: Path) -> Iterator[str]:
    """Yield what the modules of a folder import from covey."""
    for path in folder.rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "covey":
                yield from (f"{node.module}.{name.name}" for name in node.names)
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names if name.name.partition(".")[0] == "covey")


@pytest.mark.parametrize("folder", ["plugins", "core/covey/plugins/scaffold/templates", "dashboard"])
def test_plugins_and_the_dashboard_use_only_public_names(folder: str) -> None:
    assert set(used(ROOT / folder)) - public() == set(), "list it in CONTRIBUTING.md, or do without"


def test_every_public_name_exists() -> None:
    for name in public() - {"covey"}:
        module, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(module), last) or importlib.import_module(name)


@pytest.mark.parametrize("module", ["covey", "covey.authoring", "covey.frontend", "covey.testing"])
def test_what_is_exported_is_listed(module: str) -> None:
    exported = {f"{module}.{name}" for name in importlib.import_module(module).__all__}
    assert exported - public() == set()


def test_there_are_at_most_five_public_modules() -> None:
    rows = LISTED.finditer((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert len({row["module"] for row in rows}) <= 5
