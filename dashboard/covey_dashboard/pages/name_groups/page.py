"""The page Name groups: all groups of a clustering on one sheet, each with a field for the name of its class."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from covey import Clustering, CoveyError
from covey.frontend import Entry, is_entry_of
from covey_dashboard.browser.browser_component import component
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.data.clusterings import Groups, begin_keeping, find_stored_clustering
from covey_dashboard.data.datasets import OpenEmbedding, image_folder, list_tables
from covey_dashboard.data.labels import list_classes
from covey_dashboard.data.table_titles import is_made_from, title_tables
from covey_dashboard.pages.name_groups.group_sheet import (
    GroupSheet,
    answer_name,
    describe_group,
    describe_named_groups,
    read_sheet,
)
from covey_dashboard.pages.name_groups.group_summaries import MOST_GROUPS, count_labels
from covey_dashboard.server import thumbnails
from covey_dashboard.server.read_only import VISIT_LABELS, is_read_only, refuse_if_read_only
from covey_dashboard.state import ExploreState, LabelBarState, NameGroupsState
from covey_dashboard.widgets.label_bar import button_row, show_report, show_undo_buttons
from covey_dashboard.widgets.label_watch import shows_labels, watch_labels
from covey_dashboard.widgets.labelling.class_field import list_choices
from covey_dashboard.widgets.labelling.repair import show_label_problem
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page, show_page

_component = component("group_sheet", "class_input")


def show_name_groups(location: str) -> None:
    """Show the groups of the clustering that a person chooses.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    entries = [entry for entry in list_tables(location).entries if is_entry_of(entry, Clustering)]
    with st.container():  # without the button, what is below is not rebuilt
        offer_explored_groups(location)
    if not entries:
        show_report()
        show_hint("This dataset has no groups yet: the page Start finds some.")
        link_page("start", "Open the page Start")
        return
    show_sheet(location, choose_grouping(location, entries))


def offer_explored_groups(location: str) -> None:
    """Show a button that keeps the groups which the page Explore shows, unless they are kept: only then are they here.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    opened = current_embedding(location)
    groups = ExploreState.recall(opened).groups if opened else None
    if opened is None or groups is None or opened.second or is_read_only():
        return
    if find_stored_clustering(opened, groups.clusterer) is None:
        st.button(
            "Keep the groups of the page Explore, to name them here",
            key=NameGroupsState.keep_key,
            on_click=keep_explored_groups,
            args=(opened, groups),
        )


def keep_explored_groups(opened: OpenEmbedding, groups: Groups) -> None:
    """Keep groups, and show them on the sheet; report why if that fails."""
    report = LabelBarState.recall()
    try:
        refuse_if_read_only()
        report.set_report(begin_keeping(opened, groups, "").result())
        list_tables.clear()
    except CoveyError as error:
        report.set_report(str(error), has_failed=True)
    if entry := find_stored_clustering(opened, groups.clusterer):
        NameGroupsState.grouping(opened.location).set(entry.name)


def choose_grouping(location: str, entries: Sequence[Entry[Clustering]]) -> Entry[Clustering]:
    """Let a person choose a clustering, at first one of the embedding that is open."""
    opened, title_by_name = current_embedding(location), title_tables(entries)
    own_entries = [entry for entry in entries if opened and is_made_from(entry, opened.entry)]
    names = [entry.name for entry in entries]
    name = st.selectbox(
        "Groups",
        names,
        names.index([*own_entries, *entries][0].name),
        format_func=lambda name: title_by_name[name].partition(": ")[2],
        key=NameGroupsState.grouping(location).key,
    )
    return next(entry for entry in entries if entry.name == name)


@shows_labels
def show_sheet(location: str, entry: Entry[Clustering]) -> None:
    """Show the groups of one clustering; what a person or another window does to them reruns only this."""
    try:
        sheet = read_sheet(location, entry)
        watch_labels(sheet.observed.store, sheet.observed.version)
        if sheet.groups:
            show_groups(sheet)
        else:
            show_hint(
                "No image is in a group here: choose other groups above, or look for wider ones on the page Explore."
            )
    except CoveyError as error:
        show_label_problem(error, location)


def show_groups(sheet: GroupSheet) -> None:
    """Show the groups, what the last action did, and how to undo it.

    Raises:
        CoveyError: the labels cannot be read.
    """
    with button_row():
        show_undo_buttons(sheet.store)
    show_report("Name each group: type, then Enter leads to the next. Each name is saved at once.")
    if is_read_only():
        show_hint(VISIT_LABELS)
    sheet.state.names.name_group = partial(answer_name, sheet)
    sheet.state.names.describe = partial(describe_named_groups, sheet)
    counts_by_group = count_labels(sheet.location, sheet.entry, sheet.observed)
    _component(
        key=NameGroupsState.sheet_key,
        data={
            "view": f"{sheet.location} {sheet.entry.name}",
            "images": thumbnails.address(image_folder(sheet.location)),
            "groups": [describe_group(sheet, group, counts_by_group[group.number]) for group in sheet.groups],
            "classes": list_choices(list_classes(sheet.observed)),
            "names": sheet.state.names.address,
            "answered": sheet.answered,
        },
        on_named_change=_run_again,
    )
    if len(sheet.groups) == MOST_GROUPS:
        st.caption(f"The {MOST_GROUPS} largest groups are shown.")


def _run_again() -> None:
    """Do nothing: what surrounds the sheet follows what was done in it."""


show_page(show_name_groups)
