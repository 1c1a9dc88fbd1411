"""Names say what they hold; functions are short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.core.language import STOP_LIST, VAGUE_LIST, Function, count_bindings, read_functions

from covey.commands.main import main

COMMANDS_ONLY = {
    *("export_experiment.py", "experiment.py", "unused_pictures.py"),
    *("fetch_model.py", "worker_supply.py", "weights_command.py"),
}
"""Modules whose sentences with flags are written by commands, or for other programs."""
FLAG = re.compile(r"(?<![\w-])--[a-z]")
ROOT = Path(__file__).parents[2]
COMMAND = re.compile(rf"\b(?:covey (?:{'|'.join(main.commands)})|pip install)\b")
ELSEWHERE = {"commands", "testing", "api.py"}
"""What no browser shows."""
PAGES = ("data", "pages", "widgets")
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
    """Yield the texts in a module that are no docstrings, and no commands for a terminal."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    excused = {id(node.value) for node in nodes if isinstance(node, ast.Expr)} | _parts_in_terminal(nodes)
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in excused:
            yield node.value


def _parts_in_terminal(nodes: list[ast.AST]) -> set[int]:
    """Return what is below the calls of `in_terminal`."""
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "in_terminal"]
    return {id(part) for call in calls for part in ast.walk(call)}


def list_browser_modules() -> Iterator[Path]:
    """Yield the modules whose sentences a browser may show."""
    for folder in ("core/covey", "plugins", *(f"dashboard/covey_dashboard/{name}" for name in PAGES)):
        yield from (path for path in (ROOT / folder).rglob("*.py") if not ELSEWHERE & {*path.parts})


def read_dead_ends(source: str) -> Iterator[str]:
    """Yield the sentences that name a command, and neither a page of the dashboard nor whom to ask."""
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = [node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    sentences = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    excused = _parts_in_terminal(nodes) | {id(docstring) for docstring in docstrings}
    parts = {id(part) for sentence in sentences for part in sentence.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in excused | parts:
            values = node.values if isinstance(node, ast.JoinedStr) else [node]
            text = "".join(str(part.value) for part in values if isinstance(part, ast.Constant))
            if COMMAND.search(text) and not re.search("dashboard|terminal|^pip", text):
                yield text


def test_what_a_browser_may_show_names_options_and_no_flags() -> None:
    flagged = {path.name for path in list_browser_modules() if any(map(FLAG.search, read_sentences(path)))}
    assert flagged == COMMANDS_ONLY


def test_no_sentence_that_a_browser_may_show_leads_to_a_command_alone() -> None:
    assert list(read_dead_ends("raise CoveyError(f'{path} is damaged: use covey labels repair.')"))
    assert not list(read_dead_ends("raise CoveyError(f'Use {in_terminal(f\"covey labels repair {path}\")}.')"))
    assert [text for path in list_browser_modules() for text in read_dead_ends(path.read_text("utf-8"))] == []
