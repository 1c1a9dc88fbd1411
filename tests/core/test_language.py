"""Names say what they hold; functions are short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.core.language import STOP_LIST, VAGUE_LIST, Function, count_bindings, read_functions

COMMANDS_ONLY = {
    *("export_experiment.py", "experiment.py", "named_features.py", "plan.py", "storage_contract.py"),
    *("exports.py", "import_features.py", "label_file.py", "leaderboard.py", "pointer.py", "unused_pictures.py"),
    *("fetch_model.py", "worker_supply.py", "weights_command.py"),
    *("npz.py", "repair_labels.py", "untrusted_sqlite.py"),  # what only a command can mend
}
"""Modules whose sentences with flags are written by commands, or for other programs."""
FLAG = re.compile(r"(?<![\w-])--[a-z]")
ROOT = Path(__file__).parents[2]
PRODUCT = ("core", "plugins", "dashboard")


@cache
def functions_of(folder: str) -> list[Function]:
    """Return the functions of a folder, which takes a second to read."""
    return list(read_functions(ROOT / folder))


@pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
def test_hardly_any_local_name_says_nothing(folder: str) -> None:
    assert count_bindings(functions_of(folder), STOP_LIST) <= 0.05 * len(functions_of(folder))


@pytest.mark.parametrize("folder", [*PRODUCT, "tests"])
def test_few_local_names_fit_anything(folder: str) -> None:
    assert count_bindings(functions_of(folder), VAGUE_LIST) <= 0.15 * len(functions_of(folder))


def test_functions_are_short() -> None:
    lengths = sorted(function.lines for folder in PRODUCT for function in functions_of(folder))
    assert lengths[len(lengths) // 2] <= 7
    assert lengths[len(lengths) * 9 // 10] <= 16
    assert lengths[-1] <= 60


def test_every_way_to_bind_a_name_is_counted(tmp_path: Path) -> None:
    code = (
        "def work(found, *told, made=1, **given):\n"
        "    kept = [known for known in found if (shown := known)]\n"
        "    with open('x') as wanted: pass\n"
        "    for left, (one, _) in (): pass\n"
        "    try: import os as other\n"
        "    except OSError as some: pass\n"
        "    def thing(): pass\n"
    )
    (tmp_path / "module.py").write_text(code)
    outer = next(iter(read_functions(tmp_path)))
    assert outer.bound & STOP_LIST == STOP_LIST - {"known"}


def read_sentences(path: Path) -> Iterator[str]:
    """Yield the texts in a module that are no docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_what_a_browser_may_show_names_options_and_no_flags() -> None:
    folders = ["core/covey", "plugins", *(f"dashboard/covey_dashboard/{name}" for name in ("data", "pages", "widgets"))]
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py") if "commands" not in path.parts]
    flagged = {path.name for path in paths if any(FLAG.search(text) for text in read_sentences(path))}
    assert flagged <= COMMANDS_ONLY
