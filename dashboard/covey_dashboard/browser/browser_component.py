"""Our own components in the browser: the scripts and styles in browser/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import [^"]*"([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)


def component(name: str, *shared_styles: str) -> ComponentRenderer:
    """Return the component whose script and style lie in the folder of its name.

    Args:
        name: of the component.
        shared_styles: style sheets of parts that it shares with others, besides that of all components.
    """
    shared_paths = [_FOLDER / "shared" / f"{style}.css" for style in ("shared", *shared_styles)]
    styles = [*shared_paths, _FOLDER / name / f"{name}.css"]
    css = "\n".join(path.read_text("utf-8") for path in styles)
    return st.components.v2.component(f"covey_{name}", js=join_modules(_FOLDER / name / f"{name}.js"), css=css)


def join_modules(script: Path) -> str:
    """Return a script and the modules that it imports as one text: Streamlit loads no script from two files.

    They share one scope then, so no two modules may use one name for different things at their top level.
    """
    paths = dict.fromkeys(_imported_modules(script.resolve()))
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", path.read_text("utf-8"))) for path in paths)


def _imported_modules(script: Path) -> Iterator[Path]:
    """Yield the modules that a script imports, each after those that it imports itself, then the script."""
    for name in _IMPORT.findall(script.read_text("utf-8")):
        yield from _imported_modules((script.parent / name).resolve())
    yield script
