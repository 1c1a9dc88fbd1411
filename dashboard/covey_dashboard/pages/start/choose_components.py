"""What is to run, chosen from the installed plugins, each component with its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey import CoveyError, FeatureExtractor, Runtime
from covey.frontend import (
    STEPS,
    Component,
    Experiment,
    Join,
    Kind,
    Registered,
    TableKind,
    split_plural,
)
from covey_dashboard.data.datasets import list_tables, registry
from covey_dashboard.state import KEPT, StartState
from covey_dashboard.widgets.every_page.jobs import run_action
from covey_dashboard.widgets.every_page.page_progress import PageProgress
from covey_dashboard.widgets.forms import show_form
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import title_components

TITLES = {
    Kind.EXTRACTOR: "Network: describes each image (extractor)",
    Kind.REDUCER: "Map: brings images that are alike together (reducer)",
    Kind.CLUSTERER: "Groups: finds them on the map (clusterer)",
}


def choose_experiment(location: str, columns: Sequence[DeltaGenerator]) -> Experiment | None:
    """Let a person choose the components of every kind, each in its column.

    Returns:
        What is to run; None, having shown why, if a component cannot be built.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    components_by_kind: dict[Kind, list[Any]] = {}
    below_choice: dict[Kind, DeltaGenerator] = {}
    for kind, column in zip(STEPS, columns, strict=True):
        with column:
            chosen_components = choose_components(kind)
            below_choice[kind] = st.container()
            components_by_kind[kind] = [show_component(component) for component in chosen_components]
    with below_choice[Kind.EXTRACTOR]:
        extractors = [extractor for extractor in components_by_kind[Kind.EXTRACTOR] if extractor]
        names, join = choose_join(title_feature_sets(location, extractors))
        learn_again = offer_learning_again(extractors)
    with columns[-1], st.expander("How to compute (runtime, engine)"):
        runtime = show_form(Runtime, StartState.runtime_form_key)
        engine = choose_engine()
    if (
        runtime is None
        or join is None
        or engine is None
        or not all(components and None not in components for components in components_by_kind.values())
    ):
        return None
    return Experiment(
        dataset=location,
        join=tuple(names),
        joins=(join,),
        extractors=tuple(components_by_kind[Kind.EXTRACTOR]),
        reducers=tuple(components_by_kind[Kind.REDUCER]),
        clusterers=tuple(components_by_kind[Kind.CLUSTERER]),
        runtime=runtime,
        learn_again=learn_again,
        engine=engine,
    )


def choose_engine() -> Any:
    """Let a person choose where features are computed; return the engine as set, None if it cannot be built."""
    engines = registry().of_kind(Kind.ENGINE)
    titles = title_components(engines)
    engine_by_title = {titles[engine.full_name]: engine for engine in engines}
    names = [engine.name for engine in engine_by_title.values()]
    title = st.selectbox(
        "Computed by",
        list(engine_by_title),
        names.index(Kind.ENGINE.default) if Kind.ENGINE.default in names else 0,
        key=StartState.engine.key,
        persist_state=KEPT,
        help="Where features are computed: in one process, or in several. The results are the same.",
    )
    return show_component(engine_by_title[title])


def offer_learning_again(extractors: Sequence[FeatureExtractor]) -> bool:
    """Let a person choose whether extractors that have learned before learn again; return the choice."""
    if not any(extractor.learns for extractor in extractors):
        return False
    return st.checkbox(
        "Learn again from the images as they are now",
        key=StartState.learn_again.key,
        persist_state=KEPT,
        help="Otherwise, what was learned before, from fewer or other images, is used for all images.",
    )


def choose_components(kind: Kind) -> list[Registered]:
    """Let a person choose components of one kind."""
    components = registry().of_kind(kind)
    titles = title_components(components)
    component_by_title = {titles[component.full_name]: component for component in components}
    default_titles = [title for title in component_by_title if title == kind.default] or list(component_by_title)[:1]
    described = {title: describe_choice(title, component) for title, component in component_by_title.items()}
    chosen_titles = st.multiselect(
        TITLES[kind],
        list(component_by_title),
        default_titles,
        key=StartState.components(kind).key,
        persist_state=KEPT,
        help=f"Each {kind} is tried.",
        format_func=described.__getitem__,
    )
    if not chosen_titles:
        show_hint(f"Choose at least one {kind}.")
    return [component_by_title[title] for title in chosen_titles]


def describe_choice(title: str, component: Registered) -> str:
    """Return a component in a list: its title, whether it listens, and what it lacks on this machine."""
    if component.missing:
        return f"{title} (not installed)"
    cls = component.cls
    remarks = ["listens"] if issubclass(cls, FeatureExtractor) and cls.inputs == "sound" else []
    with suppress(CoveyError):
        missing_files = cls().missing_files()
        remarks += [f"needs a download of {missing_files.size_mb} MB"] if missing_files else []
    return f"{title} ({', '.join(remarks)})" if remarks else title


def title_feature_sets(location: str, extractors: Sequence[FeatureExtractor]) -> dict[str, str]:
    """Return what features are called that can be joined, by name: those that are to be made, then the others there.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    tags = [part.tag for extractor in extractors for part in split_plural(extractor)]
    origins = {
        entry.name: entry.provenance
        for entry in list_tables(location).entries
        if entry.kind is TableKind.FEATURES and entry.provenance
    }
    titles = {
        name: f"{provenance.tag} ({name.removesuffix('.npz').rpartition('~')[2]})"
        for name, provenance in origins.items()
        if provenance.tag not in tags and not provenance.joined
    }
    return {**{tag: tag for tag in tags}, **titles}


def choose_join(title_by_name: Mapping[str, str]) -> tuple[list[str], Join | None]:
    """Let a person choose which features are joined; return their names, and how, None if that cannot be built."""
    if len(title_by_name) < 2:
        return [], Join()
    help_text = "These are put side by side, each with the same weight, and then mapped and grouped too."
    chosen_names = st.multiselect(
        "Join the features of",
        list(title_by_name),
        key=StartState.join_key,
        persist_state=KEPT,
        help=help_text,
        format_func=lambda name: title_by_name.get(name, name),
    )
    if len(chosen_names) == 1:
        show_hint("Choose at least two to join.")
    if len(chosen_names) < 2:
        return [], Join()
    with st.container(border=True):
        return chosen_names, show_form(Join, StartState.join_form_key)


def show_component(component: Registered) -> Any:
    """Show the form of a component; return the component as set, None if it cannot be built."""
    with st.container(border=True):
        st.html(f"<b>{escape(component.name)}</b> <small style='opacity: 0.75'>{escape(component.summary)}</small>")
        try:
            cls = registry().get(component.kind, component.full_name)
        except CoveyError as error:
            show_problem(str(error))
            return None
        form = show_form(cls, StartState.form_key(component.kind, component.full_name))
        if form is not None:
            offer_missing_files(form, StartState.missing_files_key(component.kind, component.full_name))
        return form


def offer_missing_files(component: Component, key: str) -> None:
    """Offer to fetch what a component needs and what is not on this machine, with its size and licence."""
    missing = component.missing_files()
    if missing is None:
        return
    show_hint(missing.describe())
    if st.button("Agree and fetch it", key=key):
        with st.spinner("Fetching"):
            run_action(missing.fetch, PageProgress())
        st.rerun()
