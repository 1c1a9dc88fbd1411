"""The menus of the page Explore: how the map is drawn, filters, and what can be taken home."""

from __future__ import annotations

from functools import partial

import streamlit as st

from covey import CoveyError
from covey_dashboard.data.datasets import OpenEmbedding, list_embeddings
from covey_dashboard.data.image_filters.filters import toggle_bar
from covey_dashboard.data.metadata import dataset_metadata
from covey_dashboard.data.table_titles import title_embeddings
from covey_dashboard.pages.explore.explore_tables import tabulate_groups, tabulate_selection
from covey_dashboard.pages.explore.explore_view import GROUP, LABEL, RECORDING, ExploreView, MapOptions
from covey_dashboard.pages.explore.filter_bars import show_filter_bars
from covey_dashboard.state import KEPT, ExploreState, FilterState, OpenState
from covey_dashboard.widgets.messages import show_problem

LABELLED = ("shown", "grey", "hidden")


def show_view_menus(opened: OpenEmbedding, state: ExploreState, view: ExploreView) -> MapOptions:
    """Show the menus; return how the map is drawn."""
    with st.popover("Map", key=state.map_menu_key):
        options = choose_map_options(opened)
        show_downloads(view, options)
    menu = st.popover("Filter", key=state.filter_menu_key, on_change="rerun")
    if menu.open:
        with menu:
            show_filters(state, view)
    return options


def choose_map_options(opened: OpenEmbedding) -> MapOptions:
    """Let a person choose how the map is drawn."""
    state, colourings = ExploreState.recall(opened), list_colourings(opened)
    for widget, allowed in ((state.colour, colourings), (state.labelled, LABELLED)):
        if widget.is_known and widget.content not in allowed:
            widget.set(allowed[0])
    choose_embedding(opened)
    colour_by = st.selectbox("Colour by", colourings, key=state.colour.key, persist_state=KEPT)
    labelled = st.selectbox("Labelled images", LABELLED, key=state.labelled.key, persist_state=KEPT)
    density = st.toggle(
        "Density lines", key=state.density.key, help="Lines around where many images are.", persist_state=KEPT
    )
    return MapOptions(colour_by, labelled, density)


def list_colourings(opened: OpenEmbedding) -> list[str]:
    """Return what the map can be coloured by: the columns of the metadata too."""
    built_in_colourings = [GROUP, LABEL, RECORDING]
    try:
        return list(dict.fromkeys([*built_in_colourings, *dataset_metadata(opened.location).columns]))
    except CoveyError as error:
        show_problem(str(error))
        return built_in_colourings


def choose_embedding(opened: OpenEmbedding) -> None:
    """Let a person change between the embeddings of the dataset."""
    title_by_name = title_embeddings(list_embeddings(opened.location))
    names, state = list(title_by_name), ExploreState.recall(opened)
    st.selectbox(
        "Map of (embedding)",
        names,
        names.index(opened.entry.name),
        format_func=title_by_name.__getitem__,
        key=state.embedding.key,
        on_change=open_embedding,
        args=(state,),
    )
    if opened.second:
        st.caption(f"Joined with {title_by_name[opened.second.name]}")


def open_embedding(state: ExploreState) -> None:
    """Open the embedding that a person chose, on all pages."""
    OpenState.recall().embedding = state.embedding.content


def show_filters(state: ExploreState, view: ExploreView) -> None:
    """Show bars by which the images are filtered."""
    try:
        columns = view.columns
    except CoveyError as error:
        show_problem(str(error))
        return
    if not columns:
        st.text("There is nothing to filter by: neither labels, nor recordings, nor metadata.")
        return
    st.text(f"{int(view.is_passing.sum()):,} of {len(view.clusters):,} images pass the filters.")
    show_filter_bars(
        columns, state.filters, len(view.clusters), FilterState(state.filters_key), partial(toggle_filter, state, view)
    )
    st.button("Clear all filters", key=state.clear_key, on_click=state.filters.clear, disabled=not state.filters)


def toggle_filter(state: ExploreState, view: ExploreView, name: str, bar: int, extend: bool) -> None:
    """Change the filter of a column after a click on one of its bars."""
    column = next((column for column in view.columns if column.name == name), None)
    if column is None:
        return
    chosen_filter = toggle_bar(column, state.filters.pop(name, None), bar, extend)
    if chosen_filter:
        state.filters[name] = chosen_filter


def show_downloads(view: ExploreView, options: MapOptions) -> None:
    """Offer the selection and the groups as tables; pictures of the map are among its tools."""
    selection, name = ExploreState.recall(view.opened).selection, view.opened.dataset_name
    st.caption("Download")
    st.download_button(
        "Selected images as CSV",
        lambda: tabulate_selection(view, view.rows(selection, options)),
        f"{name}-selection.csv",
        "text/csv",
        on_click="ignore",
    )
    st.download_button(
        "Groups of all images as CSV",
        lambda: tabulate_groups(view),
        f"{name}-groups.csv",
        "text/csv",
        on_click="ignore",
    )
