"""Labelling: the bar with which a person gives a class to the images that are selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError
from covey.frontend import Action, LabelStore, count_noun
from covey_dashboard.server.read_only import REASON, is_read_only
from covey_dashboard.widgets import messages as notice

NAME = "labelling name"
SAID = "labelling said"
LOOK = 4.0
"""Seconds between two looks whether another window has changed the labels."""


def bar(store: LabelStore, selection: Callable[[], Sequence[str]]) -> None:
    """Show a field for the name of a class, and buttons that give it to images, take it away, undo and redo.

    Args:
        store: where the labels are kept.
        selection: returns the names of the images; asked again at a click, which may come with that of an image.

    Raises:
        CoveyError: the labels cannot be read.
    """
    if is_read_only():
        notice.hint(REASON)
        return
    class_names, count = [found.name for found in store.classes()], len(selection())
    name = st.selectbox(
        "Class", class_names, None, key=NAME, placeholder="type a name or choose one", accept_new_options=True
    )
    with row():
        st.button(
            f"Label {count_noun(count, 'image')}",
            type="primary",
            shortcut="Ctrl+Enter",
            help="Ctrl + Enter" if name else "It needs the name of a class.",
            disabled=not (name and count),
            on_click=lambda: act_and_report(
                lambda: store.add(selection(), name or ""), "All of them have this class already."
            ),
        )
        st.button(
            "Remove",
            disabled=name not in class_names or not count,
            on_click=lambda: act_and_report(
                lambda: store.remove(selection(), name or ""), "None of them has this class."
            ),
        )
        undo_buttons(store)
    show_report("Click out what does not belong, then name the rest.")


def row() -> DeltaGenerator:
    """Return a row for buttons: their shortcuts are told by their tooltips, for which there is room."""
    return st.container(horizontal=True, gap="small", key="labelling")


def undo_buttons(store: LabelStore) -> None:
    """Show the buttons that undo and redo. Raises CoveyError."""
    _step("Undo", "Ctrl+Z", store.next_undo() is not None, store.undo, "Undone: ")
    _step("Redo", "Ctrl+Shift+Z", store.next_redo() is not None, store.redo, "Done again: ")


def _step(name: str, shortcut: str, possible: bool, act: Callable[[], Action | None], before: str) -> None:
    st.button(
        name,
        shortcut=shortcut,
        help=shortcut.replace("+", " + "),
        disabled=not possible,
        on_click=lambda: act_and_report(act, f"There is nothing to {name.lower()}.", before),
    )


def act_and_report(act: Callable[[], Action | None], nothing: str, before: str = "") -> None:
    """Act, and keep what is to be said about it: what was done, that there was nothing to do, or what went wrong."""
    try:
        done = act()
        st.session_state[SAID] = (notice.hint, f"{before}{done.told}." if done else nothing)
    except CoveyError as error:
        st.session_state[SAID] = (notice.problem, str(error))


def show_report(first: str = "") -> None:
    """Say what the last click did, and before the first one what can be done: so that nothing below moves then."""
    show, text = st.session_state.get(SAID, (notice.hint, first))
    if text:
        show(text)


def follow_changes(store: LabelStore, revision: int) -> None:
    """Show the page anew when the labels were changed since the revision that it shows, or spoilt."""
    try:
        same = store.revision == revision
    except CoveyError:
        same = False
    if not same:
        st.rerun()


@st.fragment(run_every=LOOK)
def watch(store: LabelStore, revision: int) -> None:
    """Follow what other windows do."""
    follow_changes(store, revision)
