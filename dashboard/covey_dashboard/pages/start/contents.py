"""What a dataset holds: images, labels, metadata, tables; and which of them pages show."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from covey import CoveyError
from covey.frontend import count_noun, import_labels
from covey_dashboard.current_labels import label_store
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
from covey_dashboard.data.metadata import dataset_metadata
from covey_dashboard.data.table_titles import title_embeddings
from covey_dashboard.pages.start.recordings_here import (
    RecordingsHere,
    count_image_recordings,
    count_species,
)
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import OpenState, StartState
from covey_dashboard.widgets.every_page.jobs import run_action
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page, show_table

NONE = ""
TRUTH = "labels.csv"


def describe_contents(location: str, recordings: RecordingsHere | None) -> str:
    """Return what a dataset holds, in words.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    phrases = [recordings.describe()] if recordings else []
    folder, choices = image_folder(location), dataset_at(location).image_choices
    if folder:
        sources = count_image_recordings(location)
        origin = f" of {count_noun(sources, 'recording')}" if sources else ""
        phrases.append(f"{count_noun(count_images(location), 'image')}{origin} in {folder.root}")
    elif choices:
        phrases.append(f"{len(choices)} folders of images")
    elif list_tables(location).entries:
        phrases.append("Only tables are here, no images")
    if classes := label_store(location).classes():
        labels_text = count_noun(sum(label_class.count for label_class in classes), "label")
        phrases.append(f"{count_noun(len(classes), 'class')} with {labels_text}")
    return ". ".join(phrases) + "." if phrases else ""


def describe_metadata(location: str, opened: OpenEmbedding | None) -> str:
    """Return what is known of recordings beside their sound; "" if nothing is.

    Raises:
        CoveyError: the metadata cannot be read.
    """
    metadata = dataset_metadata(location)
    if metadata.path is None:
        return ""
    species = count_species(location)
    about = f": {species:,} species" if species else ""
    matches = metadata.describe(load_embedding(opened).names.tolist()) if opened else ""
    return f"{metadata.path.name} says more of the recordings{about}. {matches}".strip()


def show_truth(location: str) -> None:
    """Say that a table of labels lies in a dataset, offer to take it in, and say what it brought."""
    if not (dataset_at(location).home / TRUTH).is_file():
        return
    if report := StartState.recall().truth_report_by_location.get(location):
        show_hint(f"{TRUTH}: {report} The page Labels shows them, and takes this back.")
        link_page("labels", "See the labels", ":material/label:")
        return
    show_hint(f"{TRUTH} lies here: names that somebody gave to images.")
    if not is_read_only():
        st.button("Take these labels in", key=StartState.truth_key, on_click=run_action, args=(_import_truth, location))


def _import_truth(location: str) -> None:
    dataset = dataset_at(location)
    label_import = import_labels(dataset, label_store(location), dataset.home / TRUTH, TRUTH)
    StartState.recall().truth_report_by_location[location] = label_import.describe()


def offer_images(location: str) -> None:
    """Let a person say that the images of a dataset which lie outside it are the right ones, or choose between folders.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    dataset, shown = dataset_at(location), image_folder(location)
    if is_read_only():
        return
    if dataset.unconfirmed_images:
        _offer_folder(location, dataset.unconfirmed_images, str(dataset.unconfirmed_images))
    if dataset.image_choices:
        st.text("Images of different recipes are not mixed. Which ones do you want to look at?")
    for folder in dataset.image_choices:
        if shown is None or folder != shown.root:
            _offer_folder(location, folder, folder.name)


def _offer_folder(location: str, folder: Path, name: str) -> None:
    st.button(
        f"Use the images in {name}", key=StartState.folder_key(folder), on_click=_use_images, args=(location, folder)
    )


def _use_images(location: str, folder: Path) -> None:
    try:
        confirm_images(location, folder)
    except CoveyError as error:
        StartState.recall().problem = str(error)


def show_tables(location: str, opened: OpenEmbedding | None) -> None:
    """Show every table with how it was made, and let a person choose which embedding pages show.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    entries = list_tables(location).entries
    if not entries:
        return
    with st.expander("Results that are here, and how they were made"):
        if opened:
            _choose_embeddings(opened)
        rows = [(describe_size(entry), describe_table(entry), entry.name) for entry in entries]
        show_table(("What", "How it was made", "File"), rows)


def _choose_embeddings(opened: OpenEmbedding) -> None:
    """Let a person choose an embedding and, if wanted, a second one, joined by the names of the images."""
    title_by_name = title_embeddings(list_embeddings(opened.location))
    second_title_by_name = {NONE: "no second map", **title_by_name}
    second_title_by_name.pop(opened.entry.name)
    StartState.embedding.set(opened.entry.name)
    StartState.second.set(opened.second.name if opened.second else NONE)
    left_column, right_column = st.columns(2)
    with left_column:
        _show_choice("Map that all pages show (embedding)", StartState.embedding.key, title_by_name)
    with right_column:
        _show_choice("Joined with", StartState.second.key, second_title_by_name)
    if opened.second:
        show_hint(join_embeddings(opened).balance)


def _show_choice(label: str, key: str, title_by_name: Mapping[str, str]) -> None:
    st.selectbox(label, list(title_by_name), format_func=title_by_name.__getitem__, key=key, on_change=_open_embeddings)


def _open_embeddings() -> None:
    """Open the embeddings that a person chose, on all pages."""
    state = OpenState.recall()
    state.embedding, state.second = StartState.embedding.content, StartState.second.content
