"""The view of the page Explore in the address: written after each change, and read when a session begins with one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from covey import Clusterer, CoveyError, Labels
from covey.frontend import NOISE, Kind, build, option_values, options
from covey_dashboard.data.clusterings import Groups
from covey_dashboard.data.datasets import OpenEmbedding, load_embedding, registry
from covey_dashboard.data.selection import AllImages, ImagesOfCluster, Selection
from covey_dashboard.state import ExploreState, OpenState, Widget
from covey_dashboard.state.view_address import AddressedView, read_view, write_view

WIDGETS: Mapping[str, Widget[Any]] = {
    "colour": ExploreState.colour,
    "labelled": ExploreState.labelled,
    "density": ExploreState.density,
}
MOST_NUMBERED = 500
"""Groups whose numbers stand in the address, at most."""
UNREADABLE = "The address holds a view that covey cannot read: it is left out."
ENDED = "The groups are not those of the address any more: what it selects and hides by their numbers is left out."


def restore_view(opened: OpenEmbedding, state: ExploreState) -> None:
    """Set what the address says, once in a session and as far as it is about this embedding."""
    open_state = OpenState.recall()
    if state.is_from_address:
        return
    state.is_from_address = True
    if not open_state.view:
        return
    try:
        view = read_view(open_state.view)
        clusterer = _build_clusterer(view)
    except (ValueError, CoveyError):
        state.notice = UNREADABLE
        return
    if view.embedding != identify_embedding(opened):
        return
    state.clusterer, state.addressed, state.filters = clusterer, view, dict(view.filters)
    for name, widget in WIDGETS.items():
        if name in view.settings:
            widget.set(view.settings[name])


def _build_clusterer(view: AddressedView) -> Clusterer | None:
    """Return the clusterer of a view. Raises CoveyError for another component, or one that reads files."""
    if not view.clusterer:
        return None
    cls = registry().get(Kind.CLUSTERER, view.clusterer)
    paths = {option.name for option in options(cls) if option.path}
    if paths.intersection(view.options):
        raise CoveyError("An address names no files.")
    clusterer: Clusterer = build(cls, view.options)
    return clusterer


def apply_addressed_groups(opened: OpenEmbedding, state: ExploreState, groups: Groups) -> None:
    """Set what the address says about groups, as soon as these are there."""
    view, state.addressed = state.addressed, None
    if view is None:
        return
    if view.fingerprint != fingerprint(groups.labels):
        state.selection = AllImages() if isinstance(view.selection, ImagesOfCluster) else view.selection
        state.hidden = view.hidden & {NOISE}
        state.notice = ENDED if view.hidden - {NOISE} or view.selection != state.selection else ""
    else:
        state.numbers = _renumber(groups.labels, view.numbers)
        state.selection, state.hidden = view.selection, view.hidden
    names = load_embedding(opened).names
    rows = np.array(view.removed, dtype=np.intp)
    state.removed_at_first = names[rows[rows < len(names)]].tolist()


def _renumber(labels: Labels, numbers: tuple[int, ...]) -> Labels:
    if len(numbers) <= int(labels.max(initial=NOISE)) or len(set(numbers)) < len(numbers):
        return labels
    return np.array([*numbers, NOISE], dtype=np.int32)[labels]


def remember_view(opened: OpenEmbedding, state: ExploreState, selection: Selection, removed: list[str]) -> None:
    """Write what a person has set into the address."""
    groups, numbers = state.groups, state.numbers
    if groups is None or numbers is None or state.addressed:
        return
    table = load_embedding(opened)
    view = AddressedView(
        embedding=identify_embedding(opened),
        clusterer=_full_name(groups.clusterer),
        options={name: value for name, value in option_values(groups.clusterer).items() if value is not None},
        fingerprint=fingerprint(groups.labels),
        numbers=_list_numbers(groups.labels, numbers),
        selection=selection,
        removed=tuple(np.flatnonzero(np.isin(table.names, removed)).tolist()) if removed else (),
        hidden=state.hidden,
        filters=state.filters,
        settings={name: widget.content for name, widget in WIDGETS.items() if widget.is_known},
    )
    open_state = OpenState.recall()
    open_state.view = write_view(view)
    open_state.write_view()


def _list_numbers(labels: Labels, numbers: Labels) -> tuple[int, ...]:
    """Return the number under which each group is shown; () if that is its own, or there are very many."""
    count = int(labels.max(initial=NOISE)) + 1
    if labels is numbers or not 0 < count <= MOST_NUMBERED or np.array_equal(labels, numbers):
        return ()
    shown = np.full(count, NOISE, dtype=np.int32)
    shown[labels[labels != NOISE]] = numbers[labels != NOISE]
    return tuple(shown.tolist())


def identify_embedding(opened: OpenEmbedding) -> str:
    """Return what tells an embedding from others wherever its dataset lies."""
    keys = [entry.provenance.key if entry.provenance else entry.name for entry in opened.entries]
    return hashlib.sha256(" ".join(keys).encode("utf-8", "surrogatepass")).hexdigest()[:10]


def fingerprint(labels: Labels) -> str:
    """Return what tells groups (n,) from others."""
    return hashlib.sha256(labels.tobytes()).hexdigest()[:10]


def _full_name(clusterer: Clusterer) -> str:
    components = registry().of_kind(Kind.CLUSTERER)
    return next((component.full_name for component in components if component.name == clusterer.name), clusterer.name)
