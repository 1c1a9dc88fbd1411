"""The page Compare: two results side by side with one selection, which group went where, how all agree."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, wait
from functools import partial
from itertools import permutations
from typing import Any

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import CoveyError, Labels
from covey.frontend import (
    NOISE,
    AnyEntry,
    Column,
    Flow,
    TableKind,
    cluster_colour,
    count_noun,
    explain_gaps,
    trace_clusters,
)
from covey_dashboard.browser.browser_component import component
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import observe_labels
from covey_dashboard.data.agreements import Agreement, compute_agreements, list_agreement_measures
from covey_dashboard.data.datasets import list_tables
from covey_dashboard.data.labels import ImageLabels, classes_by_image
from covey_dashboard.data.measures import Ranking, begin_ranking, is_quick
from covey_dashboard.data.metadata import recording_codes
from covey_dashboard.data.selection import AllImages, Rows, read_pick
from covey_dashboard.data.table_titles import is_made_from, title_tables
from covey_dashboard.pages.compare.comparison import Comparison, Side, compare_results
from covey_dashboard.pages.compare.people import show_people
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import KEPT, CompareState, ImagesInFlow
from covey_dashboard.widgets.colouring import colour_by_cluster
from covey_dashboard.widgets.gallery import show_gallery
from covey_dashboard.widgets.image_addresses import ImageAddresses
from covey_dashboard.widgets.map_view import MapLook, pack_points, send_points, show_map
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import link_page, show_page

_component = component("flow")
PLACES = ("left", "right")
MOST_FLOWS = 100
"""Ways from a cluster to a cluster that are listed, at most."""
COMPARED = (TableKind.CLUSTERING, TableKind.EMBEDDING)
MOST_COMPARED = 20
"""Clusterings in the table of agreement, at most."""
PATIENCE_S, POLL_S = 1.0, 0.7
"""Seconds to wait for the agreement of all, and between two looks whether it is there."""


def show_compare(location: str) -> None:
    """Show two results of a dataset.

    Raises:
        CoveyError: a file cannot be read.
    """
    compared_entries = [entry for entry in list_tables(location).entries if entry.kind in COMPARED]
    entries = sorted(compared_entries, key=lambda entry: entry.kind)
    if not any(entry.kind is TableKind.EMBEDDING for entry in entries):
        show_hint("This dataset has no embedding, and so no map, yet: the page Start makes one.")
        link_page("start", "Open the page Start")
        return
    pairs = [(first, second) for first, second in permutations(entries, 2) if not share_map(first, second)]
    if not pairs:
        show_hint("There is nothing to compare this result with yet: the page Start makes others, with other options.")
        link_page("start", "Open the page Start")
        show_people(location)
        return
    chosen_entries = choose_results(location, entries, pairs)
    show_comparison(compare_results(location, chosen_entries, entries))
    clustering_names = [entry.name for entry in (*chosen_entries, *entries) if entry.kind is TableKind.CLUSTERING]
    show_agreement(location, list(dict.fromkeys(clustering_names)))
    show_measures(location)
    show_people(location)


def share_map(first: AnyEntry, second: AnyEntry) -> bool:
    """Whether two results are clusters and the embedding that they were made from."""
    return is_made_from(first, second) or is_made_from(second, first)


def choose_results(
    location: str, entries: Sequence[AnyEntry], pairs: Sequence[tuple[AnyEntry, AnyEntry]]
) -> tuple[AnyEntry, AnyEntry]:
    """Let a person choose two results: at first one of the pairs, if possible with clusters of what is open."""
    entry_by_name, title_by_name = {entry.name: entry for entry in entries}, title_tables(entries)
    names, opened = list(entry_by_name), current_embedding(location)
    related_pairs = [pair for pair in pairs if opened and is_made_from(pair[0], opened.entry)]
    left_name, right_name = (
        column.selectbox(
            side_name.title(),
            names,
            names.index(initial_entry.name),
            title_by_name.__getitem__,
            key=CompareState.result_key(side_name, location),
            persist_state=KEPT,
        )
        for side_name, column, initial_entry in zip(PLACES, st.columns(2), (related_pairs or pairs)[0], strict=True)
    )
    return entry_by_name[left_name], entry_by_name[right_name]


def show_comparison(comparison: Comparison) -> None:
    """Show two results."""
    st.text(describe_overlap(comparison))
    for side_name, side in zip(PLACES, comparison.sides, strict=True):
        send_side(side_name, side)
    show_workbench(comparison)


def describe_overlap(comparison: Comparison) -> str:
    """Return how many images the two have in common, in words."""
    left_side, right_side = comparison.sides
    shared_count = int((comparison.across[0] >= 0).sum())
    if shared_count == len(left_side.names) == len(right_side.names):
        return f"The same {count_noun(shared_count, 'image')} on both sides."
    return (
        f"{count_noun(len(left_side.names), 'image')} on the left, {len(right_side.names):,} on the right;"
        f" {shared_count:,} {'is' if shared_count == 1 else 'are'} in both."
    )


def identify_points(side_name: str, side: Side) -> str:
    """Return what tells the points of a side from others: each has a view of its own, even of one embedding."""
    return f"{side_name} {side.opened.identity}"


def send_side(side_name: str, side: Side) -> None:
    """Give the browser the points of a side."""
    identity, names = identify_points(side_name, side), side.names.tolist()
    send_points(
        pack_points(identity, names, side.places, *recording_codes(side.opened)), CompareState.map_key(side_name)
    )


@st.fragment
def show_workbench(comparison: Comparison) -> None:
    """Show the two maps and the images that are selected on one of them."""
    state = CompareState.recall(comparison.key)
    selection, rows_by_side = state.selection, comparison.rows(state.side, state.selection)
    for side_index, column in enumerate(st.columns(2)):
        with column:
            show_side(comparison, side_index, comparison.sides[side_index].states(selection, rows_by_side[side_index]))
    show_flows(comparison, state)
    if isinstance(selection, AllImages):
        show_hint(
            "Encircle images on one map, or click one: the same stand out on the other, and are shown here."
            " A click on a band between two groups selects its images too."
        )
        return
    left_rows, right_rows = rows_by_side
    st.text(
        f"{selection.in_words}: {count_noun(len(left_rows), 'image')} on the left, {len(right_rows):,} on the right."
    )
    names = comparison.sides[state.side].names[rows_by_side[state.side]].tolist()
    show_images(comparison, names, f"{comparison.key} {state.side} {selection}")


def show_side(comparison: Comparison, side_index: int, states: NDArray[np.uint8]) -> None:
    """Show the map of one side."""
    side_name, side = PLACES[side_index], comparison.sides[side_index]
    show_map(
        identify_points(side_name, side),
        side.places,
        attrs.evolve(colour_by_cluster(side.codes), has_legend=False),
        side.codes,
        ImageLabels.of(side.names.tolist(), [], {}),
        states,
        ImageAddresses.of(comparison.dataset, comparison.folder, side.names.tolist()),
        partial(select_pick, comparison, side_index),
        MapLook(
            title=f"{count_noun(len(side.names), 'image')}. {side.title}",
            file=f"map-{side_name}",
            link=comparison.key,
            space=comparison.sides[side_index].opened.identity,
        ),
        key=CompareState.map_key(side_name),
    )


def select_pick(comparison: Comparison, side_index: int, pick: object) -> None:
    """Select what a person picked on the map of one side."""
    state = CompareState.recall(comparison.key)
    state.side, state.selection = side_index, read_pick(pick, comparison.sides[side_index].codes)


@st.fragment
def show_images(comparison: Comparison, names: Sequence[str], selection_key: str) -> None:
    """Show the images that are selected."""
    try:
        show_gallery(
            names,
            selection_key=selection_key,
            folder=comparison.folder,
            dataset=comparison.dataset,
            key=CompareState.gallery_key,
            labels_by_image=classes_by_image(observe_labels(comparison.location)),
        )
    except CoveyError as error:
        show_problem(str(error))


def show_flows(comparison: Comparison, state: CompareState) -> None:
    """Show which cluster went where, as bands that select, and as a table."""
    st.markdown("##### Which images moved to which group")
    left_side, right_side = comparison.sides
    if not (left_side.has_clusters and right_side.has_clusters):
        show_hint("This needs groups on both sides: choose them above, or make some on the page Start.")
        link_page("start", "Open the page Start")
        return
    flow = trace_clusters(left_side.clustering, right_side.clustering)
    flow_count = len(flow.counts)
    limit = f" The {MOST_FLOWS} largest of {flow_count:,} bands are shown." if flow_count > MOST_FLOWS else ""
    st.caption(f"A group on the right has the number of the one on the left with which it shares most images.{limit}")
    chosen = state.selection if isinstance(state.selection, ImagesInFlow) else None
    _component(
        key=CompareState.flow_key,
        data={**describe_flow(flow), "chosen": attrs.asdict(chosen) if chosen else None},
        on_picked_change=state.take_flow,
    )
    with st.expander("The same as a table"):
        st.dataframe(tabulate_flow(flow), hide_index=True)


def describe_flow(flow: Flow) -> dict[str, object]:
    """Return the largest flows as the browser draws them, with the clusters in order, noise last."""
    rows = np.argsort(-flow.counts, kind="stable")[:MOST_FLOWS]
    streams = zip(flow.first[rows].tolist(), flow.second[rows].tolist(), flow.counts[rows].tolist(), strict=True)
    return {
        "left": [describe_cluster(cluster) for cluster in order_clusters(flow.first[rows])],
        "right": [describe_cluster(cluster) for cluster in order_clusters(flow.second[rows])],
        "streams": [{"left": left, "right": right, "count": count} for left, right, count in streams],
    }


def describe_cluster(cluster: int) -> dict[str, object]:
    """Return a cluster as the diagram of flows takes it."""
    return {"cluster": cluster, "title": title_cluster(cluster), "colour": cluster_colour(cluster)}


def order_clusters(clusters: Labels) -> list[int]:
    """Return which clusters there are, in order, noise last."""
    return sorted({*clusters.tolist()}, key=lambda cluster: (cluster == NOISE, cluster))


def tabulate_flow(flow: Flow) -> dict[str, list[str] | list[int]]:
    """Return how many images went from which cluster to which, the most first, as columns."""
    largest_rows = np.argsort(-flow.counts, kind="stable")[:MOST_FLOWS]
    return {
        "left": [title_cluster(cluster) for cluster in flow.first[largest_rows].tolist()],
        "right": [title_cluster(cluster) for cluster in flow.second[largest_rows].tolist()],
        "images": flow.counts[largest_rows].tolist(),
        "of the left": format_shares(flow.first, flow.counts, largest_rows),
        "of the right": format_shares(flow.second, flow.counts, largest_rows),
    }


def title_cluster(cluster: int) -> str:
    """Return what a group is called."""
    return "noise" if cluster == NOISE else f"group {cluster}"


def format_shares(clusters: Labels, counts: NDArray[np.intp], rows: Rows) -> list[str]:
    """Return the share of some of the counts in that of their cluster, in words."""
    _, cluster_indices = np.unique(clusters, return_inverse=True)
    cluster_totals = np.bincount(cluster_indices, counts)[cluster_indices]
    return [f"{share:.0%}" for share in (counts / cluster_totals)[rows].tolist()]


@st.fragment
def show_measures(location: str) -> None:
    """Show how good all clusterings of a dataset are, by every measure that is installed."""
    st.markdown("##### How good all groupings are")
    try:
        entries = [entry for entry in list_tables(location).entries if entry.kind is TableKind.CLUSTERING]
        if not entries:
            show_hint("This needs a grouping: the page Start makes some.")
            link_page("start", "Open the page Start")
            return
        if not is_quick(entries) and not choose_to_measure(location):
            return
        ranking = begin_ranking(location, observe_labels(location), entries)
        wait([ranking], PATIENCE_S)
        if ranking.done():
            show_ranking(entries, ranking.result())
        else:
            await_ranking(ranking)
    except CoveyError as error:
        show_problem(str(error))


def choose_to_measure(location: str) -> bool:
    """Ask whether clusterings of many images are measured, which visitors of a published dataset cannot start."""
    if is_read_only():
        show_hint("There are too many images to measure the groupings here.")
        return False
    key = CompareState.measure_key(location)
    return st.toggle("Measure all groupings", help="This may take long.", key=key, persist_state=KEPT)


def show_ranking(entries: Sequence[AnyEntry], ranking: Ranking) -> None:
    """Show the measures of all clusterings, the best first, and why some are unknown."""
    title_by_name = title_tables(entries)
    title_by_grouping = {entry.title: title_by_name[entry.name].partition(": ")[2] for entry in entries}
    titles = [title_by_grouping.get(row.clustering, row.clustering) for row in ranking.rows]
    cells = {column.name: [row.score(column.name) for row in ranking.rows] for column in ranking.columns}
    configuration = {column.name: configure_column(column) for column in ranking.columns}
    st.dataframe({"grouping": titles, **cells}, hide_index=True, column_config=configuration)
    with_labels = any(row.labelled for row in ranking.rows)
    st.caption(
        "The best grouping comes first; the heading of a column says what it measures."
        + (" Labels are those of the images with one class." if with_labels else "")
    )
    for sentence in explain_gaps(dict(zip(titles, (row.cells for row in ranking.rows), strict=True)), ranking.columns):
        st.text(sentence)


def configure_column(column: Column) -> Any:
    """Return how a measure is shown in a table: numbers that can be sorted, with the meaning at the heading."""
    number_format = {"number": "%.3f", "share": "percent", "count": "localized"}[column.measure.score_format]
    return st.column_config.NumberColumn(column.heading, help=column.meaning, format=number_format)


@st.fragment(run_every=POLL_S)
def await_ranking(ranking: Future[Ranking]) -> None:
    """Say that the measures are being computed, and run the app again when that is done."""
    st.text("Computing the measures.")
    if ranking.done():
        st.rerun()


@st.fragment
def show_agreement(location: str, names: Sequence[str]) -> None:
    """Show how much all clusterings of a dataset agree."""
    st.markdown("##### How much all groupings agree")
    if len(names) < 2:
        show_hint("This needs two groupings or more: the page Start makes them.")
        link_page("start", "Open the page Start")
        return
    try:
        entry_by_name = {entry.name: entry for entry in list_tables(location).entries}
        show_agreements(location, [entry_by_name[name] for name in names[:MOST_COMPARED] if name in entry_by_name])
        if len(names) > MOST_COMPARED:
            st.caption(f"{MOST_COMPARED} of {len(names):,} groupings: the two above and the first others.")
    except CoveyError as error:
        show_problem(str(error))


def show_agreements(location: str, entries: Sequence[AnyEntry]) -> None:
    """Show how much some clusterings agree, or how far that is computed.

    Raises:
        CoveyError: a file cannot be read.
    """
    agreements = compute_agreements(location, entries)
    wait(agreements.values(), PATIENCE_S)
    if not all(agreement.done() for agreement in agreements.values()):
        await_agreements(list(agreements.values()))
        return
    columns = {column.heading: column for column in list_agreement_measures()}
    heading = st.radio("Measure", list(columns), horizontal=True, key=CompareState.agreement_key, persist_state=KEPT)
    if heading is None:
        show_hint("No measure is installed by which two groupings can be compared.")
        return
    column = columns[heading]
    st.caption(column.registered.summary)
    cell_by_pair = {pair: agreement.result()[column.name] for pair, agreement in agreements.items()}
    show_matrix(entries, {pair: cell.score for pair, cell in cell_by_pair.items()})
    for reason in dict.fromkeys(cell.reason for cell in cell_by_pair.values() if cell.reason):
        st.text(reason)


def show_matrix(entries: Sequence[AnyEntry], agreement_by_pair: dict[tuple[int, int], float | None]) -> None:
    """Show a number for each two of some clusterings."""
    title_by_name, indices = title_tables(entries), range(len(entries))
    cells = {
        str(column + 1): [
            format_agreement(agreement_by_pair.get((min(row, column), max(row, column)), 1.0)) for row in indices
        ]
        for column in indices
    }
    st.caption("The images left out (noise) count as one more group.")
    row_titles = [f"{index + 1}  {title_by_name[entry.name].partition(': ')[2]}" for index, entry in enumerate(entries)]
    st.dataframe({"grouping": row_titles, **cells}, hide_index=True)


def format_agreement(agreement: float | None) -> str:
    """Return an agreement as it is shown; two clusterings without a common image have none."""
    return "-" if agreement is None else f"{agreement:.2f}"


@st.fragment(run_every=POLL_S)
def await_agreements(agreements: Sequence[Agreement]) -> None:
    """Show how far the comparison is, and run the app again when it is done."""
    done_count = sum(agreement.done() for agreement in agreements)
    st.progress(done_count / len(agreements), f"Comparing: {done_count:,} of {len(agreements):,} pairs")
    if done_count == len(agreements):
        st.rerun()


show_page(show_compare)
