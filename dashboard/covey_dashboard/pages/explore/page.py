"""The page Explore: see the groups of an embedding on the map, change them, look at the images that are selected."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data.clusterings import find_nearest_groups
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, image_folder, load_embedding
from covey_dashboard.data.labels import (
    ImageLabels,
    ObservedLabels,
    OutdatedLabels,
    find_outdated_labels,
    read_image_labels,
)
from covey_dashboard.data.selection import ImagesOfCluster, Rows, Selection
from covey_dashboard.pages.explore.addressed_view import restore_view
from covey_dashboard.pages.explore.choose_groups import (
    GroupSearch,
    await_search,
    await_voting,
    change_groups,
    search_groups,
    show_cancel,
    show_group_line,
)
from covey_dashboard.pages.explore.choose_selection import choose_selection, select_pick
from covey_dashboard.pages.explore.explore_view import ExploreView, MapOptions, pack_embedding
from covey_dashboard.pages.explore.selected_images import show_images
from covey_dashboard.state import ExploreState
from covey_dashboard.widgets.image_addresses import ImageAddresses
from covey_dashboard.widgets.label_watch import shows_labels, watch_labels
from covey_dashboard.widgets.labelling.repair import show_label_problem
from covey_dashboard.widgets.map_view import MapLook, send_points, show_map
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.outdated_labels import show_outdated_labels
from covey_dashboard.widgets.page_frame import link_page, show_page

WIDTHS = (6, 4)
"""How the width of the page is shared by the map and the images."""


def show_explore(location: str) -> None:
    """Show one dataset.

    Raises:
        CoveyError: the dataset or its embedding cannot be read.
    """
    opened = current_embedding(location)
    if opened is None:
        show_hint("This dataset has no embedding, and so no map, yet: the page Start makes one.")
        link_page("start", "Open the page Start")
        return
    send_points(pack_embedding(opened))
    show_workbench(opened)


@shows_labels
def show_workbench(opened: OpenEmbedding) -> None:
    """Show the groups, the map and the images of one embedding; all that a person changes there reruns only this."""
    try:
        state = ExploreState.recall(opened)
        restore_view(opened, state)
        line_place = st.container(key=state.bar_key, horizontal=True, vertical_alignment="center", gap="xsmall")
        map_column, image_column = st.columns(WIDTHS, gap="small")
        with map_column:
            options_place = st.container()
        with image_column:
            image_place = st.container(key=state.images_key, gap="xsmall")
        with options_place:
            search = change_groups(opened, state, search_groups(opened, state))
        view = read_view(opened, state, search)
        with line_place:
            options = show_group_line(opened, state, view, search)
        with options_place:
            show_messages(view, search)
        show_view(view, options, search, map_column, image_place)
    except CoveyError as error:
        show_problem(str(error))


def show_messages(view: ExploreView, search: GroupSearch) -> None:
    """Say what is wrong, and what became of a click or of the address."""
    if search.problem:
        show_problem(search.problem)
    state = ExploreState.recall(view.opened)
    if state.notice:
        show_hint(state.notice)
    show_outdated_labels(view.opened.location, view.outdated, "Attach labels again")
    if view.outdated.changed or view.outdated.gone:
        st.caption("The page Labels says what happened to each label. There you confirm or drop labels.")


def show_view(
    view: ExploreView,
    options: MapOptions,
    search: GroupSearch,
    map_column: DeltaGenerator,
    image_place: DeltaGenerator,
) -> None:
    """Show map and gallery.

    Raises:
        CoveyError: a file cannot be read.
    """
    with image_place, st.container(gap="xsmall"):  # a line more in it does not rebuild what is below
        selection, rows = choose_selection(view, options)
    with map_column:
        show_explore_map(view, options, selection, rows, search.pending)
        if search.pending:
            show_cancel(view.opened)
        if search.pending or search.keeping:
            await_search(view.opened)
        elif search.is_voting and view.nearest is None:
            await_voting(view.opened)
    with image_place:
        show_images(view, options, selection, rows)


def show_explore_map(view: ExploreView, options: MapOptions, selection: Selection, rows: Rows, pending: str) -> None:
    """Show the map, with the groups of before while others are looked for.

    Raises:
        CoveyError: a file cannot be read.
    """
    look = MapLook(
        stale=pending,
        hidden=view.hidden_groups,
        selected=selection.cluster if isinstance(selection, ImagesOfCluster) else None,
        density=options.density,
        file=f"{view.opened.dataset_name}-map",
        nearest=view.nearest,
    )
    location = view.opened.location
    show_map(
        view.opened.identity,
        view.table.map,
        view.colouring(options.colour_by),
        view.clusters,
        view.image_labels,
        view.states(selection, options, rows),
        ImageAddresses.of(dataset_at(location), image_folder(location), view.names),
        partial(select_pick, view, options.colour_by),
        look,
    )


def read_view(opened: OpenEmbedding, state: ExploreState, search: GroupSearch) -> ExploreView:
    """Return what is shown.

    Raises:
        CoveyError: a file cannot be read.
    """
    observed, image_labels = read_labels(opened)
    nearest = search.groups.nearest if search.groups else None
    return ExploreView(
        opened=opened,
        table=load_embedding(opened),
        observed=observed,
        outdated=find_outdated_labels(opened.location, observed) if observed else OutdatedLabels(),
        image_labels=image_labels,
        clusters=search.numbers,
        nearest=nearest or (find_nearest_groups(opened, search.numbers) if search.is_voting else None),
        hidden_groups=state.hidden,
        filters=state.filters,
    )


def read_labels(opened: OpenEmbedding) -> tuple[ObservedLabels | None, ImageLabels]:
    """Return the labels as they are now, and those of the images; none, having said why, if that fails."""
    try:
        observed = observe_labels(opened.location)
        image_labels = read_image_labels(opened, observed)
        watch_labels(observed.store, observed.version)
        return observed, image_labels
    except CoveyError as error:
        show_label_problem(error, opened.location)
        return None, ImageLabels.of(load_embedding(opened).names.tolist(), [], {})


show_page(show_explore)
