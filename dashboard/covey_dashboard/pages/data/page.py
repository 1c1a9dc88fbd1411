"""The page Data: open a dataset, see what is in it, choose what to look at."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from covey import CoveyError
from covey.frontend import AnyEntry, count_noun
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.data.cache import Source
from covey_dashboard.data.describe_table import describe_lineage, shape
from covey_dashboard.data.recent_datasets import recents
from covey_dashboard.pages.run.planned_steps import command
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

NONE = ""


def choose_dataset() -> None:
    """Let a person open a folder, what another storage opens, or what was open before."""
    left_column, right = st.columns(2)
    left_column.text_input(
        "Open a dataset",
        placeholder="a folder, or kaggle:owner/name",
        help="A folder with images or with a dataset, or another location that a storage plugin opens.",
        key="written",
        on_change=lambda: open_it(st.session_state["written"].strip()),
    )
    right.selectbox(
        "Recent datasets",
        recents(),
        None,
        placeholder="what was open before",
        key="recent",
        on_change=lambda: open_it(st.session_state["recent"] or ""),
    )
    if problem := st.session_state.pop("not opened", ""):
        notice.problem(problem)


def open_it(location: str) -> None:
    """Open a dataset, or have it said why not."""
    try:
        if location:
            choice.open_dataset(location)
    except CoveyError as error:
        st.session_state["not opened"] = str(error)


def show(location: str) -> None:
    """Show what is in a dataset, and what can be chosen in it. Raises CoveyError."""
    entries = cache.entries(location)
    st.text(location)
    st.text(told_of(location))
    source = choice.source(location)
    if source:
        choose(source)
        if cache.known(location).path:
            st.text(cache.known(location).told(cache.embedding(source).names.tolist()))
        st.page_link("../pages/explore/page.py", label="Explore these images", icon=":material/scatter_plot:")
    else:
        offer_run(location, entries)
    if entries:
        list_tables(entries)


def told_of(location: str) -> str:
    """Return how many images and labels there are, in words. Raises CoveyError."""
    folder, count = cache.images(location), cache.image_count(location)
    parts = [f"{count_noun(count, 'image')} in {folder.root}" if folder else "The images are not here: tables only"]
    if classes := cache.store(location).classes():
        labels = count_noun(sum(one.count for one in classes), "label")
        parts.append(f"{count_noun(len(classes), 'class')} with {labels}")
    return ". ".join(parts) + "."


def choose(source: Source) -> None:
    """Let a person choose an embedding and, if wanted, a second one, joined by the names of the images."""
    titles = choice.titles(choice.embeddings(source.location))
    left_column, right_column = st.columns(2)
    with left_column:
        choose_one("Embedding", choice.EMBEDDING, list(titles), source.entry.name, titles)
    with right_column:
        others = [NONE, *(name for name in titles if name != source.entry.name)]
        second = source.other.name if source.other else NONE
        choose_one("Joined with", choice.OTHER, others, second, {NONE: "no second embedding", **titles})
    if source.other:
        notice.hint(cache.joined(source).balance)


def choose_one(label: str, key: str, names: Sequence[str], chosen: str, titles: dict[str, str]) -> None:
    """Let a person choose one of some embeddings; the choice holds on all pages."""
    widget = f"{key} on data"
    st.session_state[widget] = chosen
    st.selectbox(
        label,
        names,
        format_func=lambda name: titles[name],
        key=widget,
        on_change=lambda: choice.choose(key, st.session_state[widget]),
    )


def offer_run(location: str, entries: Sequence[AnyEntry]) -> None:
    """Say how an embedding is made. Raises CoveyError."""
    count = cache.image_count(location)
    if not count and not entries:
        notice.problem(f"There are neither images nor embeddings in {location}: name another folder.")
        return
    sentence = f"{count_noun(count, 'image')} and no embedding yet."
    if is_read_only():
        notice.hint(sentence)
        return
    notice.hint(f"{sentence} This makes one:", command(["covey", "run", location]))
    st.page_link("../pages/run/page.py", label="Choose how, and run it here")


def list_tables(entries: Sequence[AnyEntry]) -> None:
    """Show every table with its story."""
    rows = [(shape(entry), describe_lineage(entry.provenance), entry.name) for entry in entries]
    page.table(("What", "How it was made", "File"), rows)


if not is_read_only():
    choose_dataset()
if choice.location():
    page.of_dataset(show)
else:
    notice.hint("Which dataset? Write its folder above, or name it when you start:", "covey dashboard FOLDER")
