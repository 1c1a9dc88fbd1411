"""The page Explore: cluster an embedding, see it on the map, look at the images of a cluster."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections import Counter
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Clusterer, CoveyError
from covey.storage import Entry
from covey.tables import NOISE
from covey_dashboard import cache, colours, gallery, map, notice, server
from covey_dashboard.forms import form

# Where the session keeps things, for each result apart. Streamlit draws a changed plotly chart anew and forgets where a
# person has moved it; so a cluster that was clicked on the map, where it is seen already, does not change the map, one
# from the list does.
PICKED = "picked"  # the cluster that a person looks at, None for all images
RAISED = "raised"  # the cluster that stands out on the map, None for all alike
MAP = "map"


def page() -> None:
    """Show the page."""
    location = choose_dataset()
    if not location:
        notice.hint("Which dataset? Write its folder into the field on the left, or name it when you start:")
        st.code("covey dashboard FOLDER", language=None)
        return
    try:
        explore(location)
    except CoveyError as error:
        notice.problem(str(error))


def explore(location: str) -> None:
    """Show one dataset. Raises CoveyError."""
    entries = [entry for entry in cache.entries(location) if entry.kind == "embedding"]
    for sentence in cache.dataset(location).problems:
        notice.problem(sentence)
    if not entries:
        offer_run(location)
        return
    with st.sidebar:
        entry = choose_embedding(entries)
        clusterer = choose_clusterer(location, entry)
    if clusterer:
        show_result(location, entry, clusterer)


def choose_dataset() -> str:
    """Return the location of the dataset that a person chose, "" for none."""
    return st.sidebar.text_input(
        "Dataset",
        os.environ.get(server.LOCATION, ""),
        placeholder="a folder",
        help="A folder, or another location that a storage plugin opens.",
        key="dataset",
    ).strip()


def choose_embedding(entries: Sequence[Entry]) -> Entry:
    """Return the embedding that a person chose."""
    by_name = {entry.name: entry for entry in entries}
    told = titles(entries)
    name = st.selectbox("Embedding", list(by_name), format_func=lambda name: told[name], key="embedding")
    return by_name[name]


def choose_clusterer(location: str, entry: Entry) -> Clusterer | None:
    """Return the clusterer that a person chose and set; None, having said why, when it cannot work.

    It starts with one whose result is kept, and where the data decide an option, with what they suggest.
    """
    offered = {item.full_name: item for item in cache.registry().of_kind("clusterer")}
    if not offered:
        notice.hint("No clusterer is installed. These come with the dashboard:", 'pip install "covey[dashboard]"')
        return None
    twice = Counter(item.name for item in offered.values())
    told = {key: item.name if twice[item.name] == 1 else key for key, item in offered.items()}
    kept = cache.kept(location, entry)
    first = next((place for place, item in enumerate(offered.values()) if item.cls is type(kept)), 0)
    key = st.selectbox(
        "Clusterer", list(offered), first, format_func=lambda key: told[key], key=f"clusterer {location} {entry.name}"
    )
    chosen = offered[key]
    if chosen.missing:
        command = chosen.status.removeprefix("needs: ")
        notice.hint(f"{chosen.name} needs a library that is not installed:", command)
        return None
    start = kept if chosen.cls is type(kept) else chosen.cls()
    made = form(chosen.cls, f"{key} {location} {entry.name}", cache.suited(location, entry, start))
    assert made is None or isinstance(made, Clusterer)
    return made


def offer_run(location: str) -> None:
    """Say how an embedding is made."""
    images = cache.dataset(location).images
    if images is None:
        notice.problem(f"There are neither images nor embeddings in {location}: name another folder.")
        return
    words = ["covey", "run", location]
    command = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
    notice.hint(f"{len(images.names()):,} images and no embedding yet. This makes one:", command)


def show_result(location: str, entry: Entry, clusterer: Clusterer) -> None:
    """Show what is found: numbers, map and gallery. Raises CoveyError."""
    table = cache.embedding(location, entry)
    labels = cache.labels(location, entry, clusterer)
    sizes = cluster_sizes(labels)
    show_numbers(labels, sizes)
    result = f"{location} {entry.name} {clusterer}"
    left, right = st.columns([3, 2], gap="medium")
    with right:
        picked = choose_cluster(labels, sizes, result)
        names = table.names if picked is None else table.names[labels == picked]
        gallery.show(cache.dataset(location).images, names.tolist(), f"{result} {picked}")
    with left:
        show_map(table.map, labels, table.names.tolist(), f"{location} {entry.name}", result)


def show_numbers(labels: NDArray[np.int32], sizes: dict[int, int]) -> None:
    """Show how many images and clusters there are, and how the images fall into them."""
    clusters = [size for cluster, size in sizes.items() if cluster != NOISE]
    share = f"{sum(clusters) / len(labels):.0%}" if len(labels) else "none"
    numbers = {
        "Images": f"{len(labels):,}",
        "Clusters": f"{len(clusters):,}",
        "Assigned": share,
        "Largest cluster": f"{max(clusters, default=0):,}",
    }
    for column, (name, value) in zip(st.columns(len(numbers)), numbers.items(), strict=True):
        column.metric(name, value)


def choose_cluster(labels: NDArray[np.int32], sizes: dict[int, int], result: str) -> int | None:
    """Return the cluster that a person chose, None for all images."""

    def told(cluster: int | None) -> str:
        if cluster is None:
            return f"All {len(labels):,} images"
        return f"{'Noise' if cluster == NOISE else f'Cluster {cluster}'}: {sizes[cluster]:,} images"

    def raise_it() -> None:
        st.session_state[f"{RAISED} {result}"] = st.session_state[f"{PICKED} {result}"]

    listed = [None, *sizes]
    picked = st.selectbox("Show", listed, format_func=told, key=f"{PICKED} {result}", on_change=raise_it)
    colour = "transparent" if picked is None else colours.colour(picked)
    st.html(f'<div class="covey-swatch" style="background: {colour}"></div>')
    return picked


def show_map(
    places: NDArray[np.float32], labels: NDArray[np.int32], names: Sequence[str], view: str, result: str
) -> None:
    """Show the map; a click on a point picks its cluster."""

    def pick() -> None:
        clicked = map.clicked(st.session_state[MAP]["selection"], labels)
        st.session_state[f"{PICKED} {result}"] = clicked
        if raised is not None:
            st.session_state[f"{RAISED} {result}"] = clicked

    raised = st.session_state.get(f"{RAISED} {result}")
    figure = map.figure(places, labels, names, raised, view)
    config = {"scrollZoom": True, "displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}
    st.plotly_chart(figure, key=MAP, on_select=pick, selection_mode="points", config=config)


def cluster_sizes(labels: NDArray[np.int32]) -> dict[int, int]:
    """Return the images of each cluster, the largest first, noise last."""
    found, counts = np.unique(labels, return_counts=True)
    sizes = dict(zip(found.tolist(), counts.tolist(), strict=True))
    return dict(sorted(sizes.items(), key=lambda item: (item[0] == NOISE, -item[1], item[0])))


def titles(entries: Sequence[Entry]) -> dict[str, str]:
    """Return what each embedding is called: what made it, and its file where that does not tell it from others."""
    told = {entry.name: _title(entry) for entry in entries}
    times = Counter(told.values())
    return {name: title if times[title] == 1 else f"{title} ({name})" for name, title in told.items()}


def _title(entry: Entry) -> str:
    made = entry.provenance
    if made is None:
        return entry.name
    steps = [f"{made.tag} to {entry.shape[1]}", *([made.source.tag] if made.source else [])]
    return " · ".join(steps)


page()
