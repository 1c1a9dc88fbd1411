"""What a person has open, on all pages: a dataset and an embedding of it."""

from __future__ import annotations

import os
from contextlib import suppress

from covey import CoveyError
from covey.frontend import find_usual_embedding
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, list_embeddings
from covey_dashboard.data.recent_datasets import list_recent_datasets, remember_dataset
from covey_dashboard.server import server
from covey_dashboard.server.read_only import is_read_only, list_shown_locations, refuse_if_read_only
from covey_dashboard.state import OpenState


def current_location() -> str:
    """Return the location of the dataset that is open, "" for none.

    The address opens only what was open before on this machine: another site's link cannot choose a dataset. In
    read-only mode it opens only the datasets that are shown to everybody.
    """
    state, start_location = OpenState.recall(), os.environ.get(server.LOCATION, "")
    if is_read_only():
        state.dataset = find_shown_location(state.dataset)
    elif not state.is_checked:
        if state.dataset not in list_recent_datasets():
            state.dataset = start_location
        state.is_checked = True
        _remember(start_location)
    return state.dataset


def find_shown_location(wanted: str) -> str:
    """Return the wanted dataset if visitors may see it, else the first that they may see; "" for none."""
    shown_locations = list_shown_locations()
    return wanted if wanted in shown_locations else next(iter(shown_locations), "")


def show_dataset(location: str) -> None:
    """Let all pages show another dataset, and remember it.

    Raises:
        CoveyError: it cannot be opened, or the dashboard is read-only.
    """
    refuse_if_read_only()
    dataset_at(location)
    state = OpenState.recall()
    if location != state.dataset:
        state.embedding = state.second = ""
    state.dataset, state.is_checked = location, True
    _remember(location)


def current_embedding(location: str) -> OpenEmbedding | None:
    """Return the embedding that is open, None if the dataset has none.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    state, entries_by_name = OpenState.recall(), {entry.name: entry for entry in list_embeddings(location)}
    if not entries_by_name:
        return None
    usual_entry = find_usual_embedding(entries_by_name.values())
    entry, second = entries_by_name.get(state.embedding, usual_entry), entries_by_name.get(state.second)
    return OpenEmbedding(location, entry, second if second != entry else None)


def _remember(location: str) -> None:
    """Remember a dataset, unless the user's data folder cannot be written."""
    with suppress(CoveyError):
        if location:
            remember_dataset(location)
