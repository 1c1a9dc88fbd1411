"""The name of the person who uses this browser, which stands with what they label: no account, only a cookie."""

from __future__ import annotations

import streamlit as st

from covey_dashboard.browser.browser_component import component
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.server.server import is_shared
from covey_dashboard.state import PERSON_COOKIE, PersonState
from covey_dashboard.widgets.messages import show_hint

_component = component("person")


def show_name_field() -> None:
    """Let a person say who they are."""
    state = PersonState.recall()
    st.text_input(
        "Your name",
        state.name,
        help="It stands with what you do, so that others know who gave a label. This browser remembers it.",
        max_chars=PersonState.LONGEST,
        key=PersonState.name_field.key,
        on_change=state.take_name_from_field,
    )


def ask_for_name() -> None:
    """Ask a person once for their name where others can open the dashboard too, and let the browser remember it."""
    state = PersonState.recall()
    if state.is_new:
        _component(key=PersonState.cookie_key, data={"cookie": PERSON_COOKIE, "name": state.name})
    if is_read_only() or not is_shared() or state.name or state.is_asked:
        return
    show_hint("Others can open this dashboard too. With your name, everybody sees who gave which label.")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Your name",
            max_chars=PersonState.LONGEST,
            key=PersonState.first_field.key,
            on_change=state.take_name_from_first_field,
            width=280,
        )
        st.button("Go on without", key=PersonState.without_key, on_click=state.stop_asking)
