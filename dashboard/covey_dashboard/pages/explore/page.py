"""The page Explore: cluster an embedding, see it on the map, look at the images that are selected."""

from __future__ import annotations

from typing import Any

import streamlit as st

from covey import Clusterer, CoveyError, Labels
from covey.frontend import (
    Kind,
    LabelStore,
    Option,
    cluster_colour,
    digest,
    match_clusters,
    measure_oddity,
    option_values,
)
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.data.cache import Source
from covey_dashboard.data.image_labels import ImageLabels
from covey_dashboard.data.selection import Rows, Selection, picked
from covey_dashboard.pages.explore.explore_view import CLUSTER, LABEL, RECORDING, ExploreView, View
from covey_dashboard.server import thumbnails
from covey_dashboard.widgets import (
    forms,
    gallery,
)
from covey_dashboard.widgets import (
    label_bar as labelling,
)
from covey_dashboard.widgets import (
    map_view as map,
)
from covey_dashboard.widgets import (
    messages as notice,
)
from covey_dashboard.widgets import (
    page_frame as page,
)
from covey_dashboard.widgets import (
    profile_curve as curve,
)

POLL = 0.7
"""Seconds between two looks at what is made in the background."""
CURVE_HEIGHT = 170
"""Pixels for a slider and its curve, which are kept free until these are there."""
Spot = tuple[Any, str]


def explore(location: str) -> None:
    """Show one dataset. Raises CoveyError."""
    source = choice.source(location)
    if source is None:
        notice.hint("This dataset has no embedding, and so no map, yet: the page Data says how to make one.")
        st.page_link("../pages/data/page.py", label="What is in this dataset")
        return
    choose_embedding(source)
    map.send(cache.points(source))
    workbench(source)


def choose_embedding(source: Source) -> None:
    """Let a person change between the embeddings of the dataset."""
    titles = choice.titles(choice.embeddings(source.location))
    names, key = list(titles), f"explored {source.location}"
    left_column, right = st.columns([5, 6], vertical_alignment="center")
    short = source.location.rstrip("/").rpartition("/")[2] or source.location
    left_column.text(f"{short}, joined with {titles[source.other.name]}" if source.other else short)
    right.selectbox(
        "Embedding",
        names,
        names.index(source.entry.name),
        format_func=lambda name: titles[name],
        key=key,
        label_visibility="collapsed",
        on_change=lambda: choice.choose(choice.EMBEDDING, st.session_state[key]),
    )


@st.fragment
def workbench(source: Source) -> None:
    """Show the options, the map and the images of one embedding; all that a person changes there reruns only this."""
    try:
        left_column, middle, right = st.columns([2.2, 4.8, 4.4], gap="medium")
        spots: dict[str, Spot] = {}
        with left_column:
            clusterer = choose_clusterer(source, spots)
        if clusterer:
            show(source, clusterer, middle, right)
            for option, (place, widget) in spots.items():
                with place:
                    show_curve(source, clusterer, option, widget)
    except CoveyError as error:
        notice.problem(str(error))


def choose_clusterer(source: Source, spots: dict[str, Spot]) -> Clusterer | None:
    """Return the clusterer that a person chose and set; None, having said why, when there is none.

    It starts with one whose result is kept, and where the data decide an option, with what they suggest. `spots` gets
    the places where the curves of live options go, and the keys of their widgets.
    """
    offered = {item.full_name: item for item in cache.registry().of_kind(Kind.CLUSTERER)}
    if not offered:
        notice.hint("No clusterer is installed. These come with the dashboard:", 'pip install "covey[dashboard]"')
        return None
    kept_clusterers = {entry.name: clusterer for entry, clusterer in cache.kept_clusterings(source)}
    titles = {
        **{name: f"kept: {clusterer.tag}" for name, clusterer in kept_clusterers.items()},
        **page.called(list(offered.values())),
    }
    key = st.selectbox("Clusterer", list(titles), format_func=lambda key: titles[key], key=f"by {source.identity}")
    if key in kept_clusterers:
        return options_of(digest([key, source.identity]), kept_clusterers[key], spots)
    chosen = offered[key]
    if chosen.missing:
        notice.hint(f"{chosen.name} needs a library that is not installed:", chosen.status.removeprefix("needs: "))
        return None
    return options_of(
        digest([key, source.identity]), cache.resolve(source, cache.registry().get(Kind.CLUSTERER, key)()), spots
    )


