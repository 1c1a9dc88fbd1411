"""The page Data: open a dataset, see what is in it, choose what to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from covey import CoveyError
from covey.frontend import AnyEntry, count_noun
from covey_dashboard.current_dataset import current_embedding, current_location, show_dataset
from covey_dashboard.data.datasets import (
    OpenEmbedding,
    confirm_images,
    count_images,
    dataset_at,
    image_folder,
    join_embeddings,
    list_embeddings,
    list_tables,
    load_embedding,
)
from covey_dashboard.data.describe_table import describe_size, describe_table
from covey_dashboard.data.labels import label_store
from covey_dashboard.data.metadata import dataset_metadata
from covey_dashboard.data.recent_datasets import list_recent_datasets
from covey_dashboard.data.table_titles import title_embeddings
from covey_dashboard.pages.run.planned_steps import quote_command
from covey_dashboard.server.read_only import NO_DATASET, is_read_only
from covey_dashboard.state import DataState, OpenState
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import show_page, show_table

NONE = ""


def choose_dataset() -> None:
    """Let a person open a folder, what another storage opens, or what was open before."""
    left_column, right_column = st.columns(2)
    left_column.text_input(
        "Open a dataset",
        placeholder="a folder, or kaggle:owner/name",
        help="A folder with images or with a dataset, or another location that a storage plugin opens.",
        key=DataState.location.key,
        on_change=open_typed_dataset,
    )
    right_column.selectbox(
        "Recent datasets",
        list_recent_datasets(),
        None,
        placeholder="what was open before",
        key=DataState.recent.key,
        on_change=open_recent_dataset,
    )
    state = DataState.recall()
    if state.problem:
        show_problem(state.problem)
        state.problem = ""


def open_typed_dataset() -> None:
    """Open the dataset that a person typed."""
    open_dataset(DataState.location.content.strip())


def open_recent_dataset() -> None:
    """Open the dataset that a person chose from the list."""
    open_dataset(DataState.recent.content or "")


def open_dataset(location: str) -> None:
    """Open a dataset; store the error message if that fails."""
    try:
        if location:
            show_dataset(location)
    except CoveyError as error:
        DataState.recall().problem = str(error)


def show_contents(location: str) -> None:
    """Show what is in a dataset, and what can be chosen in it.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    entries, opened = list_tables(location).entries, current_embedding(location)
    st.text(location)
    st.text(count_contents(location))
    offer_images(location)
    if opened:
        choose_embeddings(opened)
        if dataset_metadata(location).path:
            st.text(dataset_metadata(location).describe(load_embedding(opened).names.tolist()))
        st.page_link("../pages/explore/page.py", label="Explore these images", icon=":material/scatter_plot:")
    else:
        offer_run(location, entries)
    if entries:
        show_tables(entries)


def count_contents(location: str) -> str:
    """Return how many images and labels there are, in words.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    folder, image_count = image_folder(location), count_images(location)
    choices = dataset_at(location).image_choices
    absence = f"{len(choices)} folders of images" if choices else "Only tables are here, no images"
    phrases = [f"{count_noun(image_count, 'image')} in {folder.root}" if folder else absence]
    if classes := label_store(location).classes():
        labels_text = count_noun(sum(label_class.count for label_class in classes), "label")
        phrases.append(f"{count_noun(len(classes), 'class')} with {labels_text}")
    return ". ".join(phrases) + "."


def offer_images(location: str) -> None:
    """Let a person say that the images of a dataset which lie outside it are the right ones, or choose between folders.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    dataset, shown = dataset_at(location), image_folder(location)
    if is_read_only():
        return
    if dataset.unconfirmed_images:
        offer_folder(location, dataset.unconfirmed_images, str(dataset.unconfirmed_images))
    if dataset.image_choices:
        st.text("Images of different recipes are not mixed. Which ones do you want to look at?")
    for folder in dataset.image_choices:
        if shown is None or folder != shown.root:
            offer_folder(location, folder, folder.name)


def offer_folder(location: str, folder: Path, name: str) -> None:
    """Let a person use the images in a folder."""
    st.button(
        f"Use the images in {name}", key=DataState.folder_key(folder), on_click=use_images, args=(location, folder)
    )


def use_images(location: str, folder: Path) -> None:
    """Let a dataset have its images in a folder; store the error message if that fails."""
    try:
        confirm_images(location, folder)
    except CoveyError as error:
        DataState.recall().problem = str(error)


def choose_embeddings(opened: OpenEmbedding) -> None:
    """Let a person choose an embedding and, if wanted, a second one, joined by the names of the images."""
    title_by_name = title_embeddings(list_embeddings(opened.location))
    second_title_by_name = {NONE: "no second embedding", **title_by_name}
    second_title_by_name.pop(opened.entry.name)
    DataState.embedding.set(opened.entry.name)
    DataState.second.set(opened.second.name if opened.second else NONE)
    left_column, right_column = st.columns(2)
    with left_column:
        show_choice("Embedding", DataState.embedding.key, title_by_name)
    with right_column:
        show_choice("Joined with", DataState.second.key, second_title_by_name)
    if opened.second:
        show_hint(join_embeddings(opened).balance)


def show_choice(label: str, key: str, title_by_name: Mapping[str, str]) -> None:
    """Let a person choose an embedding, which all pages show then."""
    st.selectbox(label, list(title_by_name), format_func=title_by_name.__getitem__, key=key, on_change=open_embeddings)


def open_embeddings() -> None:
    """Open the embeddings that a person chose, on all pages."""
    state = OpenState.recall()
    state.embedding, state.second = DataState.embedding.content, DataState.second.content


def offer_run(location: str, entries: Sequence[AnyEntry]) -> None:
    """Say how an embedding is made.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    image_count = count_images(location)
    if not image_count and dataset_at(location).image_choices:
        return
    if not image_count and not entries:
        show_problem(f"There are neither images nor embeddings in {location}: name another folder.")
        return
    sentence = f"{count_noun(image_count, 'image')} and no embedding yet."
    if is_read_only():
        show_hint(sentence)
        return
    command = quote_command(["covey", "run", location])
    show_hint(f"{sentence} The page Run makes one, and so does this command:", command)
    st.page_link("../pages/run/page.py", label="Open the page Run")


def show_tables(entries: Sequence[AnyEntry]) -> None:
    """Show every table, with how it was made."""
    rows = [(describe_size(entry), describe_table(entry), entry.name) for entry in entries]
    show_table(("What", "How it was made", "File"), rows)


if not is_read_only():
    choose_dataset()
if current_location():
    show_page(show_contents)
elif is_read_only():
    show_hint(NO_DATASET)
else:
    show_hint("Which dataset? Type its folder above, or name it when you start:", "covey dashboard FOLDER")
