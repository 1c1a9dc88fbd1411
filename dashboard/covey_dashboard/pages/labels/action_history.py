"""The history on the page Labels: what was done, and each action of it taken back or done again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from html import escape

import streamlit as st

from covey.frontend import Action, LabelStore
from covey_dashboard.state import LabelsState
from covey_dashboard.widgets.label_bar import ELSEWHERE, act_and_report, describe_person
from covey_dashboard.widgets.labelling.person import show_name_field
from covey_dashboard.widgets.messages import show_hint

MOST_ACTIONS = 200
LIST_HEIGHT = 440


def show_history(store: LabelStore) -> None:
    """Show what was done, the latest first, and offer to take back or do again any of it.

    Raises:
        CoveyError: the labels cannot be read.
    """
    show_name_field()
    actions = store.history(MOST_ACTIONS)
    if not actions:
        show_hint("Nothing was done yet. What you and others do with the labels is listed here, and can be undone.")
        return
    show_action_buttons(store, actions)
    with st.container(height=LIST_HEIGHT, border=False):
        st.html(f'<div class="covey-history">{"".join(map(_action_line, actions))}</div>')


def show_action_buttons(store: LabelStore, actions: Sequence[Action]) -> None:
    """Let a person choose one action of the history, and take it back or do it again."""
    actions_by_id = {action.id: action for action in actions}
    number = st.selectbox(
        "Any action",
        list(actions_by_id),
        None,
        format_func=lambda action_id: _title(actions_by_id[action_id]),
        placeholder="choose one to undo it or do it again",
        key=LabelsState.action_key,
    )
    if action := actions_by_id.get(number or 0):
        verb, act, prefix = (
            ("Do again", store.do_again, "Done again: ") if action.undone else ("Undo", store.take_back, "Undone: ")
        )
        is_foreign = action.session != store.session
        st.button(
            f"{verb} what {describe_person(store, action)}" if is_foreign else f"{verb} this action",
            key=LabelsState.turn_key,
            help=f"{ELSEWHERE}." if is_foreign else None,
            on_click=act_and_report,
            args=(partial(act, action.id), "Somebody has done that already.", prefix),
        )


def _title(action: Action) -> str:
    """Return a line of the list; with its number, for Streamlit tells the entries of a list apart by their text."""
    time = " ".join([_as_local_time(action.when), action.author]).strip()
    return f"{action.id}. {time}: {action.description}{' (undone)' if action.undone else ''}"


def _action_line(action: Action) -> str:
    description, tag = escape(action.description), "s" if action.undone else "bdi"
    time = escape(" ".join([_as_local_time(action.when), action.author]).strip())
    return f'<div title="{description}"><span>{time}</span><{tag}>{description}</{tag}></div>'


def _as_local_time(when: str) -> str:
    """Return a time as the clock of this machine shows it; what is no time as it is."""
    try:
        return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return when
