"""Our own components in the browser: the scripts and styles in browser/."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_FOLDER = Path(__file__).parent


def component(name: str) -> ComponentRenderer:
    """Return a component by the name of its files; before its script and style stands what all of them share."""
    return st.components.v2.component(f"covey_{name}", js=_joined(name, "js"), css=_joined(name, "css"))


def _joined(name: str, kind: str) -> str:
    return "\n".join((_FOLDER / f"{part}.{kind}").read_text("utf-8") for part in ("shared", name))
