"""Images become groups: one button with the usual components, and all others folded away."""

from __future__ import annotations

import streamlit as st

from covey import CoveyError
from covey.frontend import Experiment, Kind, count_noun
from covey_dashboard.data.datasets import count_images, registry
from covey_dashboard.pages.start.choose_components import choose_experiment
from covey_dashboard.pages.start.make_images import FEW_IMAGES
from covey_dashboard.pages.start.planned_steps import describe_time, plan_steps, show_plan, show_saved_forms
from covey_dashboard.state import StartState
from covey_dashboard.widgets.every_page.jobs import start_task
from covey_dashboard.widgets.every_page.start_button import show_start_button
from covey_dashboard.widgets.messages import show_hint, show_problem


def offer_groups(location: str, is_first: bool) -> None:
    """Let a person find groups, with the usual components or others.

    Args:
        location: the dataset.
        is_first: whether there are no groups yet.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    image_count = count_images(location)
    if image_count < FEW_IMAGES:
        show_hint(
            f"{count_noun(image_count, 'image')} only: groups need images that are alike, five or more of each kind, so"
            " there may be none. Add recordings or images first."
        )
    if is_first:
        _offer_usual_groups(location)
    with st.expander("Other ways: choose network, map and groups"):
        _offer_other_groups(location)


def _offer_usual_groups(location: str) -> None:
    """Offer the usual components, each in words."""
    try:
        experiment = build_usual_experiment(location)
        time_words = describe_time(experiment, plan_steps(experiment), count_images(location))
    except CoveyError as error:
        show_problem(str(error))
        return
    used = [*experiment.extractors, *experiment.reducers, *experiment.clusterers]
    show_start_button("Find groups", StartState.find_groups_key, location, start_task, experiment)
    st.caption(
        f"A network describes each image ({used[0].name}). {time_words} Then a map brings those that are alike together"
        f" ({used[1].name}), and groups are found on it ({used[2].name}). While it works, the time left is shown."
    )


def build_usual_experiment(location: str) -> Experiment:
    """Return the experiment with the default component of each kind.

    Raises:
        CoveyError: one is not installed.
    """
    extractor = registry().get(Kind.EXTRACTOR, _name_usual(Kind.EXTRACTOR))()
    reducer = registry().get(Kind.REDUCER, _name_usual(Kind.REDUCER))()
    clusterer = registry().get(Kind.CLUSTERER, _name_usual(Kind.CLUSTERER))()
    return Experiment(dataset=location, extractors=(extractor,), reducers=(reducer,), clusterers=(clusterer,))


def _name_usual(kind: Kind) -> str:
    """Return the default component of a kind, or the first that is ready to work where that is not."""
    ready = [component for component in registry().of_kind(kind) if not component.missing]
    if not ready or any(component.name == kind.default for component in ready):
        return kind.default
    return ready[0].full_name


def _offer_other_groups(location: str) -> None:
    columns = st.columns(3, gap="medium")
    experiment = choose_experiment(location, columns)
    if experiment is None:
        return
    show_plan(experiment)
    show_start_button("Find groups in this way", StartState.find_other_groups_key, location, start_task, experiment)
    with st.popover("For researchers: the same as a command or a file"):
        show_saved_forms(experiment)
