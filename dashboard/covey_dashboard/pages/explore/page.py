"""The page Explore: cluster an embedding, see it on the map, look at the images that are selected."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import attrs
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import Clusterer, CoveyError, Floats, Labels
from covey.frontend import (
    Kind,
    Option,
    cluster_colour,
    describe_suggestion,
    match_clusters,
    measure_oddity,
    option_values,
    options,
)
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.data.clusterings import (
    cluster_images,
    find_nearest_groups,
    list_stored_clusterings,
    profile_clusters,
    suggest_options,
)
from covey_dashboard.data.datasets import (
    OpenEmbedding,
    dataset_at,
    image_folder,
    list_embeddings,
    load_embedding,
    registry,
)
from covey_dashboard.data.labels import (
    ImageLabels,
    ObservedLabels,
    OutdatedLabels,
    find_outdated_labels,
    observe_labels,
    read_image_labels,
)
from covey_dashboard.data.metadata import dataset_metadata
from covey_dashboard.data.selection import AllImages, ImagesOfCluster, ImagesWithName, Rows, Selection, read_pick
from covey_dashboard.data.species_suggestions import suggest_species
from covey_dashboard.data.table_titles import title_embeddings
from covey_dashboard.pages.explore.explore_view import (
    CLUSTER,
    LABEL,
    RECORDING,
    ExploreView,
    MapOptions,
    pack_embedding,
)
from covey_dashboard.state import ExploreState, OpenState, OptionState
from covey_dashboard.widgets.forms import set_option, show_form
from covey_dashboard.widgets.gallery import list_remaining, show_gallery
from covey_dashboard.widgets.image_addresses import ImageAddresses
from covey_dashboard.widgets.label_bar import follow_changes, show_label_bar, watch_labels
from covey_dashboard.widgets.map_view import send_points, show_map
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.outdated_labels import show_outdated_labels
from covey_dashboard.widgets.page_frame import link_page, show_page, title_components
from covey_dashboard.widgets.profile_curve import show_curve, with_value

POLL_S = 0.7
"""Seconds between two looks at what is computed in the background."""
CURVE_HEIGHT = 170
"""Pixels that are reserved for a slider and its curve until these are there."""


@attrs.frozen
class CurvePlace:
    """Where the curve of an option goes, and the widgets of that option."""

    container: DeltaGenerator
    option: OptionState


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
    choose_embedding(opened)
    send_points(pack_embedding(opened))
    show_workbench(opened)


def choose_embedding(opened: OpenEmbedding) -> None:
    """Let a person change between the embeddings of the dataset."""
    title_by_name = title_embeddings(list_embeddings(opened.location))
    names, state = list(title_by_name), ExploreState.recall(opened)
    left_column, right_column = st.columns([5, 6], vertical_alignment="center")
    dataset_name = opened.location.rstrip("/").rpartition("/")[2] or opened.location
    left_column.text(
        f"{dataset_name}, joined with {title_by_name[opened.second.name]}" if opened.second else dataset_name
    )
    right_column.selectbox(
        "Embedding",
        names,
        names.index(opened.entry.name),
        format_func=title_by_name.__getitem__,
        key=state.embedding.key,
        label_visibility="collapsed",
        on_change=open_embedding,
        args=(state,),
    )


def open_embedding(state: ExploreState) -> None:
    """Open the embedding that a person chose, on all pages."""
    OpenState.recall().embedding = state.embedding.content


@st.fragment
def show_workbench(opened: OpenEmbedding) -> None:
    """Show the options, the map and the images of one embedding; all that a person changes there reruns only this."""
    try:
        left_column, middle_column, right_column = st.columns([2.2, 4.8, 4.4], gap="medium")
        place_by_option: dict[str, CurvePlace] = {}
        with left_column:
            clusterer = choose_clusterer(opened, place_by_option)
        if clusterer:
            show_clusters(opened, clusterer, middle_column, right_column)
            for option, place in place_by_option.items():
                with place.container:
                    show_slider(opened, clusterer, option, place.option)
    except CoveyError as error:
        show_problem(str(error))


def choose_clusterer(opened: OpenEmbedding, place_by_option: dict[str, CurvePlace]) -> Clusterer | None:
    """Return the clusterer that a person chose and set; None, having said why, if there is none.

    At first it is one whose result the dataset has; options that the data decide begin with what they suggest.

    Args:
        opened: what is clustered.
        place_by_option: gets the places where the curves of live options go, by option.
    """
    components_by_name = {component.full_name: component for component in registry().of_kind(Kind.CLUSTERER)}
    if not components_by_name:
        show_hint("No clusterer is installed. These come with the dashboard:", 'pip install "covey[dashboard]"')
        return None
    stored_clusterers = {entry.name: clusterer for entry, clusterer in list_stored_clusterings(opened)}
    title_by_name = {
        **{name: f"kept: {clusterer.tag}" for name, clusterer in stored_clusterers.items()},
        **title_components(list(components_by_name.values())),
    }
    state = ExploreState.recall(opened)
    name = st.selectbox(
        "Find groups with",
        list(title_by_name),
        format_func=title_by_name.__getitem__,
        key=state.clusterer.key,
        help="The clusterer, which finds the groups; one that begins with “kept:” made groups of the dataset.",
    )
    if name in stored_clusterers:
        return set_options(state, name, stored_clusterers[name], place_by_option)
    component = components_by_name[name]
    if component.missing:
        show_hint(f"{component.name} needs a library that is not installed:", component.status.removeprefix("needs: "))
        return None
    return set_options(state, name, suggest_options(opened, registry().get(Kind.CLUSTERER, name)())[0], place_by_option)


def set_options(
    state: ExploreState, name: str, initial: Clusterer, place_by_option: dict[str, CurvePlace]
) -> Clusterer:
    """Show the form of a clusterer; return it as set, or as it was last, having said what is wrong with an option."""

    def reserve_place(option: Option, option_state: OptionState) -> None:
        if option.live and not option.expert and option.type in (int, float) and option.choices is None:
            place_by_option[option.name] = CurvePlace(st.container(height=CURVE_HEIGHT, border=False), option_state)

    form_key = state.form_key(name)
    clusterer: Clusterer = show_form(type(initial), form_key, initial, reserve_place) or state.clusterers.get(
        form_key, initial
    )
    state.clusterers[form_key] = clusterer
    return clusterer


def show_slider(opened: OpenEmbedding, clusterer: Clusterer, option: str, state: OptionState) -> None:
    """Show a slider over the values worth looking at, and under it how the clusters change along them."""
    profile, current_value = profile_clusters(opened, clusterer, option), option_values(clusterer)[option]
    if profile is None:
        st.caption("Preparing the slider …")
        await_profile(opened, clusterer, option)
    elif len(profile.values) > 1 and isinstance(current_value, int | float):
        profile = with_value(profile, current_value, cluster_images(opened, clusterer))
        show_curve(profile, current_value, state.curve, partial(set_option, state))


@st.fragment(run_every=POLL_S)
def await_profile(opened: OpenEmbedding, clusterer: Clusterer, option: str) -> None:
    """Run the app again as soon as a profile has been computed in the background."""
    if profile_clusters(opened, clusterer, option) is not None:
        st.rerun()


def show_clusters(
    opened: OpenEmbedding, clusterer: Clusterer, middle_column: DeltaGenerator, right_column: DeltaGenerator
) -> None:
    """Show the clusters: numbers, map and gallery.

    Raises:
        CoveyError: the clusterer fails, or a file cannot be read.
    """
    view = read_view(opened, clusterer)
    with middle_column:
        show_outdated(view)
        metrics_place, options = st.container(), choose_map_options(opened)
    with right_column:
        selection, rows = choose_selection(view, options)
    with metrics_place:
        show_numbers(view, rows)
        show_suggestion(view, clusterer)
    with middle_column:
        show_map(
            opened.identity,
            view.table.map,
            view.colouring(options.colour_by),
            view.clusters,
            view.image_labels,
            view.states(selection, options, rows),
            ImageAddresses.of(dataset_at(opened.location), image_folder(opened.location), view.names),
            partial(select_pick, view),
            nearest=view.nearest,
        )
    with right_column:
        show_images(view, selection, rows)


def read_view(opened: OpenEmbedding, clusterer: Clusterer) -> ExploreView:
    """Return what is shown.

    Raises:
        CoveyError: the clusterer fails, or a file cannot be read.
    """
    clusters = keep_numbers(opened, cluster_images(opened, clusterer))
    observed, image_labels = read_labels(opened)
    return ExploreView(
        opened=opened,
        table=load_embedding(opened),
        observed=observed,
        outdated=find_outdated_labels(opened.location, observed) if observed else OutdatedLabels(),
        image_labels=image_labels,
        clusters=clusters,
        nearest=find_nearest_groups(opened, clusters),
    )


def read_labels(opened: OpenEmbedding) -> tuple[ObservedLabels | None, ImageLabels]:
    """Return the labels as they are now, and those of the images; none, having said why, if that fails."""
    try:
        observed = observe_labels(opened.location)
        image_labels = read_image_labels(opened, observed)
        watch_labels(observed.store, observed.version)
        return observed, image_labels
    except CoveyError as error:
        show_problem(str(error))
        return None, ImageLabels.of(load_embedding(opened).names.tolist(), [], {})


def show_outdated(view: ExploreView) -> None:
    """Say which labels do not belong to the images as they are."""
    show_outdated_labels(view.opened.location, view.outdated, "Attach labels again")
    if view.outdated.changed or view.outdated.gone:
        st.caption("The page Labels says what happened to each label. There you confirm or drop labels.")


def keep_numbers(opened: OpenEmbedding, computed_labels: Labels) -> Labels:
    """Return labels in which clusters that stay the same keep the numbers that they had in this session."""
    state = ExploreState.recall(opened)
    previous_labels, shown_labels = state.numbered or (computed_labels, computed_labels)
    if previous_labels is not computed_labels:
        shown_labels = match_clusters(shown_labels, computed_labels)
    state.numbered = (computed_labels, shown_labels)
    return shown_labels


def choose_selection(view: ExploreView, options: MapOptions) -> tuple[Selection, Rows]:
    """Let a person select images by cluster, label or name; return what is selected, there or elsewhere."""
    state = ExploreState.recall(view.opened)
    if isinstance(state.selection, ImagesOfCluster) and state.selection.cluster not in view.sizes:
        state.selection = AllImages()
    selection, listed_selections = state.selection, view.list_selections()
    rows = view.rows(selection, options)
    if selection not in listed_selections:
        listed_selections.insert(0, selection)
    state.selected.set(selection)
    left_column, right_column = st.columns([3, 2])
    left_column.selectbox(
        "Show",
        listed_selections,
        format_func=lambda candidate: view.title(candidate, len(rows)),
        key=state.selected.key,
        on_change=select_listed,
        args=(state,),
    )
    right_column.text_input(
        "Search", placeholder="in the names", key=state.search.key, on_change=select_by_name, args=(state,)
    )
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


def select_pick(view: ExploreView, pick: object) -> None:
    """Select what a person picked on the map."""
    ExploreState.recall(view.opened).selection = read_pick(pick, view.clusters)


def select_similar(view: ExploreView, names: list[str]) -> None:
    """Select the images that are most like some others."""
    ExploreState.recall(view.opened).selection = view.select_similar(names)


def show_numbers(view: ExploreView, rows: Rows) -> None:
    """Show how many images and clusters there are, how they fall into them, and where the selection is from."""
    explanation = "The largest share of the selected images that is from one recording."
    for column, (name, number) in zip(st.columns([4, 4, 4, 4, 6]), view.numbers(rows).items(), strict=True):
        column.metric(name, number, help=explanation if name == "Top recording" else None)


def show_suggestion(view: ExploreView, clusterer: Clusterer) -> None:
    """Say what options the data suggest, and why, while they are those that are set."""
    suggestion, reasons = suggest_options(view.opened, type(clusterer)())
    values = option_values(suggestion)
    open_options = [option.name for option in options(type(clusterer)) if option.default is None]
    suggested = {name: values[name] for name in open_options if values[name] is not None}
    if suggestion == clusterer and (sentence := describe_suggestion(suggested, reasons, view.clusters)):
        st.caption(sentence)


def choose_map_options(opened: OpenEmbedding) -> MapOptions:
    """Let a person choose how the map is drawn."""
    columns = st.columns(3)
    colour_by = columns[0].selectbox("Colour by", list_colourings(opened), key=ExploreState.colour_key)
    noise = columns[1].selectbox("Noise", ["shown", "hidden"], key=ExploreState.noise_key)
    labelled = columns[2].selectbox("Labelled images", ["shown", "grey", "hidden"], key=ExploreState.labelled_key)
    return MapOptions(colour_by, noise, labelled)


def list_colourings(opened: OpenEmbedding) -> list[str]:
    """Return what the map can be coloured by: the columns of the metadata too."""
    built_in_colourings = [CLUSTER, LABEL, RECORDING]
    try:
        return list(dict.fromkeys([*built_in_colourings, *dataset_metadata(opened.location).columns]))
    except CoveyError as error:
        show_problem(str(error))
        return built_in_colourings


@st.fragment
def show_images(view: ExploreView, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected; taking one out reruns only this, and leaves the map still."""
    try:
        show_selected_images(view, selection, rows)
    except CoveyError as error:
        show_problem(str(error))
    if view.observed:  # after the report of the last action is shown: the map takes longer
        follow_changes(view.observed.store, view.observed.version)


def show_selected_images(view: ExploreView, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected, and what can be done with those that a person leaves in.

    Raises:
        CoveyError: a file cannot be read.
    """
    colour = cluster_colour(selection.cluster) if isinstance(selection, ImagesOfCluster) else "transparent"
    st.html(f'<div class="covey-swatch" style="background: {colour}"></div>')
    location, label_bar_place, suggestion_place = view.opened.location, st.container(), st.container()
    names, selection_key = view.table.names[rows].tolist(), f"{view.opened.identity} {selection}"
    show_gallery(
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
    )
    for sentence in suggest_species(location, names):
        suggestion_place.text(sentence, help="What it hears most in these images. It labels nothing: you do.")
    if view.observed:
        with label_bar_place:
            show_label_bar(view.observed.store, partial(list_remaining, names, selection_key))


def rate_oddity_of(view: ExploreView, rows: Rows) -> Callable[[], Floats]:
    """Return a function that says how odd each of some images is."""
    return lambda: measure_oddity(view.table.Z[rows])


show_page(show_explore)
