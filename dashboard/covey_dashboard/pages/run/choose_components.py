"""What is to run, chosen from the installed plugins, each component with its form."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError, Runtime
from covey.frontend import STEPS, Experiment, Kind, Registered
from covey_dashboard.data.datasets import registry
from covey_dashboard.state import RunState
from covey_dashboard.widgets.forms import show_form
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import title_components

TITLES = {
    Kind.EXTRACTOR: "Describe the images with",
    Kind.REDUCER: "Map them with",
    Kind.CLUSTERER: "Find groups with",
}


def choose_experiment(location: str, columns: Sequence[DeltaGenerator]) -> Experiment | None:
    """Let a person choose the components of every kind, each in its column.

    Returns:
        What is to run; None, having shown why, if a component cannot be built.
    """
    components_by_kind: dict[Kind, list[Any]] = {}
    for kind, column in zip(STEPS, columns, strict=True):
        with column:
            components_by_kind[kind] = [show_component(component) for component in choose_components(kind)]
    with columns[-1], st.expander("How to compute"):
        runtime = show_form(Runtime, RunState.runtime_form_key)
    if runtime is None or not all(components and None not in components for components in components_by_kind.values()):
        return None
    return Experiment(
        dataset=location,
        extractors=tuple(components_by_kind[Kind.EXTRACTOR]),
        reducers=tuple(components_by_kind[Kind.REDUCER]),
        clusterers=tuple(components_by_kind[Kind.CLUSTERER]),
        runtime=runtime,
    )


def choose_components(kind: Kind) -> list[Registered]:
    """Let a person choose components of one kind."""
    components = registry().of_kind(kind)
    titles = title_components(components)
    component_by_title = {titles[component.full_name]: component for component in components}
    default_titles = [title for title in component_by_title if title == kind.default] or list(component_by_title)[:1]
    key = RunState.components(kind).key
    chosen_titles = st.multiselect(
        TITLES[kind], list(component_by_title), default_titles, key=key, help=f"Each {kind} is tried."
    )
    if not chosen_titles:
        show_hint(f"Choose at least one {kind}.")
    return [component_by_title[title] for title in chosen_titles]


def show_component(component: Registered) -> Any:
    """Show the form of a component; return the component as set, None if it cannot be built."""
    with st.container(border=True):
        st.html(f"<b>{escape(component.name)}</b> <small style='opacity: 0.75'>{escape(component.summary)}</small>")
        try:
            cls = registry().get(component.kind, component.full_name)
        except CoveyError as error:
            show_problem(str(error))
            return None
        return show_form(cls, RunState.form_key(component.kind, component.full_name))
