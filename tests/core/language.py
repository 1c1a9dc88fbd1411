"""Counts the local names that say nothing, and the lengths of functions: `python tests/core/language.py FOLDER ...`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

_STOP_WORDS = "found told made given kept known shown wanted left one other some thing"
STOP_LIST = frozenset(_STOP_WORDS.split())
"""Names that say how a thing came about instead of what it is."""
_VAGUE_WORDS = "result value item thing data info obj tmp res ret held seen asked named"
VAGUE_LIST = frozenset(_VAGUE_WORDS.split())
"""Names that fit anything."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@attrs.frozen
class Function:
    """One function: where it is, how many lines it has without its docstring, and the names that it binds."""

    path: Path
    line: int
    name: str
    lines: int
    bound: frozenset[str]


def read_functions(folder: Path) -> Iterator[Function]:
    """Yield every function and method below a folder; templates count as well."""
    for path in sorted(folder.rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield Function(path, node.lineno, node.name, _count_lines(node), frozenset(_bound_names(node)))


def _count_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    without = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - without


def _bound_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the names that a function binds: arguments and locals, but no loop variables of comprehensions."""
    for argument in ast.walk(function.args):
        if isinstance(argument, ast.arg):
            yield argument.arg.strip("_")
    for statement in function.body:
        yield from _bound_below(statement)


def _bound_below(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _SCOPES):
        if not isinstance(node, ast.Lambda):
            yield node.name.strip("_")
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id.strip("_")
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name.strip("_")
    if isinstance(node, ast.alias) and node.asname:
        yield node.asname.strip("_")
    for field, child in ast.iter_fields(node):
        if isinstance(node, ast.comprehension) and field == "target":
            continue
        for grandchild in child if isinstance(child, list) else [child]:
            if isinstance(grandchild, ast.AST):
                yield from _bound_below(grandchild)


def count_bindings(functions: list[Function], names: frozenset[str]) -> int:
    """Return how many names of a list the functions bind, each counted once a function."""
    return sum(len(function.bound & names) for function in functions)


def main(folders: list[str]) -> None:
    """Print every function that binds a name of either list, then the figures."""
    functions = [function for folder in folders for function in read_functions(Path(folder))]
    for function in functions:
        if empty := function.bound & (STOP_LIST | VAGUE_LIST):
            print(f"{function.path}:{function.line} {function.name}: {', '.join(sorted(empty))}")
    lengths = sorted(function.lines for function in functions)
    print(f"{len(functions)} functions; stop list {count_bindings(functions, STOP_LIST) / len(functions):.3f},")
    print(f"vague list {count_bindings(functions, VAGUE_LIST) / len(functions):.3f} a function;")
    print(f"lines: median {lengths[len(lengths) // 2]}, p90 {lengths[len(lengths) * 9 // 10]}, most {lengths[-1]}")


if __name__ == "__main__":
    main(sys.argv[1:])
