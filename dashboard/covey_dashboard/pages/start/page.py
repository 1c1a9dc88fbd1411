"""The page Start: what a folder holds, and the next step as one button."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError
from covey_dashboard.current_dataset import current_embedding, current_location
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, image_folder, list_tables
from covey_dashboard.pages.start.contents import (
    describe_contents,
    describe_metadata,
    offer_images,
    show_tables,
    show_truth,
)
from covey_dashboard.pages.start.find_groups import offer_groups
from covey_dashboard.pages.start.get_recordings import offer_sources
from covey_dashboard.pages.start.make_images import offer_more_images, offer_new_images
from covey_dashboard.pages.start.open_dataset import choose_dataset
from covey_dashboard.pages.start.past_jobs import show_past_jobs
from covey_dashboard.pages.start.recordings_here import RecordingsHere, find_recordings_here
from covey_dashboard.pages.start.results import show_results
from covey_dashboard.server.read_only import NO_DATASET, is_read_only
from covey_dashboard.widgets.every_page.tour import begin_tour
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import show_page, show_step_heading


def show_start(location: str) -> None:
    """Show what a dataset holds, and the next step.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    recordings, opened = find_recordings_here(location), current_embedding(location)
    sentences = [describe_contents(location, recordings), describe_metadata(location, opened)]
    st.text("\n".join(filter(None, [location, *sentences])))
    offer_images(location)
    show_truth(location)
    if opened:
        with st.container(border=True):
            show_step_heading("What was found")
            show_results(opened)
    if not is_read_only():
        offer_next_step(location, recordings, opened)
        show_past_jobs(location)
    elif not opened:
        show_hint("No groups were found here yet.")
    show_tables(location, opened)


def offer_next_step(location: str, recordings: RecordingsHere | None, opened: OpenEmbedding | None) -> None:
    """Offer the next step as one button, and what else can be done folded away.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    if image_folder(location):
        with st.container(border=True):
            show_step_heading("Find other groups" if opened else "Next: find groups")
            offer_groups(location, is_first=opened is None)
        if recordings:
            with st.expander("New recordings"):
                offer_more_images(location, recordings)
    elif dataset_at(location).image_choices or dataset_at(location).unconfirmed_images:
        return
    elif recordings:
        with st.container(border=True):
            offer_new_images(location, recordings)
    elif not list_tables(location).entries:
        with st.container(border=True):
            show_step_heading("Next: get recordings")
            show_hint(
                "There are neither recordings nor images here. Copy some into this folder, or get them from here:"
            )
            offer_sources(location)
        return
    elif not opened:
        show_hint(
            "Tables that describe images are here, and no groups: put the images, or their recordings, into"
            " this folder, and groups can be found."
        )
    with st.expander("Get more recordings from an archive"):
        offer_sources(location)


def show_opening(location: str) -> None:
    """Let a person open a dataset: at once where none is open, folded away otherwise."""
    if not location:
        show_step_heading("What do you want to work on?")
        choose_dataset()
        offer_tour(st.container())
        show_hint(
            "Open a folder with recordings or with spectrogram images. Or make a new folder, and get recordings from an"
            " archive into it."
        )
        return
    open_column, tour_column = st.columns([5, 1])
    with open_column, st.expander("Open another folder or dataset"):
        choose_dataset()
    offer_tour(tour_column)


def offer_tour(place: DeltaGenerator) -> None:
    """Let a person take the tour again."""
    place.button("Tour", on_click=begin_tour, type="tertiary", icon=":material/tour:", help="Five steps show the way.")


if not is_read_only():
    try:
        show_opening(current_location())
    except CoveyError as error:
        show_hint(str(error))
if current_location():
    show_page(show_start)
elif is_read_only():
    show_hint(NO_DATASET)
