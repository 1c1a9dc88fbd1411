"""A tour of five steps, offered at the first visit."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import make_folder, user_data_folder, write_text
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import TourState
from covey_dashboard.widgets.page_frame import link_page

NAME = "tour.json"


@attrs.frozen
class TourStep:
    """One step: the page it is about, and what one does there."""

    page: str
    title: str
    text: str


STEPS = (
    TourStep(
        "start",
        "Start",
        "Open a folder of recordings, or get some from an archive such as xeno-canto. covey draws spectrograms of them"
        " and puts those that look or sound alike into groups. One button always leads on.",
    ),
    TourStep(
        "explore",
        "Explore",
        "Each point of the map is a spectrogram, its colour is its group. Click a group to see its images, enlarge one"
        " and listen to it. The options make groups wider or narrower at once.",
    ),
    TourStep(
        "explore",
        "Name a group",
        "Click the images that do not belong to a group, then type a name and press Label. Everything is saved at"
        " once, and Undo takes it back.",
    ),
    TourStep(
        "worklist",
        "Work-list",
        "covey learns from your names and shows the images that are left in batches of one suggestion: remove the wrong"
        " ones, accept the rest.",
    ),
    TourStep(
        "labels",
        "Labels",
        "See your names with their images, correct them, and take them home as a table or for Raven and Audacity. The"
        " page Methods has a text about how the groups were made.",
    ),
)


def show_tour() -> None:
    """Offer the tour at the first visit, and show its steps while it lasts."""
    if is_read_only():
        return
    state = TourState.recall()
    if state.step is not None:
        with st.container(border=True, key=TourState.container_key):
            _show_step(state.step)
    elif not state.is_closed and not _note_file().exists():
        with st.container(horizontal=True, border=True, vertical_alignment="center", key=TourState.container_key):
            st.text("New here? A tour of five steps shows the way.")
            st.button("Take the tour", key=TourState.begin_key, on_click=begin_tour)
            st.button("No, thanks", key=TourState.decline_key, on_click=_end_tour)


def begin_tour() -> None:
    """Show the first step."""
    TourState.recall().step = 0


def _show_step(number: int) -> None:
    step = STEPS[number]
    st.html(f"<b>Step {number + 1} of {len(STEPS)}: {step.title}</b><br>{step.text}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Back", key=TourState.back_key, on_click=_go, args=(number - 1,), disabled=number == 0)
        is_last = number == len(STEPS) - 1
        st.button("Next", key=TourState.next_key, on_click=_go, args=(number + 1,), disabled=is_last, type="primary")
        link_page(step.page, f"Open the page {step.title}" if step.title != "Name a group" else "Open the page Explore")
        st.button("End the tour", key=TourState.close_key, on_click=_end_tour)


def _go(number: int) -> None:
    TourState.recall().step = number


def _end_tour() -> None:
    """Close the tour, and remember that for this user; a folder that cannot be written forgets it."""
    state = TourState.recall()
    state.step, state.is_closed = None, True
    with suppress(CoveyError):
        make_folder(_note_file().parent)
        write_text(_note_file(), '{"closed": true}\n')


def _note_file() -> Path:
    return user_data_folder() / NAME
