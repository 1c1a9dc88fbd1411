"""The page Methods: what was done to get here, in words for a paper, and step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from covey import CoveyError
from covey.frontend import AnyEntry, Provenance, describe_methods, format_value, parse_file_name
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

HEADS = ("Step", "Options", "Made with")
ORDER = ("clustering", "embedding", "features")


def show(location: str) -> None:
    """Show how a table of a dataset was made. Raises CoveyError."""
    entries = sorted(cache.entries(location), key=lambda entry: ORDER.index(entry.kind))
    if not entries:
        notice.hint("Nothing was made from these images yet: the page Data says how to make a first result.")
        return
    entry = choose(entries, location)
    if entry.provenance is None:
        notice.hint(unknown(entry.name))
        return
    show_text(page.plain(describe_methods(entry.provenance, cache.registry())))
    show_steps(entry.provenance)


def choose(entries: Sequence[AnyEntry], location: str) -> AnyEntry:
    """Let a person choose a table: at first a clustering of the embedding that is open. Raises CoveyError."""
    source = choice.source(location)
    opened = source.entry if source else entries[0]
    related = [entry for entry in entries if page.made_from(entry, opened)]
    titles, by_name = page.titles(entries), {entry.name: entry for entry in entries}
    start = list(by_name).index((related or [opened])[0].name)
    name = st.selectbox("How was this made?", list(by_name), start, titles.__getitem__, key=f"told {location}")
    return by_name[name]


def unknown(name: str) -> str:
    """Return what can be said of a file without provenance."""
    file_origin = parse_file_name(name)
    guess = f" By its name it was made with {file_origin}." if file_origin else ""
    return f"{page.plain(name)} does not say how it was made: it is from another tool.{guess} What covey makes does."


def show_text(text: str) -> None:
    """Show a text to copy, and to download."""
    st.code(text, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.download_button("Download as text", text, "methods.txt", "text/plain", on_click="ignore")
        st.download_button("Download as Markdown", markdown(text), "methods.md", "text/markdown", on_click="ignore")


def markdown(text: str) -> str:
    """Return plain text as Markdown that looks the same: every line a paragraph, nothing in it a mark."""
    marked = re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)
    return "# Methods\n\n" + re.sub(r"\n+", "\n\n", marked) + "\n"


def show_steps(origin: Provenance) -> None:
    """Show the steps that led to a table."""
    chain = origin.lineage
    page.table(HEADS, [(called(step), options(step), listed(step.details.versions)) for step in chain])
    if gone := [step.component for step in chain if not installed(step)]:
        notice.hint(f"No longer installed, and so told without references: {', '.join(gone)}.")


def called(step: Provenance) -> str:
    """Return what did a step, and in which version."""
    return f"{step.kind} {step.component}, version {step.version}"


def options(step: Provenance) -> str:
    """Return the options of a step, and what the data decided."""
    return listed({**step.options, **step.details.chosen}) or "none"


def installed(step: Provenance) -> bool:
    """Return whether what did a step is there."""
    try:
        cache.registry().find(step.component, step.kind)
    except CoveyError:
        return False
    return True


def listed(values: Any) -> str:
    """Return names with their values in a line."""
    return ", ".join(f"{name} {format_value(value)}" for name, value in _mapping(values).items())


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


page.of_dataset(show)