def options_of(key: str, start: Clusterer, spots: dict[str, Spot]) -> Clusterer:
    """Show the form of a clusterer; return it as set, or as it was last, having said what is wrong with an option."""

    def under(option: Option, widget: str) -> None:
        if option.live and not option.expert and option.type in (int, float) and option.choices is None:
            spots[option.name] = (st.container(height=CURVE_HEIGHT, border=False), widget)

    clusterer: Clusterer = forms.form(type(start), key, start, under) or st.session_state.get(f"last {key}", start)
    st.session_state[f"last {key}"] = clusterer
    return clusterer


def show_curve(source: Source, clusterer: Clusterer, option: str, widget: str) -> None:
    """Show a slider over the values worth looking at, and under it how the clusters change along them."""
    profile, current = cache.curve(source, clusterer, option), option_values(clusterer)[option]
    if profile is None:
        st.caption("Preparing the slider …")
        wait(source, clusterer, option)
        return
    if len(profile.values) < 2 or current is None:
        return
    profile = curve.through(profile, current, cache.labels(source, clusterer))
    curve.show(profile, current, f"{widget}.curve", lambda current: forms.put(widget, current))


@st.fragment(run_every=POLL)
def wait(source: Source, clusterer: Clusterer, option: str) -> None:
    """Show the page anew when what is made in the background is there."""
    if cache.curve(source, clusterer, option) is not None:
        st.rerun()


def show(source: Source, clusterer: Clusterer, middle: Any, right: Any) -> None:
    """Show what is found: numbers, map and gallery. Raises CoveyError."""
    scene = scene_of(source, clusterer)
    with middle:
        numbers, view = st.container(), choose_view(source)
    with right:
        selection, rows = choose(scene, view)
    with numbers:
        show_numbers(scene, rows)
    with middle:
        show_map(scene, view, selection, rows)
    with right:
        show_images(scene, selection, rows)


def scene_of(source: Source, clusterer: Clusterer) -> ExploreView:
    """Return what is looked at. Raises CoveyError."""
    clusters = steady(source, cache.labels(source, clusterer))
    store, revision, image_labels = labels_of(source)
    table = cache.embedding(source)
    return ExploreView(
        source=source, table=table, store=store, revision=revision, given=image_labels, clusters=clusters
    )


def labels_of(source: Source) -> tuple[LabelStore | None, int, ImageLabels]:
    """Return where the labels are kept, their revision and what they are; none, having said why, when that fails."""
    try:
        store = cache.store(source.location)
        revision, image_labels = store.revision, cache.read_image_labels(source)
        labelling.watch(store, revision)
        return store, revision, image_labels
    except CoveyError as error:
        notice.problem(str(error))
        return None, 0, ImageLabels.of(cache.embedding(source).names.tolist(), [], {})


def steady(source: Source, labels: Labels) -> Labels:
    """Return labels in which clusters that stay themselves keep the ids that they had in this session."""
    key = f"ids {source.identity}"
    computed, steady_labels = st.session_state.get(key, (labels, labels))
    if computed is not labels:
        steady_labels = match_clusters(steady_labels, labels)
    st.session_state[key] = (labels, steady_labels)
    return steady_labels  # type: ignore[no-any-return]


