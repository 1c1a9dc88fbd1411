"""The page Methods: how a table was made, in words for a paper, and step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from covey import CoveyError
from covey.frontend import AnyEntry, Provenance, TableKind, describe_methods, describe_origin, format_value
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.data.datasets import list_tables, registry
from covey_dashboard.data.table_titles import as_utf8, is_made_from, title_tables
from covey_dashboard.state import KEPT, MethodsState
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page, show_page, show_table

HEADS = ("Step", "Options", "Made with")
ORDER = (TableKind.CLUSTERING, TableKind.EMBEDDING, TableKind.FEATURES, TableKind.STATE, TableKind.EXTRA)


def show_methods(location: str) -> None:
    """Show how a table of a dataset was made.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    entries = sorted(list_tables(location).entries, key=lambda entry: ORDER.index(entry.kind))
    if not entries:
        show_hint("Nothing was made from these images yet: the page Start makes a first result.")
        link_page("start", "Open the page Start")
        return
    entry = choose_table(entries, location)
    if entry.provenance is None or entry.provenance.is_foreign:
        show_hint(describe_unknown(entry.name))
        return
    show_text(as_utf8(describe_methods(entry.provenance, registry())))
    show_steps(entry.provenance)


def choose_table(entries: Sequence[AnyEntry], location: str) -> AnyEntry:
    """Let a person choose a table: at first a clustering of the embedding that is open.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    opened = current_embedding(location)
    open_entry: AnyEntry = opened.entry if opened else entries[0]
    related_entries = [entry for entry in entries if is_made_from(entry, open_entry)]
    title_by_name, entry_by_name = title_tables(entries), {entry.name: entry for entry in entries}
    initial_index = list(entry_by_name).index((related_entries or [open_entry])[0].name)
    key = MethodsState.table_key(location)
    return entry_by_name[
        st.selectbox(
            "How was this made?",
            list(entry_by_name),
            initial_index,
            title_by_name.__getitem__,
            key=key,
            persist_state=KEPT,
        )
    ]


def describe_unknown(name: str) -> str:
    """Return what can be said of a file without provenance."""
    return f"{as_utf8(name)} does not say how it was made: {describe_origin(name)}. Files that covey makes do."


def show_text(text: str) -> None:
    """Show a text to copy, and to download."""
    st.code(text, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.download_button("Download as text", text, "methods.txt", "text/plain", on_click="ignore")
        st.download_button("Download as Markdown", as_markdown(text), "methods.md", "text/markdown", on_click="ignore")


def as_markdown(text: str) -> str:
    """Return plain text as Markdown that looks the same: every line a paragraph, nothing in it a mark."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)
    return "# Methods\n\n" + re.sub(r"\n+", "\n\n", escaped) + "\n"


def show_steps(origin: Provenance) -> None:
    """Show the steps that led to a table."""
    steps = origin.lineage
    rows = [(title_step(step), list_options(step), format_settings(step.details.versions)) for step in steps]
    show_table(HEADS, rows)
    if missing_components := [step.component for step in steps if not is_installed(step)]:
        show_hint(f"No longer installed, so that references are missing: {', '.join(missing_components)}.")


def title_step(step: Provenance) -> str:
    """Return which component did a step, and in which version."""
    return f"{step.kind} {step.component}, version {step.version}"


def list_options(step: Provenance) -> str:
    """Return the options of a step, and what the data decided."""
    return format_settings({**step.options, **step.details.chosen}) or "none"


def is_installed(step: Provenance) -> bool:
    """Whether the component that did a step is installed."""
    try:
        registry().find(step.component, step.kind)
    except CoveyError:
        return False
    return True


def format_settings(settings: Mapping[str, Any]) -> str:
    """Return names with their values in a line."""
    return ", ".join(f"{name} {format_value(setting)}" for name, setting in settings.items())


show_page(show_methods)
