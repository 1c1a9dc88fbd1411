"""The page Compare: two results side by side with one selection, which cluster went where, how all agree."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import wait
from itertools import permutations

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import CoveyError, Labels
from covey.frontend import NOISE, AnyEntry, Flow, TableKind, count_noun, trace_clusters
from covey_dashboard.data import cache
from covey_dashboard.data import current_dataset as choice
from covey_dashboard.data.agreements import MEASURES, Agreement, agreements
from covey_dashboard.data.image_labels import ImageLabels
from covey_dashboard.data.selection import Rows, Selection, picked
from covey_dashboard.pages.compare.comparison import Comparison, Side, paired
from covey_dashboard.server import thumbnails
from covey_dashboard.widgets import colouring, gallery
from covey_dashboard.widgets import map_view as map
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

PLACES = ("left", "right")
FLOWS = 100
"""Ways from a cluster to a cluster that are listed, at most."""
COMPARED = 20
"""Clusterings in the table of agreement, at most."""
PATIENCE, POLL = 1.0, 0.7
"""Seconds to wait for the agreement of all, and between two looks whether it is there."""


def compare(location: str) -> None:
    """Show two results of a dataset. Raises CoveyError."""
    results = [entry for entry in cache.entries(location) if entry.kind is not TableKind.FEATURES]
    entries = sorted(results, key=lambda entry: entry.kind)
    if not any(entry.kind is TableKind.EMBEDDING for entry in entries):
        notice.hint("This dataset has no embedding, and so no map, yet: the page Data says how to make one.")
        return
    pairs = [(one, other) for one, other in permutations(entries, 2) if not same_map(one, other)]
    if not pairs:
        notice.hint("There is nothing to compare this result with yet: the page Run makes others, with other options.")
        return
    chosen = choose(location, entries, pairs)
    show(paired(location, chosen, entries))
    clusterings = [entry.name for entry in (*chosen, *entries) if entry.kind is TableKind.CLUSTERING]
    show_agreement(location, list(dict.fromkeys(clusterings)))


def same_map(first: AnyEntry, second: AnyEntry) -> bool:
    """Return whether two results are clusters and the embedding that they were made from."""
    return page.made_from(first, second) or page.made_from(second, first)


def choose(
    location: str, entries: Sequence[AnyEntry], pairs: Sequence[tuple[AnyEntry, AnyEntry]]
) -> tuple[AnyEntry, AnyEntry]:
    """Let a person choose two results: at first one of the pairs, if possible with clusters of what is open."""
    by_name, titles = {entry.name: entry for entry in entries}, page.titles(entries)
    order = list(by_name)
    opened = choice.source(location)
    related = [pair for pair in pairs if opened and page.made_from(pair[0], opened.entry)]
    names = [
        column.selectbox(place.title(), order, order.index(first.name), titles.__getitem__, key=f"{place} {location}")
        for place, column, first in zip(PLACES, st.columns(2), (related or pairs)[0], strict=True)
    ]
    return by_name[names[0]], by_name[names[1]]


def show(pair: Comparison) -> None:
    """Show two results."""
    st.text(told(pair))
    for place, side in zip(PLACES, pair.sides, strict=True):
        send(place, side)
    workbench(pair)
    show_flows(*pair.sides)


def told(pair: Comparison) -> str:
    """Return how many images the two have in common, in words."""
    first, second = pair.sides
    both = int((pair.across[0] >= 0).sum())
    if both == len(first.names) == len(second.names):
        return f"The same {count_noun(both, 'image')} on both sides."
    on_left = count_noun(len(first.names), "image")
    return (
        f"{on_left} on the left, {len(second.names):,} on the right; {both:,} {'is' if both == 1 else 'are'} in both."
    )


def points(place: str, side: Side) -> str:
    """Return what the points of a side are called: each has a view of its own, even of the same embedding."""
    return f"{place} {side.source.identity}"


def send(place: str, side: Side) -> None:
    """Give the browser the points of a side."""
    payload = map.points(points(place, side), side.names.tolist(), side.places, *cache.sources(side.source))
    map.send(payload, key=f"map_{place}")


@st.fragment
def workbench(pair: Comparison) -> None:
    """Show the two maps and the images that are selected on one of them."""
    state_key = f"compared {pair.key}"
    at, selection = st.session_state.setdefault(state_key, (0, Selection()))
    rows = pair.selected(at, selection)
    for here, column in enumerate(st.columns(2)):
        with column:
            show_map(pair, here, pair.sides[here].states(selection, rows[here]), state_key)
    if selection.by == "all":
        notice.hint("Encircle images on one map, or click one: the same stand out on the other, and are shown here.")
        return
    st.text(f"{selection.title}: {count_noun(len(rows[0]), 'image')} on the left, {len(rows[1]):,} on the right.")
    show_gallery(pair, pair.sides[at].names[rows[at]].tolist(), f"{pair.key} {at} {selection}")


def show_map(pair: Comparison, at: int, drawn: NDArray[np.uint8], state_key: str) -> None:
    """Show the map of one side; what a person picks there is kept in the session as `state_key`."""
    place, side = PLACES[at], pair.sides[at]
    map.show(
        points(place, side),
        side.places,
        attrs.evolve(colouring.by_cluster(side.codes), listed=False),
        side.codes,
        ImageLabels.of(side.names.tolist(), [], {}),
        drawn,
        thumbnails.address(pair.folder),
        lambda what: st.session_state.update({state_key: (at, picked(what, side.codes))}),
        title=f"{count_noun(len(side.names), 'image')}. {side.title}",
        key=f"map_{place}",
    )


@st.fragment
def show_gallery(pair: Comparison, names: Sequence[str], what: str) -> None:
    """Show the images that are selected."""
    gallery.show(names, what=what, folder=pair.folder, home=pair.home, key="compared")


def show_flows(left_side: Side, right_side: Side) -> None:
    """Show which cluster went where."""
    st.markdown("##### Which cluster went where")
    if not (left_side.own and right_side.own):
        notice.hint("This takes clusters on both sides: choose them above, or make some with covey run.")
        return
    flows = trace_clusters(left_side.clustering, right_side.clustering)
    ways = len(flows.counts)
    more = f" The {FLOWS} largest of {ways:,} ways are shown." if ways > FLOWS else ""
    st.caption(f"A cluster on the right has the number of the one on the left with which it shares most.{more}")
    st.dataframe(listed(flows), hide_index=True)


def listed(flows: Flow) -> dict[str, list[str] | list[int]]:
    """Return the ways that most images went, as columns."""
    most = np.argsort(-flows.counts, kind="stable")[:FLOWS]
    return {
        "left": [called(cluster) for cluster in flows.first[most].tolist()],
        "right": [called(cluster) for cluster in flows.second[most].tolist()],
        "images": flows.counts[most].tolist(),
        "of the left": shares(flows.first, flows.counts, most),
        "of the right": shares(flows.second, flows.counts, most),
    }


def called(cluster: int) -> str:
    """Return what a cluster is called."""
    return "noise" if cluster == NOISE else f"cluster {cluster}"


def shares(clusters: Labels, counts: NDArray[np.intp], chosen: Rows) -> list[str]:
    """Return the share of some of the counts in that of their cluster, in words."""
    _, groups = np.unique(clusters, return_inverse=True)
    wholes = np.bincount(groups, counts)[groups]
    return [f"{part:.0%}" for part in (counts / wholes)[chosen].tolist()]


@st.fragment
def show_agreement(location: str, names: Sequence[str]) -> None:
    """Show how all clusterings of a dataset agree."""
    st.markdown("##### How all clusterings agree")
    if len(names) < 2:
        notice.hint("This takes two clusterings or more: covey run makes them.")
        return
    try:
        by_name = {entry.name: entry for entry in cache.entries(location)}
        show_agreements(location, [by_name[name] for name in names[:COMPARED] if name in by_name])
        if len(names) > COMPARED:
            st.caption(f"{COMPARED} of {len(names):,} clusterings: the two above and the first others.")
    except CoveyError as error:
        notice.problem(str(error))


def show_agreements(location: str, compared: Sequence[AnyEntry]) -> None:
    """Show how some clusterings agree, or how far that is known. Raises CoveyError."""
    computations = agreements(location, compared)
    wait(computations.values(), PATIENCE)
    if not all(one.done() for one in computations.values()):
        watch(list(computations.values()))
        return
    measure = st.radio("Measure", list(MEASURES), format_func=MEASURES.__getitem__, horizontal=True)
    place = list(MEASURES).index(measure)
    show_matrix(compared, {pair: one.result()[place] for pair, one in computations.items()})


def show_matrix(compared: Sequence[AnyEntry], agreement_by_pair: dict[tuple[int, int], float]) -> None:
    """Show a value for each two of some clusterings."""
    titles = page.titles(compared)
    numbers = range(len(compared))
    cells = {
        str(column + 1): [value(agreement_by_pair.get((min(row, column), max(row, column)), 1.0)) for row in numbers]
        for column in numbers
    }
    st.caption("1 for the same groups, 0 for what chance gives; noise counts as one more cluster.")
    row_titles = [f"{number + 1}  {titles[entry.name].partition(': ')[2]}" for number, entry in enumerate(compared)]
    st.dataframe({"clustering": row_titles, **cells}, hide_index=True)


def value(agreement: float) -> str:
    """Return an agreement as it is shown; two clusterings without a common image have none."""
    return "-" if np.isnan(agreement) else f"{agreement:.2f}"


@st.fragment(run_every=POLL)
def watch(computations: Sequence[Agreement]) -> None:
    """Show how far the comparison is, and the page anew when it is done."""
    done = sum(one.done() for one in computations)
    st.progress(done / len(computations), f"Comparing: {done:,} of {len(computations):,} pairs")
    if done == len(computations):
        st.rerun()


page.of_dataset(compare)
