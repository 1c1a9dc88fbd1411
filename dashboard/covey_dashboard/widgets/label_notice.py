"""What every page says about the labels: that they are kept elsewhere, and once that they came back."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from covey import CoveyError
from covey_dashboard.data.labels import PLACE_TTL, label_place
from covey_dashboard.state import LabelNoticeState
from covey_dashboard.widgets.labelling.person import ask_for_name
from covey_dashboard.widgets.messages import show_hint, show_problem


def show_label_notice(location: str) -> None:
    """Ask who labels; say that labels are kept elsewhere while the dataset is read-only, and that they came back."""
    if not location:
        return
    ask_for_name()
    with suppress(CoveyError):  # pages that need the labels say it
        state, place = LabelNoticeState.recall(), label_place(location)
        state.add(location, place.returned)
        if place.elsewhere:
            show_problem(place.elsewhere)
        if sentences := state.sentences.get(location):
            show_hint("\n".join(sentences))
            st.button("Close this message", key=LabelNoticeState.close_key, on_click=state.close, args=(location,))


def watch_label_place(location: str) -> None:
    """Run the app again when the dataset can be written again, or no longer."""
    with suppress(CoveyError):
        if location:
            _watch_place(location, label_place(location).elsewhere)


@st.fragment(run_every=PLACE_TTL)
def _watch_place(location: str, elsewhere: str) -> None:
    with suppress(CoveyError):
        place = label_place(location)
        if place.elsewhere != elsewhere or LabelNoticeState.recall().is_new(location, place.returned):
            st.rerun()
