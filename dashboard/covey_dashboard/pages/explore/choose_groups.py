"""Which groups are shown: kept ones, or those that a clusterer finds with options that a person sets."""

from __future__ import annotations

from functools import partial
from html import escape

import attrs
import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import Clusterer, CoveyError, Labels
from covey.frontend import (
    NOISE,
    Kind,
    Option,
    describe_suggestion,
    format_value,
    match_clusters,
    option_values,
    options,
)
from covey_dashboard.data.clusterings import (
    Groups,
    begin_keeping,
    begin_voting,
    find_groups,
    find_stored_clustering,
    list_stored_clusterings,
    profile_clusters,
    read_groups,
)
from covey_dashboard.data.datasets import OpenEmbedding, list_tables, load_embedding, registry
from covey_dashboard.data.selection import follow_groups
from covey_dashboard.pages.explore.addressed_view import apply_addressed_groups
from covey_dashboard.pages.explore.explore_view import ExploreView, MapOptions
from covey_dashboard.pages.explore.map_options import show_view_menus
from covey_dashboard.server.read_only import is_read_only, refuse_if_read_only
from covey_dashboard.state import ExploreState, OptionState, Widget
from covey_dashboard.widgets.forms import set_option, show_form
from covey_dashboard.widgets.messages import show_hint
from covey_dashboard.widgets.page_frame import title_components
from covey_dashboard.widgets.profile_curve import show_curve, with_value

PATIENCE_S, POLL_S = 0.4, 0.6
"""Seconds to wait for groups before it is said that they are looked for, and between two looks for them."""
CURVE_HEIGHT = 190
"""Pixels that are reserved for a slider and its curve until these are there."""


@attrs.frozen(kw_only=True, eq=False)
class GroupSearch:
    """What is shown, and what is still looked for.

    Attributes:
        groups: the groups that are shown; None before the first ones are there.
        numbers: the number of each image's group as it is shown (n,).
        pending: what is being computed, in words; "" for nothing.
        keeping: that the groups are being kept, in words; "" if not.
        problem: why groups could not be found; "" if they were.
        is_voting: whether the groups that noise may belong to are to be computed.
    """

    groups: Groups | None
    numbers: Labels
    pending: str = ""
    keeping: str = ""
    problem: str = ""

    @property
    def is_voting(self) -> bool:
        """Whether the groups that noise may belong to are computed: those of a kept clustering are in its table."""
        return self.groups is not None and not self.pending and self.groups.entry is None


@attrs.frozen
class CurvePlace:
    """Where the curve of an option goes, and the widgets of that option."""

    container: DeltaGenerator
    option: OptionState


