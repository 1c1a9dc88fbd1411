"""The page Name groups: all groups of a clustering on one sheet, each with a field for the name of its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import attrs
import streamlit as st

from covey import Clustering, CoveyError
from covey.frontend import Action, Entry, LabelStore, cluster_colour, count_noun, is_entry_of
from covey_dashboard.browser.browser_component import component
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.current_labels import label_store, observe_labels_together
from covey_dashboard.data.clusterings import Groups, begin_keeping, find_stored_clustering
from covey_dashboard.data.datasets import OpenEmbedding, image_folder, list_tables
from covey_dashboard.data.labels import ObservedLabels, list_classes
from covey_dashboard.data.table_titles import is_made_from, title_tables
from covey_dashboard.pages.name_groups.frequency_bands import describe_bands
from covey_dashboard.pages.name_groups.group_summaries import MOST_GROUPS, GroupSummary, count_labels, summarize_groups
from covey_dashboard.server import thumbnails
from covey_dashboard.server.read_only import VISIT_LABELS, is_read_only, refuse_if_read_only
from covey_dashboard.state import ClassFieldState, ExploreState, GivenClass, LabelBarState, NameGroupsState
from covey_dashboard.widgets.label_bar import act_and_report, button_row, show_report, show_undo_buttons
from covey_dashboard.widgets.label_watch import shows_labels, watch_labels
from covey_dashboard.widgets.labelling.class_field import find_class
from covey_dashboard.widgets.labelling.repair import show_label_problem
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import link_page, show_page

MOST_LABELS = 3
"""Classes that are listed of a group."""
HOW = "group"
"""How labels came to their images that were given on this page."""
_component = component("group_sheet", "class_input")


@attrs.frozen(kw_only=True, eq=False)
class GroupSheet:
    """The groups of a clustering, the frequencies of each in words, and the labels as they were observed."""

    location: str
    entry: Entry[Clustering]
    groups: Sequence[GroupSummary]
    band_by_group: Mapping[int, str]
    observed: ObservedLabels
    state: NameGroupsState

    @property
    def store(self) -> LabelStore:
        """Where the labels are kept. Raises CoveyError."""
        return label_store(self.location)


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


def read_sheet(location: str, entry: Entry[Clustering]) -> GroupSheet:
    """Return what is shown.

    Raises:
        CoveyError: a file cannot be read.
    """
    return GroupSheet(
        location=location,
        entry=entry,
        groups=summarize_groups(location, entry),
        band_by_group=describe_bands(location, entry),
        observed=observe_labels_together(location),
        state=NameGroupsState.recall(f"{location} {entry.name}"),
    )


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
    classes = list_classes(sheet.observed)
    counts_by_group = count_labels(sheet.location, sheet.entry, sheet.observed)
    _component(
        key=NameGroupsState.sheet_key,
        data={
            "view": f"{sheet.location} {sheet.entry.name}",
            "images": thumbnails.address(image_folder(sheet.location)),
            "groups": [describe_group(sheet, group, counts_by_group[group.number]) for group in sheet.groups],
            "classes": [{"name": label_class.name, "colour": label_class.colour} for label_class in classes],
            "answered": ClassFieldState.recall(NameGroupsState.sheet_key).answered,
        },
        on_requests_change=partial(answer_requests, sheet),
    )
    if len(sheet.groups) == MOST_GROUPS:
        st.caption(f"The {MOST_GROUPS} largest groups are shown.")


def describe_group(sheet: GroupSheet, group: GroupSummary, counts: Counter[str]) -> dict[str, object]:
    """Return one group as the browser takes it: its class is that which most of its images have."""
    label, count = counts.most_common(1)[0] if counts else ("", 0)
    band = sheet.band_by_group.get(group.number)
    return {
        "number": group.number,
        "title": f"Group {group.number}",
        "colour": cluster_colour(group.number),
        "facts": [*group.facts, *([band] if band else [])],
        "examples": group.examples,
        "label": label if 2 * count > len(group.names) else "",
        "note": sheet.state.note_by_group.get(group.number) or describe_labels(counts, len(group.names)),
    }


def describe_labels(counts: Counter[str], image_count: int) -> str:
    """Return which classes the images of a group have, in words; nothing if they have none."""
    if not counts:
        return ""
    if [*counts.values()] == [image_count]:
        return f"All {image_count:,}: {next(iter(counts))}"
    most_common = [f"{count:,} {label}" for label, count in counts.most_common(MOST_LABELS)]
    more = len(counts) - MOST_LABELS
    return f"Of {image_count:,}: {', '.join(most_common)}{f', {more:,} more classes' if more > 0 else ''}"


def answer_requests(sheet: GroupSheet) -> None:
    """Give their classes to the groups that a person has named."""
    for request in ClassFieldState.recall(NameGroupsState.sheet_key).take_requests():
        group = next((group for group in sheet.groups if group.number == request["group"]), None)
        if group:
            name_group(sheet, group, str(request["name"]))


def name_group(sheet: GroupSheet, group: GroupSummary, name: str) -> None:
    """Give a class to the images of a group that have none, in place of the one given here before, and say so."""
    title = f"group {group.number}"
    idle_report = (
        f"All {count_noun(len(group.names), 'image')} of {title} have a class already: the page Labels changes it."
        if name
        else f"No name was given to {title} here."
    )
    act_and_report(partial(_rename_group, sheet, group, name), idle_report)
    report = LabelBarState.recall()
    is_done = group.number in sheet.state.given_by_group or not name
    sheet.state.note_by_group[group.number] = "" if is_done else report.report


def _rename_group(sheet: GroupSheet, group: GroupSummary, name: str) -> Action | None:
    """Take back the class that was given to a group here, and give another one, unless the name is empty.

    Raises:
        CoveyError: the labels cannot be changed.
    """
    store, given_by_group = sheet.store, sheet.state.given_by_group
    previous = given_by_group.pop(group.number, None)
    undone = _take_back(store, previous) if previous else None
    if not name:
        return undone
    labelled_names = store.labelled(group.names)
    names = [image for image in group.names if image not in labelled_names]
    label = find_class(store.class_names(), name)
    action = store.add(names, label, HOW)
    if action:
        given_by_group[group.number] = GivenClass(action.id, label, names)
    return action


def _take_back(store: LabelStore, given: GivenClass) -> Action | None:
    """Take back a class that was given to a group: the action, or, where later ones build on it, the labels alone.

    Raises:
        CoveyError: the labels cannot be changed.
    """
    try:
        return store.take_back(given.action)
    except CoveyError:  # such as that a later group got the class that this one made
        return store.remove(given.names, given.label)


show_page(show_name_groups)
