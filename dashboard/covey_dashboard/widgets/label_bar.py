"""The bar with which a person gives a class to the images that are selected."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError
from covey.frontend import Action, LabelStore, count_noun
from covey_dashboard.data.labels import ObservedLabels, list_classes
from covey_dashboard.server.read_only import VISIT_LABELS, is_read_only
from covey_dashboard.server.server import is_shared
from covey_dashboard.state import PERSON, ClassFieldState, LabelBarState
from covey_dashboard.widgets.labelling.class_field import find_class, show_class_field
from covey_dashboard.widgets.messages import show_hint, show_problem

ELSEWHERE = "In another window, or before this page was reloaded"


def show_label_bar(observed: ObservedLabels, list_names: Callable[[], Sequence[str]]) -> DeltaGenerator:
    """Show a field for the name of a class, and buttons that give it to images, take it away, undo and redo.

    Args:
        observed: the labels.
        list_names: returns the names of the images; called again at a click, which may come with that on an image.

    Returns:
        The row of buttons, for further ones.

    Raises:
        CoveyError: the labels cannot be read.
    """
    store, classes, image_count = observed.store, list_classes(observed), len(list_names())
    class_names = [label_class.name for label_class in classes]
    give = partial(give_class, store, list_names)
    name = find_class(class_names, show_class_field(LabelBarState.class_key, classes, give, "Label the images"))
    row = button_row()
    with row:
        st.button(
            f"Label {count_noun(image_count, 'image')}",
            type="primary",
            shortcut="Ctrl+Enter",
            help="Ctrl + Enter",
            disabled=not image_count,
            key=LabelBarState.label_key,
            on_click=act_with_name,
            args=(give,),
        )
        st.button(
            "Remove the class",
            help="Take the class in the field away from these images.",
            disabled=name not in class_names or not image_count,
            key=LabelBarState.remove_key,
            on_click=act_with_name,
            args=(partial(remove_class, store, list_names),),
        )
        show_undo_buttons(store)
    show_report("Click what does not belong, then name the rest.")
    if is_read_only():
        show_hint(VISIT_LABELS)
    return row


def act_with_name(act: Callable[[str], None]) -> None:
    """Act with the class that the field names at the click: the name may have arrived together with it."""
    name = ClassFieldState.recall(LabelBarState.class_key).read_name("", "")
    if name:
        act(name)
    else:
        LabelBarState.recall().set_report("First type the name of a class, or choose one.")


def give_class(store: LabelStore, list_names: Callable[[], Sequence[str]], label: str) -> None:
    """Give a class to images, and keep a report of it."""
    act_and_report(
        lambda: store.add(list_names(), find_class(store.class_colours(), label)), "They all have this class already."
    )


def remove_class(store: LabelStore, list_names: Callable[[], Sequence[str]], label: str) -> None:
    """Take a class from images, and keep a report of it."""
    act_and_report(
        lambda: store.remove(list_names(), find_class(store.class_colours(), label)), "None of them has this class."
    )


def button_row() -> DeltaGenerator:
    """Return a row for buttons: their tooltips name their shortcuts, for which there is no room on the buttons."""
    return st.container(horizontal=True, gap="small", key=LabelBarState.buttons_key)


def show_undo_buttons(store: LabelStore) -> None:
    """Show the buttons that undo and redo what this person did, and one that undoes what somebody else did last.

    Raises:
        CoveyError: the labels cannot be read.
    """
    actions = store.next_actions()
    _show_history_button("Undo", "Ctrl+Z", actions.undo, store.undo, "Undone: ")
    _show_foreign_button(store, "Undo", actions.undo_anybody, store.undo, "Undone: ")
    _show_history_button("Redo", "Ctrl+Shift+Z", actions.redo, store.redo, "Done again: ")
    _show_foreign_button(store, "Redo", actions.redo_anybody, store.redo, "Done again: ")


def _show_foreign_button(
    store: LabelStore, verb: str, action: Action | None, act: Callable[..., Action | None], report: str
) -> None:
    """Show a button for an action of another window, or of this one before it was reloaded; not to visitors."""
    if action and action.session != store.session and not is_read_only():
        st.button(
            f"{verb} what {describe_person(store, action)}",
            help=f"{ELSEWHERE}: {escape_markdown(action.description)}.",
            key=LabelBarState.foreign_key(verb),
            on_click=act_and_report,
            args=(partial(act, anybody=True), f"There is nothing to {verb.lower()}.", report),
        )


def describe_person(store: LabelStore, action: Action) -> str:
    """Return who did an action in another window, as "what" goes on in Markdown.

    People without a name have that of the user who runs the dashboard: it means nobody where others open it too.
    """
    has_name = action.session.startswith(PERSON) or not is_shared()
    if has_name and store.is_own(action):
        return "you did before"
    return f"{escape_markdown(action.author if has_name else '') or 'somebody'} did"


def escape_markdown(text: str) -> str:
    """Return plain text as Markdown that looks the same, for buttons and their tooltips."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def _show_history_button(
    name: str, shortcut: str, action: Action | None, act: Callable[[], Action | None], prefix: str
) -> None:
    help_lines = [f"Your last action: {escape_markdown(action.description)}."] if action else []
    st.button(
        name,
        shortcut=shortcut,
        help=" ".join([*help_lines, shortcut.replace("+", " + ")]),
        disabled=action is None,
        key=LabelBarState.history_key(name),
        on_click=act_and_report,
        args=(act, f"There is nothing to {name.lower()}.", prefix),
    )


def act_and_report(act: Callable[[], Action | None], idle_report: str, prefix: str = "") -> None:
    """Act, and keep a report: what was done, that there was nothing to do, or what went wrong.

    Args:
        act: returns the action, None if there was nothing to do.
        idle_report: the report if there was nothing to do.
        prefix: what comes before the description of the action.
    """
    act_and_report_in(LabelBarState.recall(), act, idle_report, prefix)


def act_and_report_in(
    state: LabelBarState, act: Callable[[], Action | None], idle_report: str, prefix: str = ""
) -> None:
    """Do what `act_and_report` does outside of a run of a page too, where no state can be recalled."""
    try:
        action = act()
        state.set_report(
            f"{prefix}{action.description}{_name_person(action) if prefix else ''}." if action else idle_report
        )
    except CoveyError as error:
        state.set_report(str(error), has_failed=True)


def _name_person(action: Action) -> str:
    """Return whose action it was, if that person has said who they are."""
    return f", by {action.author}" if action.session.startswith(PERSON) else ""


def show_report(hint: str = "") -> None:
    """Show what the last click did, or, before the first one, a hint: so that nothing below moves at that click."""
    state = LabelBarState.recall()
    if message := state.report or hint:
        (show_problem if state.has_failed else show_hint)(message)