def search_groups(opened: OpenEmbedding, state: ExploreState) -> GroupSearch:
    """Return the groups that a person wants to see, or those of before while they are looked for.

    At first these are the first that the dataset keeps, or those of the first clusterer with what the data suggest.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    pending = problem = ""
    try:
        state.clusterer = state.clusterer or _first_clusterer(opened)
        groups = _groups_of(opened, state)
        if groups is not None:
            _accept_groups(opened, state, groups)
        elif state.clusterer:
            pending = f"Finding groups with {state.clusterer.name}"
    except CoveyError as error:
        problem = str(error)
    numbers = (
        state.numbers if state.numbers is not None else np.full(len(load_embedding(opened).names), NOISE, np.int32)
    )
    keeping = _finish_keeping(state)
    return GroupSearch(groups=state.groups, numbers=numbers, pending=pending, keeping=keeping, problem=problem)


def _first_clusterer(opened: OpenEmbedding) -> Clusterer | None:
    """Return the clusterer of the first clustering that is kept, or the first one that is installed."""
    stored = list_stored_clusterings(opened)
    if stored:
        return stored[0][1]
    names = [component.full_name for component in registry().of_kind(Kind.CLUSTERER) if not component.missing]
    return registry().get(Kind.CLUSTERER, names[0])() if names else None


def _groups_of(opened: OpenEmbedding, state: ExploreState) -> Groups | None:
    """Return the groups of the clusterer that is set; None while they are looked for.

    Raises:
        CoveyError: the clusterer fails, or a file cannot be read.
    """
    if state.clusterer is None:
        return None
    if entry := find_stored_clustering(opened, state.clusterer):
        return read_groups(opened, entry, state.clusterer)
    if state.groups and state.groups.clusterer == state.clusterer and state.groups.entry is None:
        return state.groups
    try:
        return find_groups(opened, state.clusterer).result(PATIENCE_S)
    except TimeoutError:
        return None


def _accept_groups(opened: OpenEmbedding, state: ExploreState, groups: Groups) -> None:
    """Show groups: kept ones under their own numbers, others under those of the groups before that they resemble."""
    if groups is state.groups:
        return
    before, state.groups = state.numbers, groups
    state.numbers = groups.labels
    if before is not None:
        state.numbers = groups.labels if groups.entry else match_clusters(before, groups.labels)
        state.selection = follow_groups(state.selection, before, state.numbers)
        if not np.array_equal(before, state.numbers):
            state.hidden &= {NOISE}
    apply_addressed_groups(opened, state, groups)
    if state.clusterer != groups.clusterer:
        state.clusterer, state.form_round = groups.clusterer, state.form_round + 1


def _finish_keeping(state: ExploreState) -> str:
    """Return that groups are being kept, or, once they are, "" and keep what to say of it."""
    if state.keeping and not state.keeping.done():
        return "Keeping these groups"
    if state.keeping:
        list_tables.clear()
        try:
            state.notice = state.keeping.result()
        except CoveyError as error:
            state.notice = str(error)
        state.keeping = None
    return ""


@st.fragment(run_every=POLL_S)
def await_search(opened: OpenEmbedding) -> None:
    """Run the app again as soon as the groups are there, or kept."""
    state = ExploreState.recall(opened)
    is_kept = state.keeping is not None and state.keeping.done()
    clusterer = state.clusterer
    is_searching = clusterer is not None and not find_stored_clustering(opened, clusterer)
    if is_searching and state.groups and state.groups.clusterer == clusterer:
        is_searching = False
    if is_kept or (is_searching and clusterer and find_groups(opened, clusterer).done()):
        st.rerun()


def show_cancel(opened: OpenEmbedding) -> None:
    """Show a button that gives up looking for groups, where there are some to go back to."""
    state = ExploreState.recall(opened)
    if state.groups and state.keeping is None:
        st.button("Cancel", key=state.cancel_key, on_click=_cancel_search, args=(state,))


def _cancel_search(state: ExploreState) -> None:
    if state.groups:
        state.begin(state.groups.clusterer)


def show_group_line(opened: OpenEmbedding, state: ExploreState, view: ExploreView, search: GroupSearch) -> MapOptions:
    """Show in one line which groups these are, and what can be done with them; return how the map is drawn."""
    choose_grouping(opened, state)
    groups = search.groups
    parts = [*describe_options(groups.clusterer), *view.describe_groups(), *view.describe_filters()] if groups else []
    doing = search.pending or search.keeping
    words = f"{doing} …" if doing else " · ".join(parts) or "No groups yet"
    st.html(f'<div class="covey-grouping" title="{escape(words)}">{escape(words)}</div>', width="stretch")
    is_open = state.is_open.is_known and state.is_open.content
    st.button(
        "Close" if is_open else "Change",
        key=state.change_key,
        help="Hide the options." if is_open else "Show the options of what finds the groups.",
        on_click=state.is_open.set,
        args=(not is_open,),
    )
    show_keeping(opened, state, search)
    return show_view_menus(opened, state, view)


def choose_grouping(opened: OpenEmbedding, state: ExploreState) -> None:
    """Let a person choose between kept groups and the clusterers that find others.

    Where the list has to follow the groups it begins anew under another key, so that what the browser still sends of
    the old list is no choice.
    """
    titles, name = title_groupings(opened), _current_name(opened, state)
    if state.grouping.is_known and state.grouping.content != name:
        state.list_round += 1
    st.selectbox(
        "Find groups with",
        list(titles),
        list(titles).index(name) if name in titles else None,
        format_func=titles.__getitem__,
        key=state.grouping.key,
        label_visibility="collapsed",
        on_change=begin_grouping,
        args=(opened, state, state.grouping),
        width=170,
    )


def title_groupings(opened: OpenEmbedding) -> dict[str, str]:
    """Return what can be chosen, by the name of a table or of a clusterer."""
    components = registry().of_kind(Kind.CLUSTERER)
    kept_titles = {
        entry.name: f"Kept: {entry.given_name or (entry.provenance.tag if entry.provenance else entry.stem)}"
        for entry, _ in list_stored_clusterings(opened)
    }
    return {**kept_titles, **{name: f"Find with {title}" for name, title in title_components(components).items()}}


def _current_name(opened: OpenEmbedding, state: ExploreState) -> str:
    """Return the name of the table that is shown, or of the clusterer."""
    entry = find_stored_clustering(opened, state.clusterer)
    return entry.name if entry else _name_of(state.clusterer)


def _name_of(clusterer: Clusterer | None) -> str:
    components = registry().of_kind(Kind.CLUSTERER)
    names = [component.full_name for component in components if clusterer and component.name == clusterer.name]
    return names[0] if names else ""


def begin_grouping(opened: OpenEmbedding, state: ExploreState, chosen: Widget[str]) -> None:
    """Show the groups that a person chose, or look for them, unless the list has begun anew meanwhile."""
    if chosen != state.grouping:
        return
    name = chosen.content
    for entry, clusterer in list_stored_clusterings(opened):
        if entry.name == name:
            state.begin(clusterer)
            return
    component = next(component for component in registry().of_kind(Kind.CLUSTERER) if component.full_name == name)
    if component.missing:
        command = component.status.removeprefix("needs: ")
        state.notice = f"{component.name} needs a library that is not installed: {command}"
        return
    state.begin(registry().get(Kind.CLUSTERER, name)())
    state.is_open.set(True)


def describe_options(clusterer: Clusterer) -> list[str]:
    """Return the options that a clusterer is changed by most, each with its value, in words: those that are live."""
    values = option_values(clusterer)
    counting = [option for option in options(type(clusterer)) if option.counts(values) and not option.expert]
    live = [option for option in counting if option.live]
    return [f"{option.label} {_format_setting(values[option.name], option)}" for option in live or counting]


def _format_setting(setting: object, option: Option) -> str:
    if setting is None:
        return option.none
    return f"{setting:.3g}" if isinstance(setting, float) else format_value(setting)


def change_groups(opened: OpenEmbedding, state: ExploreState, search: GroupSearch) -> GroupSearch:
    """Show the form of the clusterer while it is open, with the curve of each option that answers at once.

    Returns:
        What is shown after a change of the form, or what was before.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    clusterer = state.clusterer
    if clusterer is None:
        show_hint("Nothing that finds groups is installed. The dashboard brings it:", 'pip install "covey[dashboard]"')
    if clusterer is None or not (state.is_open.is_known and state.is_open.content):
        return search
    form_column, curve_column = st.columns([2, 3], gap="small")
    place_by_option: dict[str, CurvePlace] = {}

    def reserve_place(option: Option, option_state: OptionState) -> None:
        if option.live and not option.expert and option.type in (int, float) and option.choices is None:
            place = curve_column.container(height=CURVE_HEIGHT, border=False)
            place_by_option[option.name] = CurvePlace(place, option_state)

    with form_column:
        changed = show_form(type(clusterer), state.form_key(clusterer.name), clusterer, reserve_place)
    if changed and changed != clusterer:
        state.clusterer = changed
        search = search_groups(opened, state)
    if search.groups and not search.pending:
        for option, place in place_by_option.items():
            with place.container:
                show_slider(opened, search.groups, option, place.option)
        with curve_column:
            show_suggestion(search.groups)
    return search


