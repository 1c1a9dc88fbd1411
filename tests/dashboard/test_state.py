"""How the dashboard is built: one module knows the keys of the session, and imports run one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import covey_dashboard

ROOT = Path(covey_dashboard.__file__).parent
TREES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in ROOT.rglob("*.py")}
LAYERS = {
    "server": 0, "browser": 0, "data": 1, "state": 2,
    "current_dataset": 3, "current_labels": 3, "widgets": 4, "pages": 5,
}  # fmt: skip
"""How high each part of the dashboard stands: while it runs, it imports from its own or lower ones only."""
ABOVE_ALL = {"server/app.py", "server/web.py"}
"""What Streamlit starts: the script of the pages, and the application around it, which imports them beforehand."""


def nodes_of(kind: type[ast.AST], *, but: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield the nodes of a kind in all modules but one, or those of one folder, with the line where each is."""
    for name, tree in TREES.items():
        if not (but and name.startswith(but)):
            yield from ((f"{name}:{getattr(node, 'lineno', 0)}", node) for node in ast.walk(tree)
                        if isinstance(node, kind))  # fmt: skip


def test_one_package_knows_the_session_and_the_address() -> None:
    uses = [
        place
        for place, node in nodes_of(ast.Attribute, but="state/")
        if ast.unparse(node) in ("st.session_state", "st.query_params")
        and not place.startswith("testing.py:")  # a page of its own, for authors of plugins
    ]
    assert uses == []


def test_one_package_spells_the_keys_of_widgets() -> None:
    spelled = [
        place
        for place, node in nodes_of(ast.keyword, but="state/")
        if isinstance(node, ast.keyword) and node.arg == "key" and isinstance(node.value, ast.Constant | ast.JoinedStr)
    ]
    assert spelled == []


def test_one_module_keeps_results() -> None:
    uses = [
        place
        for place, node in nodes_of(ast.Attribute, but="data/caching.py")
        if ast.unparse(node) in ("st.cache_resource", "st.cache_data")
    ]
    assert uses == []


def test_no_lambda_is_inside_another() -> None:
    nested = [
        place
        for place, node in nodes_of(ast.Lambda, but="")
        if any(isinstance(inner, ast.Lambda) for inner in ast.walk(node) if inner is not node)
    ]
    assert nested == []


def test_imports_run_one_way() -> None:
    for name, tree in TREES.items():
        layer = LAYERS.get(name.removesuffix(".py").partition("/")[0])
        if layer is None or name in ABOVE_ALL:
            continue
        for part in _imported_parts(tree):
            assert LAYERS[part] <= layer, f"{name} imports {part}"


def _imported_parts(tree: ast.Module) -> Iterator[str]:
    """Yield the parts of the dashboard that a module imports, when it is loaded or when a function of it is called."""
    for node in _running_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("covey_dashboard"):
            inner = node.module.split(".")[1:2]
            yield from inner or [alias.name for alias in node.names]


def _running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes within one, without those that are there for the type checker alone."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _running_nodes(child)
