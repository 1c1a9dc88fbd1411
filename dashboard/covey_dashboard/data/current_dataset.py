"""What a person has open: kept in the session for all pages, and in the address, so that a reload keeps it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from covey import CoveyError, Embedding
from covey.frontend import AnyEntry, Entry, is_entry_of
from covey_dashboard.data import cache
from covey_dashboard.data.cache import Source
from covey_dashboard.data.recent_datasets import recents, remember
from covey_dashboard.server import server
from covey_dashboard.server.read_only import is_read_only, refuse_if_read_only

DATASET, EMBEDDING, OTHER = "dataset", "embedding", "other"


def location() -> str:
    """Return the location of the dataset that is open, "" for none.

    The address opens only what was open before on this machine: another site's link cannot choose a dataset. In
    read-only mode nothing is open but the dataset that the command named.
    """
    at_start = os.environ.get(server.LOCATION, "")
    if is_read_only():
        return at_start
    if DATASET not in st.session_state:
        in_address = st.query_params.get(DATASET, "")
        st.session_state[DATASET] = in_address if in_address in recents() else at_start
        _remember(at_start)
    return str(st.session_state[DATASET])


def open_dataset(location: str) -> None:
    """Let all pages show another dataset, and remember it. Raises CoveyError when it cannot be opened."""
    refuse_if_read_only()
    cache.dataset(location)
    if location != st.session_state.get(DATASET):
        for key in (EMBEDDING, OTHER):
            st.session_state[key] = ""
    st.session_state[DATASET] = location
    _remember(location)


def embeddings(location: str) -> list[Entry[Embedding]]:
    """Return the embeddings of a dataset. Raises CoveyError."""
    return [entry for entry in cache.entries(location) if is_entry_of(entry, Embedding)]


def source(location: str) -> Source | None:
    """Return the embedding that is chosen, with the second one where there is one; None without any embedding."""
    by_name = {entry.name: entry for entry in embeddings(location)}
    if not by_name:
        return None
    entry = by_name.get(chosen(EMBEDDING), next(iter(by_name.values())))
    second = by_name.get(chosen(OTHER))
    return Source(location, entry, second if second != entry else None)


def chosen(key: str) -> str:
    """Return the name of an embedding that was chosen, "" for none."""
    if key not in st.session_state:
        st.session_state[key] = st.query_params.get(key, "")
    return str(st.session_state[key])


def choose(key: str, name: str) -> None:
    """Choose an embedding by its name."""
    st.session_state[key] = name


def keep_in_address() -> None:
    """Write what is open into the address, where a reload and a bookmark find it."""
    for key in (EMBEDDING, OTHER) if is_read_only() else (DATASET, EMBEDDING, OTHER):
        open_name = chosen(key)
        if open_name and st.query_params.get(key) != open_name:
            st.query_params[key] = open_name
        elif not open_name and key in st.query_params:
            del st.query_params[key]


def _remember(location: str) -> None:
    """Remember a dataset, where a person's data can be written."""
    with suppress(CoveyError):
        if location:
            remember(location)


def titles(entries: Sequence[AnyEntry]) -> dict[str, str]:
    """Return what each embedding is called: what made it, and its file where that does not tell it from others."""
    title_by_name = {entry.name: _title(entry) for entry in entries}
    times = list(title_by_name.values())
    return {name: title if times.count(title) == 1 else f"{title} ({name})" for name, title in title_by_name.items()}


def _title(entry: AnyEntry) -> str:
    origin = entry.provenance
    if origin is None:
        return entry.name
    steps = [f"{origin.tag} to {entry.shape[1]}", *([origin.source.tag] if origin.source else [])]
    return " · ".join(steps)
