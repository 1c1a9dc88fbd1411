"""Sentences for a person, with names and paths in them that must not be taken for Markdown or HTML."""

from __future__ import annotations

from html import escape

import streamlit as st


def show_problem(text: str) -> None:
    """Show what went wrong, as plain text."""
    _show(text, "alert")


def show_hint(text: str, command: str = "") -> None:
    """Show what to do next, as plain text, with a command to copy."""
    _show(text, "status")
    if command:
        st.code(command, language=None, wrap_lines=True)


def _show(text: str, role: str) -> None:
    st.html(f'<div class="covey-notice" role="{role}">{escape(text)}</div>')