def choose(scene: ExploreView, view: View) -> tuple[Selection, Rows]:
    """Let a person select images by cluster, label or name; return what is selected, however that was said."""
    key = selected(scene.source)
    selection: Selection = st.session_state.setdefault(key, Selection())
    if selection.by == "cluster" and selection.what not in scene.sizes:
        selection = st.session_state[key] = Selection()
    rows, listed = scene.rows(selection, view), scene.offered()
    if selection not in listed:
        listed.insert(0, selection)
    st.session_state[f"{key} list"] = selection
    left_column, right = st.columns([3, 2])
    left_column.selectbox(
        "Show",
        listed,
        format_func=lambda candidate: scene.title(candidate, len(rows)),
        key=f"{key} list",
        on_change=lambda: select(scene.source, st.session_state[f"{key} list"]),
    )
    right.text_input("Search", placeholder="in the names", key=f"{key} text", on_change=lambda: search(scene.source))
    return selection, rows


def selected(source: Source) -> str:
    """Return where the session keeps what is selected."""
    return f"selection {source.identity}"


def select(source: Source, selection: Selection | str) -> None:
    """Select images.

    A list gives a text for an entry that went while the page was on its way to the browser: nothing changes then.
    """
    if isinstance(selection, Selection):
        st.session_state[selected(source)] = selection


def search(source: Source) -> None:
    """Select the images with a text in their names."""
    text = st.session_state[f"{selected(source)} text"].strip()
    select(source, Selection("name", text) if text else Selection())


def show_numbers(scene: ExploreView, rows: Rows) -> None:
    """Show how many images and clusters there are, how they fall into them, and where the selection is from."""
    explanation = "The largest share of the selected images that is from one recording."
    for column, (name, number) in zip(st.columns([4, 4, 4, 4, 6]), scene.numbers(rows).items(), strict=True):
        column.metric(name, number, help=explanation if name == "Top recording" else None)


def choose_view(source: Source) -> View:
    """Let a person choose what the map shows."""
    columns = st.columns(3)
    by = columns[0].selectbox("Colour by", colourings(source), key="colour by")
    noise = columns[1].selectbox("Noise", ["shown", "hidden"], key="noise shown")
    labelled = columns[2].selectbox("Labelled images", ["shown", "grey", "hidden"], key="labelled shown")
    return View(by, noise, labelled)


def show_map(scene: ExploreView, view: View, selection: Selection, rows: Rows) -> None:
    """Show the map, with what a person wants to see on it."""
    map.show(
        scene.source.identity,
        scene.table.map,
        scene.coloured(view.by),
        scene.clusters,
        scene.given,
        scene.states(view, selection, rows),
        thumbnails.address(cache.images(scene.source.location)),
        lambda what: select(scene.source, picked(what, scene.clusters)),
    )


def colourings(source: Source) -> list[str]:
    """Return what the map can be coloured by: the columns of the metadata too."""
    first = [CLUSTER, LABEL, RECORDING]
    try:
        return list(dict.fromkeys([*first, *cache.known(source.location).columns]))
    except CoveyError as error:
        notice.problem(str(error))
        return first


@st.fragment
def show_images(scene: ExploreView, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected; that one is taken out reruns only this, and leaves the map still."""
    try:
        show_selection(scene, selection, rows)
    except CoveyError as error:
        notice.problem(str(error))
    if scene.store:  # after what was done is said: the map takes longer
        labelling.follow_changes(scene.store, scene.revision)


def show_selection(scene: ExploreView, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected, and what can be done with those that a person leaves in. Raises CoveyError."""
    colour = cluster_colour(selection.what) if selection.by == "cluster" else "transparent"
    st.html(f'<div class="covey-swatch" style="background: {colour}"></div>')
    source, place = scene.source, st.container()
    names, what = scene.table.names[rows].tolist(), f"{source.identity} {selection}"
    gallery.show(
        names,
        what=what,
        clusters=scene.clusters[rows],
        folder=cache.images(source.location),
        home=cache.dataset(source.location).home,
        oddity=lambda: measure_oddity(scene.table.Z[rows]),
        like=lambda names: select(source, scene.more_like(names)),
    )
    if scene.store:
        with place:
            labelling.bar(scene.store, lambda: gallery.remaining(names, what))


page.of_dataset(explore)
