"""The groups of a clustering with their labels, as the sheet shows them, and how a group gets its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import attrs

from covey import Clustering, CoveyError
from covey.frontend import Action, Entry, LabelStore, cluster_colour, count_noun
from covey_dashboard.current_labels import observe_labels_together
from covey_dashboard.data.labels import ObservedLabels
from covey_dashboard.pages.name_groups.frequency_bands import describe_bands
from covey_dashboard.pages.name_groups.group_summaries import GroupSummary, count_classes, summarize_groups
from covey_dashboard.server.group_names import NameRequest
from covey_dashboard.state import GivenClass, LabelBarState, NameGroupsState
from covey_dashboard.widgets.label_bar import act_and_report_in
from covey_dashboard.widgets.labelling.class_field import find_class

MOST_LABELS = 3
"""Classes that are listed of a group."""
HOW = "group"
"""How labels came to their images that were given on this page."""


@attrs.frozen(kw_only=True, eq=False)
class GroupSheet:
    """The groups of a clustering, the frequencies of each in words, and the labels as they were observed.

    `answered` is the number of the last name that was given before that; `report` tells what the last action did.
    """

    location: str
    entry: Entry[Clustering]
    groups: Sequence[GroupSummary]
    band_by_group: Mapping[int, str]
    state: NameGroupsState
    answered: int
    observed: ObservedLabels
    report: LabelBarState

    @property
    def store(self) -> LabelStore:
        """Where the labels are kept."""
        return self.observed.store


def read_sheet(location: str, entry: Entry[Clustering]) -> GroupSheet:
    """Return what is shown.

    Raises:
        CoveyError: a file cannot be read.
    """
    state = NameGroupsState.recall(f"{location} {entry.name}")
    return GroupSheet(
        location=location,
        entry=entry,
        groups=summarize_groups(location, entry),
        band_by_group=describe_bands(location, entry),
        state=state,
        answered=state.names.answered,  # before the labels are looked at
        observed=observe_labels_together(location),
        report=LabelBarState.recall(),
    )


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


def answer_name(sheet: GroupSheet, request: NameRequest) -> None:
    """Give its class to a group that a person has named."""
    for group in sheet.groups:
        if group.number == request.group:
            name_group(sheet, group, request.name)


def describe_named_groups(sheet: GroupSheet, numbers: Sequence[int]) -> Mapping[str, object]:
    """Return some groups, and all classes, as they are now.

    Raises:
        CoveyError: the labels cannot be read.
    """
    groups = [group for group in sheet.groups if group.number in numbers]
    classes_by_image = sheet.store.classes_of([name for group in groups for name in group.names])
    classes = [{"name": name, "colour": colour} for name, colour in sheet.store.class_colours().items()]
    return {
        "groups": [describe_group(sheet, group, count_classes(group, classes_by_image)) for group in groups],
        "classes": classes,
    }


def name_group(sheet: GroupSheet, group: GroupSummary, name: str) -> None:
    """Give a class to the images of a group that have none, in place of the one given here before, and say so."""
    title = f"group {group.number}"
    idle_report = (
        f"All {count_noun(len(group.names), 'image')} of {title} have a class already: the page Labels changes it."
        if name
        else f"No name was given to {title} here."
    )
    act_and_report_in(sheet.report, partial(_rename_group, sheet, group, name), idle_report)
    is_done = group.number in sheet.state.given_by_group or not name
    sheet.state.note_by_group[group.number] = "" if is_done else sheet.report.report


def _rename_group(sheet: GroupSheet, group: GroupSummary, name: str) -> Action | None:
    """Take back the class that was given to a group here, and give another one, unless the name is empty.

    Raises:
        CoveyError: the labels cannot be changed.
    """
    given_by_group = sheet.state.given_by_group
    previous = given_by_group.get(group.number)
    with sheet.store.together() as store:
        undone = _take_back(store, previous) if previous else None
        given = _give_class(store, group.names, name) if name else None
    given_by_group.pop(group.number, None)
    if given:
        given_by_group[group.number] = given
    if not name:
        return undone
    return given.action if given else None


def _give_class(store: LabelStore, names: Sequence[str], name: str) -> GivenClass | None:
    """Give a class to those of some images that have none; None if all have one. Raises CoveyError."""
    labelled = store.classes_of(names)
    new_names = [image for image in names if image not in labelled]
    label = find_class(store.class_colours(), name)
    action = store.add(new_names, label, HOW)
    return GivenClass(action, label, new_names) if action else None


def _take_back(store: LabelStore, given: GivenClass) -> Action | None:
    """Take back a class that was given to a group: the action, or, where later ones build on it, the labels alone.

    Raises:
        CoveyError: the labels cannot be changed.
    """
    try:
        return store.take_back(given.action.id)
    except CoveyError:  # such as that a later group got the class that this one made
        return store.remove(given.names, given.label)