def show_suggestion(groups: Groups) -> None:
    """Say what options the data suggest, and why, while they are those that are set."""
    values = option_values(groups.clusterer)
    suggested = {name: value for name, value in values.items() if name in groups.decided and value is not None}
    if sentence := describe_suggestion(suggested, groups.reasons, groups.labels):
        st.caption(sentence)


def show_slider(opened: OpenEmbedding, groups: Groups, option: str, state: OptionState) -> None:
    """Show a slider over the values worth looking at, and under it how the groups change along them."""
    clusterer = groups.clusterer
    profile, current_value = profile_clusters(opened, clusterer, option), option_values(clusterer)[option]
    if profile is None:
        st.caption("Preparing the slider …")
        await_profile(opened, clusterer, option)
    elif len(profile.values) > 1 and isinstance(current_value, int | float):
        profile = with_value(profile, current_value, groups.labels)
        show_curve(profile, current_value, state.curve, partial(set_option, state))


@st.fragment(run_every=POLL_S)
def await_profile(opened: OpenEmbedding, clusterer: Clusterer, option: str) -> None:
    """Run the app again as soon as a profile has been computed in the background."""
    if profile_clusters(opened, clusterer, option) is not None:
        st.rerun()


@st.fragment(run_every=POLL_S)
def await_voting(opened: OpenEmbedding) -> None:
    """Run the app again as soon as it is known which groups noise may belong to."""
    voters = begin_voting(opened)
    if voters is not None and voters.done():
        st.rerun()


def show_keeping(opened: OpenEmbedding, state: ExploreState, search: GroupSearch) -> None:
    """Show a button that keeps the groups, under a name that a person may type."""
    if is_read_only() or opened.second:
        return
    entry = search.groups.entry if search.groups else None
    is_busy = search.groups is None or bool(search.pending or search.keeping)
    with st.popover(
        "Name" if entry else "Keep this grouping",
        help="Kept groups can be named on the page Name groups, and are on the pages Compare and Methods, in reports,"
        " exports and clusters.csv.",
        disabled=is_busy,
        key=state.keep_menu_key,
    ):
        if entry and not state.name.is_known:
            state.name.set(entry.given_name)
        st.text_input("Name of these groups", key=state.name.key, placeholder="such as owls; may be empty")
        st.button("Keep", type="primary", key=state.keep_key, on_click=keep_groups, args=(opened, state))


def keep_groups(opened: OpenEmbedding, state: ExploreState) -> None:
    """Begin to keep the groups that are shown."""
    refuse_if_read_only()
    if state.groups:
        state.keeping = begin_keeping(opened, state.groups, state.name.content.strip())
