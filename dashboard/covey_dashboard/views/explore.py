"""The page Explore: cluster an embedding, see it on the map, look at the images that are selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Clusterer, CoveyError
from covey.labelling import LabelStore
from covey.matching import match
from covey.neighbours import nearest, oddity
from covey.options import Option, values
from covey.provenance import digest
from covey.registry import Registered
from covey.tables import NOISE, Embedding
from covey_dashboard import cache, choice, colouring, colours, curve, forms, gallery, labelling, map, notice, thumbnails
from covey_dashboard.cache import Source
from covey_dashboard.given import Given
from covey_dashboard.map import FADED, FULL, HIDDEN, PALE, Colouring
from covey_dashboard.selection import Rows, Selection, picked

LISTED = 300
"""Clusters in the list, the largest; the others can be clicked on the map."""
MOST_PAIRS = 1_000_000
"""Clusters before times clusters after, up to which it is found out which stay themselves."""
POLL = 0.7
"""Seconds between two looks at what is made in the background."""
CURVE_HEIGHT = 195
"""Pixels for a slider and its curve, which are kept free until these are there."""
ALIKE = 200
"""Images that are shown as most like others."""
CLUSTER, LABEL, RECORDING = "cluster", "label", "recording"
Labels = NDArray[np.int32]
Spot = tuple[Any, str]


@attrs.frozen(kw_only=True, eq=False)
class Found:
    """What is looked at: a source with its table and labels, and the clusters of its images."""

    source: Source
    table: Embedding
    given: Given
    clusters: Labels
    sizes: dict[int, int]

    @property
    def names(self) -> list[str]:
        """The names of the images."""
        found: list[str] = self.table.names.tolist()
        return found


@attrs.frozen
class View:
    """What the map shows: what it is coloured `by`, noise shown or hidden, labelled images shown, grey or hidden."""

    by: str
    noise: str
    labelled: str


def page() -> None:
    """Show the page."""
    location = choice.location()
    if not location:
        notice.hint("No dataset is open yet: choose one on the page Data.")
        st.page_link("views/data.py", label="Open a dataset")
        return
    try:
        explore(location)
    except CoveyError as error:
        notice.problem(str(error))


def explore(location: str) -> None:
    """Show one dataset. Raises CoveyError."""
    for sentence in cache.listed(location)[1]:
        notice.problem(sentence)
    source = choice.source(location)
    if source is None:
        notice.hint("This dataset has no embedding, and so no map, yet: the page Data says how to make one.")
        st.page_link("views/data.py", label="What is in this dataset")
        return
    choose_embedding(source)
    map.send(cache.points(source))
    workbench(source)


def choose_embedding(source: Source) -> None:
    """Let a person change between the embeddings of the dataset."""
    told = choice.titles(choice.embeddings(source.location))
    names, key = list(told), f"explored {source.location}"
    left, right = st.columns([5, 6], vertical_alignment="center")
    short = source.location.rstrip("/").rpartition("/")[2] or source.location
    left.text(f"{short}, joined with {told[source.other.name]}" if source.other else short)
    right.selectbox(
        "Embedding",
        names,
        names.index(source.entry.name),
        format_func=lambda name: told[name],
        key=key,
        label_visibility="collapsed",
        on_change=lambda: choice.choose(choice.EMBEDDING, st.session_state[key]),
    )


@st.fragment
def workbench(source: Source) -> None:
    """Show the options, the map and the images of one embedding; all that a person changes there reruns only this."""
    try:
        left, middle, right = st.columns([2.2, 4.8, 4.4], gap="medium")
        spots: dict[str, Spot] = {}
        with left:
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
    offered = {item.full_name: item for item in cache.registry().of_kind("clusterer")}
    if not offered:
        notice.hint("No clusterer is installed. These come with the dashboard:", 'pip install "covey[dashboard]"')
        return None
    kept = {entry.name: made for entry, made in cache.kept(source)}
    told = {**{name: f"kept: {made.tag}" for name, made in kept.items()}, **names_of(list(offered.values()))}
    key = st.selectbox("Clusterer", list(told), format_func=lambda key: told[key], key=f"by {source.identity}")
    if key in kept:
        return options_of(digest([key, source.identity]), kept[key], spots)
    chosen = offered[key]
    if chosen.missing:
        notice.hint(f"{chosen.name} needs a library that is not installed:", chosen.status.removeprefix("needs: "))
        return None
    return options_of(digest([key, source.identity]), cache.suited(source, chosen.cls()), spots)


def names_of(offered: Sequence[Registered]) -> dict[str, str]:
    """Return what each component is called: its name, in full where two have the same."""
    twice = Counter(item.name for item in offered)
    return {item.full_name: item.name if twice[item.name] == 1 else item.full_name for item in offered}


def options_of(key: str, start: Clusterer, spots: dict[str, Spot]) -> Clusterer:
    """Show the form of a clusterer; return it as set, or as it was last, having said what is wrong with an option."""

    def under(option: Option, widget: str) -> None:
        if option.live and not option.expert and option.type in (int, float) and option.choices is None:
            spots[option.name] = (st.container(height=CURVE_HEIGHT, border=False), widget)

    made = forms.form(type(start), key, start, under) or st.session_state.get(f"last {key}", start)
    assert isinstance(made, Clusterer)
    st.session_state[f"last {key}"] = made
    return made


def show_curve(source: Source, clusterer: Clusterer, option: str, widget: str) -> None:
    """Show a slider over the values worth looking at, and under it how the clusters change along them."""
    found, value = cache.curve(source, clusterer, option), values(clusterer)[option]
    if found is None:
        st.caption("Preparing the slider …")
        wait(source, clusterer, option)
        return
    if len(found.values) < 2 or value is None:
        return
    st.session_state[f"{widget}.slider"] = found.values[curve.nearest(found, value)]
    st.select_slider(
        option,
        found.values,
        key=f"{widget}.slider",
        label_visibility="collapsed",
        on_change=lambda: forms.put(widget, st.session_state[f"{widget}.slider"]),
    )
    curve.show(found, value, f"{widget}.curve", lambda value: forms.put(widget, value))


@st.fragment(run_every=POLL)
def wait(source: Source, clusterer: Clusterer, option: str) -> None:
    """Show the page anew when what is made in the background is there."""
    if cache.curve(source, clusterer, option) is not None:
        st.rerun()


def show(source: Source, clusterer: Clusterer, middle: Any, right: Any) -> None:
    """Show what is found: numbers, map and gallery. Raises CoveyError."""
    clusters = steady(source, cache.labels(source, clusterer))
    store, given = labels_of(source)
    found = Found(
        source=source,
        table=cache.embedding(source),
        given=given,
        clusters=clusters,
        sizes=cluster_sizes(clusters),
    )
    with middle:
        numbers, view = st.container(), choose_view(source)
    with right:
        selection, rows = choose(found, view)
    with numbers:
        show_numbers(found, rows)
    with middle:
        show_map(found, view, selection, rows)
    with right:
        show_selection(found, store, selection, rows)


def labels_of(source: Source) -> tuple[LabelStore | None, Given]:
    """Return where the labels are kept, and what they are; none, having said why, when they cannot be read."""
    try:
        store = cache.store(source.location)
        labelling.watch(store, store.revision)
        return store, cache.given(source)
    except CoveyError as error:
        notice.problem(str(error))
        return None, Given.of(cache.embedding(source).names.tolist(), [], {})


def steady(source: Source, labels: Labels) -> Labels:
    """Return labels in which clusters that stay themselves keep the ids that they had in this session."""
    key = f"ids {source.identity}"
    told, shown = st.session_state.get(key, (labels, labels))
    pairs = (int(shown.max(initial=0)) + 1) * (int(labels.max(initial=0)) + 1)
    if told is not labels:
        shown = match(shown, labels).labels if pairs <= MOST_PAIRS else labels
    st.session_state[key] = (labels, shown)
    return shown  # type: ignore[no-any-return]


def choose(found: Found, view: View) -> tuple[Selection, Rows]:
    """Let a person select images by cluster, label or name; return what is selected, however that was said."""
    key = selected(found.source)
    selection: Selection = st.session_state.setdefault(key, Selection())
    if selection.by == "cluster" and selection.what not in found.sizes:
        selection = st.session_state[key] = Selection()
    rows = selection.rows(found.names, found.clusters, found.table.map, found.given.by_image)
    rows = rows[~hidden(found, view, selection)[rows]]
    listed = offered(found)
    if selection not in listed:
        listed.insert(0, selection)
    st.session_state[f"{key} list"] = selection
    left, right = st.columns([3, 2])
    left.selectbox(
        "Show",
        listed,
        format_func=lambda one: title(found, one, len(rows)),
        key=f"{key} list",
        on_change=lambda: select(found.source, st.session_state[f"{key} list"]),
    )
    right.text_input("Search", placeholder="in the names", key=f"{key} text", on_change=lambda: search(found.source))
    return selection, rows


def selected(source: Source) -> str:
    """Return where the session keeps what is selected."""
    return f"selection {source.identity}"


def select(source: Source, selection: Selection) -> None:
    """Select images."""
    st.session_state[selected(source)] = selection


def search(source: Source) -> None:
    """Select the images with a text in their names."""
    text = st.session_state[f"{selected(source)} text"].strip()
    select(source, Selection("name", text) if text else Selection())


def offered(found: Found) -> list[Selection]:
    """Return what can be chosen from the list: everything, the clusters, noise, the labels."""
    clusters = [cluster for cluster in found.sizes if cluster != NOISE][:LISTED]
    noise = [NOISE] if NOISE in found.sizes else []
    labels = [one.name for one in found.given.classes]
    by_cluster = [Selection("cluster", cluster) for cluster in [*clusters, *noise]]
    return [Selection(), *by_cluster, *(Selection("label", label) for label in labels)]


def title(found: Found, selection: Selection, chosen: int) -> str:
    """Return what a selection is called in the list, and how many images it has."""
    if selection.by == "cluster":
        return f"{selection.title}: {found.sizes.get(selection.what, 0):,} images"
    if selection.by == "all":
        return f"All {len(found.clusters):,} images"
    if selection.by == "label":
        counts = {one.name: one.count for one in found.given.classes}
        return f"{selection.title}: {counts.get(selection.what, 0):,} images"
    return f"{selection.title}: {chosen:,} images"


def show_numbers(found: Found, rows: Rows) -> None:
    """Show how many images and clusters there are, how they fall into them, and where the selection is from."""
    clusters = [size for cluster, size in found.sizes.items() if cluster != NOISE]
    count = len(found.clusters)
    numbers = {
        "Images": f"{count:,}",
        "Clusters": f"{len(clusters):,}",
        "Assigned": f"{sum(clusters) / count:.0%}" if count else "none",
        "Largest": f"{max(clusters, default=0):,}",
        "Top recording": one_recording(found.source, rows),
    }
    told = "The largest share of the selected images that is from one recording."
    for column, (name, value) in zip(st.columns([4, 4, 4, 4, 6]), numbers.items(), strict=True):
        column.metric(name, value, help=told if name == "Top recording" else None)


def one_recording(source: Source, rows: Rows) -> str:
    """Return the largest share of some images that is from one recording, in words."""
    codes = cache.sources(source)[0][rows]
    known = codes[codes >= 0]
    return f"{np.bincount(known).max() / len(rows):.0%}" if len(known) else "unknown"


def choose_view(source: Source) -> View:
    """Let a person choose what the map shows."""
    columns = st.columns(3)
    by = columns[0].selectbox("Colour by", colourings(source), key="colour by")
    noise = columns[1].selectbox("Noise", ["shown", "hidden"], key="noise shown")
    labelled = columns[2].selectbox("Labelled images", ["shown", "grey", "hidden"], key="labelled shown")
    return View(by, noise, labelled)


def show_map(found: Found, view: View, selection: Selection, rows: Rows) -> None:
    """Show the map, with what a person wants to see on it."""
    map.show(
        found.source.identity,
        found.table.map,
        coloured(found, view.by),
        found.clusters,
        found.given,
        states(found, view, selection, rows),
        thumbnails.address(cache.images(found.source.location)),
        lambda what: select(found.source, picked(what, found.clusters)),
    )


def colourings(source: Source) -> list[str]:
    """Return what the map can be coloured by: the columns of the metadata too."""
    first = [CLUSTER, LABEL, RECORDING]
    try:
        return list(dict.fromkeys([*first, *cache.known(source.location).columns]))
    except CoveyError as error:
        notice.problem(str(error))
        return first


def coloured(found: Found, by: str) -> Colouring:
    """Return the colours of the images."""
    if by == CLUSTER:
        return colouring.by_cluster(found.clusters)
    if by == LABEL:
        return colouring.by_class(found.given)
    if by == RECORDING:
        return colouring.by_group(by, *cache.sources(found.source))
    return cache.column(found.source, by)


def hidden(found: Found, view: View, selection: Selection) -> NDArray[np.bool_]:
    """Return which images a person does not want to see (n,), unless they are just what is selected."""
    noise = (found.clusters == NOISE) & (view.noise == "hidden" and selection != Selection("cluster", NOISE))
    labelled = (found.given.codes >= 0) & (view.labelled == "hidden" and selection.by != "label")
    both: NDArray[np.bool_] = noise | labelled
    return both


def states(found: Found, view: View, selection: Selection, rows: Rows) -> NDArray[np.uint8]:
    """Return how each image is drawn (n,): what is selected in full, the others faded, noise pale."""
    drawn = np.where(found.clusters == NOISE, PALE, FULL).astype(np.uint8)
    if selection.by != "all":
        drawn[:] = FADED
        drawn[rows] = FULL
    if view.labelled == "grey":
        drawn[found.given.codes >= 0] = FADED
    drawn[hidden(found, view, selection)] = HIDDEN
    return drawn


def show_selection(found: Found, store: LabelStore | None, selection: Selection, rows: Rows) -> None:
    """Show the images that are selected, and what can be done with those that a person leaves in."""
    colour = colours.colour(selection.what) if selection.by == "cluster" else "transparent"
    st.html(f'<div class="covey-swatch" style="background: {colour}"></div>')
    source, place = found.source, st.container()
    remaining = gallery.show(
        found.table.names[rows].tolist(),
        what=f"{source.identity} {selection}",
        folder=cache.images(source.location),
        home=cache.dataset(source.location).home,
        oddity=lambda: oddity(found.table.Z[rows]),
        like=lambda names: select(source, more_like(found, names)),
    )
    if store:
        with place:
            labelling.bar(store, remaining)


def more_like(found: Found, names: Sequence[str]) -> Selection:
    """Return the images that are most like some others, by their features where these are kept."""
    rows = np.flatnonzero(np.isin(found.table.names, names))
    return Selection("like", tuple(nearest(cache.space(found.source), rows, ALIKE).tolist()))


def cluster_sizes(labels: Labels) -> dict[int, int]:
    """Return the images of each cluster, the largest first, noise last."""
    found, counts = np.unique(labels, return_counts=True)
    sizes = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return dict(sorted(sizes.items(), key=lambda item: (item[0] == NOISE, -item[1], item[0])))


page()
