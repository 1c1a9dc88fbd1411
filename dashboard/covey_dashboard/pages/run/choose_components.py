"""What is to run, chosen from the installed plugins, each component with its form."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError, Runtime
from covey.frontend import STEPS, Experiment, Kind, Registered
from covey_dashboard.data import cache
from covey_dashboard.widgets import forms
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page

TITLES = {
    Kind.EXTRACTOR: "What describes the images",
    Kind.REDUCER: "What reduces that",
    Kind.CLUSTERER: "What finds groups",
}


def choose(location: str, columns: Sequence[DeltaGenerator]) -> Experiment | None:
    """Let a person choose the components of every kind, each in its column; None, having shown why, if one is wrong."""
    components: dict[str, list[Any]] = {}
    for kind, column in zip(STEPS, columns, strict=True):
        with column:
            components[kind] = [_component(name, item) for name, item in _chosen(kind).items()]
    with columns[-1], st.expander("How to compute"):
        runtime = forms.form(Runtime, "run.runtime")
    if runtime is None or not all(group and None not in group for group in components.values()):
        return None
    extractors, reducers, clusterers = (tuple(group) for group in components.values())
    return Experiment(
        dataset=location, extractors=extractors, reducers=reducers, clusterers=clusterers, runtime=runtime
    )


def _chosen(kind: Kind) -> dict[str, Registered]:
    """Let a person choose components of one kind; return them by what they are called."""
    offered = cache.registry().of_kind(kind)
    called = page.called(offered)
    items = {called[item.full_name]: item for item in offered}
    default = [name for name in items if name == kind.default] or list(items)[:1]
    names = st.multiselect(TITLES[kind], list(items), default, key=f"run.{kind}", help=f"Each {kind} is tried.")
    if not names:
        notice.hint(f"Choose one {kind} at least.")
    return {name: items[name] for name in names}


def _component(name: str, registered: Registered) -> Any:
    """Show the form of a component; return what it makes, None where that cannot be."""
    with st.container(border=True):
        st.html(f"<b>{escape(registered.name)}</b> <small style='opacity: 0.75'>{escape(registered.summary)}</small>")
        try:
            cls = cache.registry().get(registered.kind, name)
        except CoveyError as error:
            notice.problem(str(error))
            return None
        return forms.form(cls, f"run.{registered.kind}.{registered.full_name}")
