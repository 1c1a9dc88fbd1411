"""Which images are selected: by the list, by a text in their names, or on the map and in its legend."""

from __future__ import annotations

import streamlit as st

from covey_dashboard.data.selection import (
    AllImages,
    ImagesOfCluster,
    ImagesWithLabel,
    ImagesWithName,
    ImagesWithValue,
    Rows,
    Selection,
    read_pick,
)
from covey_dashboard.pages.explore.explore_view import GROUP, LABEL, ExploreView, MapOptions
from covey_dashboard.state import ExploreState, must_begin_anew


def choose_selection(view: ExploreView, options: MapOptions) -> tuple[Selection, Rows]:
    """Let a person select images by group, label or name; return what is selected, there or elsewhere."""
    state = ExploreState.recall(view.opened)
    selection, listed_selections = state.selection, view.list_selections()
    rows = view.rows(selection, options)
    if selection not in listed_selections:
        listed_selections.insert(0, selection)
    if must_begin_anew(state.selected, selection):
        state.selection_round += 1
    left_column, right_column = st.columns([3, 2], gap="small")
    left_column.selectbox(
        "Show",
        listed_selections,
        listed_selections.index(selection),
        format_func=lambda candidate: view.title(candidate, len(rows)),
        key=state.selected.key,
        on_change=select_listed,
        args=(state,),
        label_visibility="collapsed",
    )
    right_column.text_input(
        "Search",
        placeholder="search in names",
        key=state.search.key,
        on_change=select_by_name,
        args=(state,),
        label_visibility="collapsed",
    )
    if sentence := view.describe_recordings(rows):
        st.caption(sentence)
    return selection, rows


def select_listed(state: ExploreState) -> None:
    """Select what a person chose from the list, unless that vanished while the page was on its way to the browser."""
    selection = state.selected.content
    if isinstance(selection, Selection):
        state.selection = selection


def select_by_name(state: ExploreState) -> None:
    """Select the images with a text in their names."""
    search_text = state.search.content.strip()
    state.selection = ImagesWithName(search_text) if search_text else AllImages()


def select_pick(view: ExploreView, colour_by: str, pick: object) -> None:
    """Select what a person picked on the map or in its legend, or hide the groups that are to be hidden."""
    state = ExploreState.recall(view.opened)
    match pick:
        case {"hidden": [*numbers]}:
            state.hidden = frozenset(number for number in numbers if isinstance(number, int))
        case {"group": int(code)}:
            state.selection = select_code(view, colour_by, code)
        case _:
            state.selection = read_pick(pick, view.clusters)


def select_code(view: ExploreView, colour_by: str, code: int) -> Selection:
    """Return the selection of an entry of the legend, by its code; all images if it is selected already."""
    if colour_by == GROUP:
        selection: Selection = ImagesOfCluster(code)
    else:
        names = view.colouring(colour_by).names
        text = names[code] if code >= 0 else ""
        is_class = any(label_class.name == text for label_class in view.image_labels.classes)
        selection = ImagesWithLabel(text) if colour_by == LABEL and is_class else ImagesWithValue(colour_by, text)
    return AllImages() if ExploreState.recall(view.opened).selection == selection else selection


def select_similar(view: ExploreView, names: list[str]) -> None:
    """Select the images that are most like some others."""
    ExploreState.recall(view.opened).selection = view.select_similar(names)
