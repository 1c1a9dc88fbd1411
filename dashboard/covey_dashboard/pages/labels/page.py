"""The page Labels: the classes of a dataset and their images, what was done, and tables to export and import."""

from __future__ import annotations

from functools import partial

import attrs
import streamlit as st

from covey import CoveyError
from covey_dashboard.browser.browser_component import component
from covey_dashboard.data.datasets import dataset_at, image_folder
from covey_dashboard.data.labels import classes_by_image
from covey_dashboard.pages.labels.action_history import show_history
from covey_dashboard.pages.labels.edit_class import show_class, show_removal
from covey_dashboard.pages.labels.label_tables import show_export, show_import
from covey_dashboard.pages.labels.labels_overview import (
    GONE,
    OUTDATED,
    SEVERAL,
    UNLABELLED,
    ImageChoice,
    LabelsOverview,
    read_overview,
)
from covey_dashboard.pages.labels.outdated_images import (
    list_confirmable,
    show_confirmation,
    show_dropping,
    show_outdated,
)
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import LabelsState, must_begin_anew
from covey_dashboard.widgets.gallery import list_remaining, show_gallery
from covey_dashboard.widgets.label_bar import show_label_bar
from covey_dashboard.widgets.label_watch import shows_labels
from covey_dashboard.widgets.labelling.repair import show_label_problem
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import show_page

LIST_HEIGHT = 520
_component = component("class_list")


@shows_labels
def show_labels(location: str) -> None:
    """Show the labels of one dataset; all that a person does there reruns only this."""
    try:
        overview = read_overview(location)
        show_numbers(overview)
        with st.container():  # more or less in it does not rebuild what is below
            show_outdated(overview)
        left_column, right_column = st.columns([2, 3], gap="medium")
        with right_column:
            show_images(overview, choose_images(overview))
        with left_column:
            show_tabs(overview)
    except CoveyError as error:
        show_label_problem(error, location)


def show_numbers(overview: LabelsOverview) -> None:
    """Show how many images are labelled."""
    image_count, unlabelled_count = len(overview.names), len(overview.images_by_choice[UNLABELLED])
    labelled_count = image_count - unlabelled_count
    text_by_metric = {
        "Images": f"{image_count:,}",
        "Classes": f"{len(overview.classes):,}",
        "Labelled": f"{labelled_count:,} ({labelled_count / max(1, image_count):.0%})",
        "No class yet": f"{unlabelled_count:,}",
        "Several classes": f"{len(overview.images_by_choice[SEVERAL]):,}",
    }
    for column, (name, metric_text) in zip(st.columns(len(text_by_metric)), text_by_metric.items(), strict=True):
        column.metric(name, metric_text)


def choose_images(overview: LabelsOverview) -> ImageChoice:
    """Return whose images a person wants to see."""
    state, choices = LabelsState.recall(), overview.list_choices()
    choice = state.choice if state.choice in choices else next(iter(overview.class_choices), UNLABELLED)
    state.choice = choice
    if must_begin_anew(state.choices, choice):
        state.list_round += 1
    st.selectbox(
        "Show",
        choices,
        choices.index(choice),
        format_func=overview.title,
        key=state.choices.key,
        on_change=show_chosen_images,
    )
    return choice


def show_chosen_images() -> None:
    """Show what a person chose from the list, unless that vanished while the page was on its way to the browser."""
    state = LabelsState.recall()
    choice = state.choices.content
    if isinstance(choice, ImageChoice):
        state.choice = choice


def show_images(overview: LabelsOverview, choice: ImageChoice) -> None:
    """Show the images of a choice and what can be done with them.

    Raises:
        CoveyError: a file cannot be read.
    """
    label_class, location = overview.find_class(choice), overview.location
    with st.container():  # more or less in it does not rebuild what is below
        if label_class:
            show_class(overview, label_class)
    label_bar_place, names, selection_key = st.container(), overview.list_images(choice), f"{location} {choice}"
    key = LabelsState.gallery_key
    moves = list_confirmable(overview, names) if choice == OUTDATED else []
    show_gallery(
        names,
        selection_key=selection_key,
        folder=image_folder(location),
        dataset=dataset_at(location),
        key=key,
        image_version=overview.outdated.image_version,
        labels_by_image=classes_by_image(overview.observed),
    )
    list_names = partial(list_remaining, names, selection_key, key)
    with label_bar_place:
        if label_class:
            show_removal(overview.store, label_class.name, names, list_names)
        elif choice == OUTDATED and not is_read_only():
            show_confirmation(overview.store, moves, list_names)
        elif choice == GONE and overview.outdated.gone and not is_read_only():
            show_dropping(overview.store, overview.outdated.gone, list_names)
        else:
            show_label_bar(overview.observed, list_names)


def show_tabs(overview: LabelsOverview) -> None:
    """Show the classes, the history, and what can be exported and imported.

    Raises:
        CoveyError: the labels cannot be read.
    """
    classes_tab, history_tab, files_tab = st.tabs(["Classes", "History", "Export and import"])
    with classes_tab:
        show_classes(overview)
    with history_tab:
        show_history(overview.store)
    with files_tab:
        show_export(overview)
        if not is_read_only():
            show_import(overview.location)


def show_classes(overview: LabelsOverview) -> None:
    """Show the classes with their colours and counts; a click on one shows its images."""
    if not overview.classes:
        show_hint("No labels yet: select images on the page Explore and give them a class, or import a table.")
        return
    choice = LabelsState.recall().choice
    with st.container(height=LIST_HEIGHT, border=False):
        _component(
            key=LabelsState.classes_key,
            data={
                "classes": [attrs.asdict(label_class) for label_class in overview.classes],
                "chosen": choice.label if choice else "",
            },
            on_chosen_change=show_clicked_class,
        )


def show_clicked_class() -> None:
    """Show the images of the class that a person clicked."""
    state = LabelsState.recall()
    state.choice = ImageChoice.of_class(state.read_clicked_class())


show_page(show_labels)
