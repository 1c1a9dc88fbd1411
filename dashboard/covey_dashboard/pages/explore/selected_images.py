"""The images that are selected on the page Explore, and the class that a person gives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import streamlit as st

from covey import CoveyError, Floats
from covey.frontend import count_noun, measure_oddity
from covey_dashboard.data.datasets import dataset_at, image_folder
from covey_dashboard.data.image_filters.filters import Mask
from covey_dashboard.data.labels import ObservedLabels, list_classes
from covey_dashboard.data.selection import ChosenImages, Rows, Selection
from covey_dashboard.data.species_suggestions import suggest_species
from covey_dashboard.pages.explore.addressed_view import remember_view
from covey_dashboard.pages.explore.choose_selection import select_similar
from covey_dashboard.pages.explore.explore_view import ExploreView, MapOptions
from covey_dashboard.state import ExploreState, LabelBarState
from covey_dashboard.widgets.gallery import ImageLabelling, list_remaining, remove_at_first, show_gallery
from covey_dashboard.widgets.label_bar import give_class, show_label_bar
from covey_dashboard.widgets.label_watch import follow_changes
from covey_dashboard.widgets.messages import show_problem

GROWING = "Adds the images that are most like those left in: a tenth as many, at least 8."


@st.fragment
def show_images(view: ExploreView, options: MapOptions, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected; taking one out reruns only this, and leaves the map still."""
    try:
        show_selected_images(view, options, selection, rows)
    except CoveyError as error:
        show_problem(str(error))
    if view.observed:  # after the report of the last action is shown: the map takes longer
        follow_changes(view.observed.store, view.observed.version)


def show_selected_images(view: ExploreView, options: MapOptions, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected, and what can be done with those that a person leaves in.

    Raises:
        CoveyError: a file cannot be read.
    """
    location, label_bar_place, suggestion_place = view.opened.location, st.container(), st.container()
    all_names = view.names
    names, selection_key = [all_names[row] for row in rows.tolist()], view.selection_key(selection)
    state = ExploreState.recall(view.opened)
    if state.removed_at_first:
        remove_at_first(state.removed_at_first, selection_key)
        state.removed_at_first = []
    remaining = show_gallery(
        names,
        selection_key=selection_key,
        clusters=view.clusters[rows],
        nearest=view.nearest_of(rows),
        folder=image_folder(location),
        dataset=dataset_at(location),
        image_version=view.outdated.image_version,
        labels_by_image=view.image_labels.by_image,
        rate_oddity=rate_oddity_of(view, rows),
        show_similar=partial(select_similar, view),
        labelling=image_labelling(view.observed) if view.observed else None,
    )
    remaining_names = set(remaining) if len(remaining) < len(names) else None
    removed = [] if remaining_names is None else [name for name in names if name not in remaining_names]
    remember_view(view.opened, state, selection, removed)
    for sentence in suggest_species(location, names):
        suggestion_place.text(sentence, help="What it hears most in these images. It labels nothing: you do.")
    if view.observed:
        with label_bar_place:
            button_place = show_label_bar(view.observed, partial(list_remaining, names, selection_key))
        with button_place:
            show_grow_button(view, view.hidden(selection, options), remaining, rows)


def image_labelling(observed: ObservedLabels) -> ImageLabelling:
    """Return how the viewer labels its image.

    Raises:
        CoveyError: the labels cannot be read.
    """

    def give(name: str, label: str) -> None:
        give_class(observed.store, lambda: [name], label)

    return ImageLabelling(list_classes(observed), give)


def show_grow_button(view: ExploreView, hidden: Mask, remaining: Sequence[str], rows: Rows) -> None:
    """Show a button that adds the most similar images to those that are left in.

    Raises:
        CoveyError: a file cannot be read.
    """
    is_possible = bool(remaining) and len(rows) < len(view.clusters)
    if st.button("Add similar", help=GROWING, key=ExploreState.grow_key, disabled=not is_possible):
        remaining_names = set(remaining)
        is_left_in = np.array([name in remaining_names for name in view.table.names[rows].tolist()], dtype=bool)
        grow_selection(view, hidden, rows[is_left_in], rows[~is_left_in])
        st.rerun()


def grow_selection(view: ExploreView, hidden: Mask, left_in: Rows, left_out: Rows) -> None:
    """Select the most similar images besides those that are left in, and say how many.

    Raises:
        CoveyError: a file cannot be read.
    """
    new_rows = view.find_more(left_in, left_out, hidden)
    grown_rows = np.concatenate([left_in, new_rows])
    ExploreState.recall(view.opened).selection = ChosenImages.of(grown_rows, "With similar images")
    added = f"{count_noun(len(new_rows), 'image')} most like the {len(left_in):,} selected before"
    LabelBarState.recall().set_report(
        f"Added: {added}. {len(grown_rows):,} are selected now." if len(new_rows) else "There is no other image to add."
    )


def rate_oddity_of(view: ExploreView, rows: Rows) -> Callable[[], Floats]:
    """Return a function that says how odd each of some images is."""
    return lambda: measure_oddity(view.table.Z[rows])
