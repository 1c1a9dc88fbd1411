"""What a person can do with a class on the page Labels: remove images, rename, recolour, merge, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from covey.frontend import Action, LabelClass, LabelStore, count_noun
from covey_dashboard.pages.labels.labels_overview import ImageChoice, LabelsOverview
from covey_dashboard.state import LabelsState
from covey_dashboard.widgets.label_bar import act_and_report, button_row, show_report, show_undo_buttons


def show_removal(store: LabelStore, label: str, names: Sequence[str], list_names: Callable[[], Sequence[str]]) -> None:
    """Offer to remove the images from a class that a person has clicked.

    Args:
        store: where the labels are kept.
        label: the class.
        names: its images.
        list_names: returns those that are not clicked.

    Raises:
        CoveyError: the labels cannot be read.
    """
    count = len(set(names).difference(list_names()))
    with button_row():
        st.button(
            f"Remove {count_noun(count, 'image')}",
            type="primary",
            disabled=not count,
            help="Click images below to mark them.",
            key=LabelsState.remove_key,
            on_click=remove_images,
            args=(store, label, names, list_names),
        )
        show_undo_buttons(store)
    show_report("Click the images that do not belong, then remove them from the class.")


def remove_images(store: LabelStore, label: str, names: Sequence[str], list_names: Callable[[], Sequence[str]]) -> None:
    """Remove the images that are clicked from a class."""
    clicked_names = sorted(set(names).difference(list_names()))
    act_and_report(partial(store.remove, clicked_names, label), "They are removed already.")


def show_class(overview: LabelsOverview, label_class: LabelClass) -> None:
    """Show what can be done with a class."""
    store, label = overview.store, label_class.name
    colour_key, name_key = LabelsState.colour(label, label_class.colour).key, LabelsState.name(label).key
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.color_picker(
            "Colour", label_class.colour, key=colour_key, on_change=recolour_class, args=(store, label_class)
        )
        st.text_input("Name", label, key=name_key, on_change=rename_class, args=(store, label))
        with st.popover("Merge", disabled=len(overview.classes) < 2):
            show_merge(overview, label)
        st.button("Delete", on_click=act_and_report, args=(partial(store.delete, label), "It is deleted already."))


def recolour_class(store: LabelStore, label_class: LabelClass) -> None:
    """Give a class the colour that a person chose."""
    label = label_class.name
    if is_shown(label):
        colour = LabelsState.colour(label, label_class.colour).content
        act_and_report(partial(store.recolour, label, colour), "It has this colour already.")


def rename_class(store: LabelStore, label: str) -> None:
    """Give a class the name that a person typed, and go on showing it."""
    new_name = LabelsState.name(label).content
    if is_shown(label):
        rename_and_show = partial(act_and_show, partial(store.rename, label, new_name), new_name.strip())
        act_and_report(rename_and_show, "It has this name already.")


def is_shown(label: str) -> bool:
    """Whether the images of a class are shown.

    On a busy machine Streamlit may report the fields of a class as changed after another choice was shown.
    """
    return LabelsState.recall().choice == ImageChoice.of_class(label)


def act_and_show(act: Callable[[], Action | None], label: str) -> Action | None:
    """Act, and show the images of a class then.

    Raises:
        CoveyError: the labels cannot be written.
    """
    action = act()
    LabelsState.recall().choice = ImageChoice.of_class(label)
    return action


def show_merge(overview: LabelsOverview, label: str) -> None:
    """Offer to give the images of a class to another one."""
    other_labels = [label_class.name for label_class in overview.classes if label_class.name != label]
    target_label = st.selectbox(
        "Give all its images to", other_labels, None, placeholder="another class", key=LabelsState.merge_key(label)
    )
    merge = partial(overview.store.merge, [label], target_label or "")
    st.button(
        "Merge into it",
        disabled=target_label is None,
        on_click=act_and_report,
        args=(partial(act_and_show, merge, target_label or ""), "They are one class already."),
    )
