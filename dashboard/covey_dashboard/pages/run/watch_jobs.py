"""The runs of a dataset: how far they are, what they say, how they ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import Experiment, Job, list_jobs, read_experiment, start_job
from covey_dashboard.data.datasets import dataset_at, list_tables, registry
from covey_dashboard.server.read_only import refuse_if_read_only
from covey_dashboard.state import RunState
from covey_dashboard.widgets.messages import show_hint, show_problem

MOST_LISTED = 5
"""Runs that are shown, the last ones, beside those that go on."""
POLL_S = 1.0
"""Seconds between two looks at a run that goes on."""
LOG_HEIGHT = 260
ACTIVE = ("waiting", "running")


def show_jobs(location: str) -> None:
    """Show the last runs, anew every second as long as one goes on.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    is_active = any(job.state in ACTIVE for job in list_shown_jobs(location))
    st.fragment(show_job_list, run_every=POLL_S if is_active else None)(location, is_active)


def show_job_list(location: str, was_active: bool) -> None:
    """Show the last runs; when the first begins, or the last has ended, run the app again."""
    jobs, state = list_shown_jobs(location), RunState.recall()
    if state.problem:
        show_problem(state.problem)
    for job in jobs:
        with st.container(border=True):
            show_job(location, job)
    if was_active != any(job.state in ACTIVE for job in jobs):
        list_tables.clear()
        st.rerun()


def list_shown_jobs(location: str) -> list[Job]:
    """Return the runs that are shown.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    jobs = list_jobs(dataset_at(location))
    return [job for index, job in enumerate(jobs) if index < MOST_LISTED or job.state in ACTIVE]


def show_job(location: str, job: Job) -> None:
    """Show one run, with what can be done about it."""
    state = job.state
    left_column, right_column = st.columns([3, 2], vertical_alignment="center")
    left_column.text(f"{state.capitalize()}: {' → '.join(job.components)}, started {job.started:%d %b %H:%M}")
    with right_column.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        show_buttons(location, job, state)
    if state in ACTIVE:
        show_stage(job)
    else:
        (show_problem if state == "failed" else show_hint)(job.message)
    with st.expander("Log"):
        st.code(job.log or "Nothing was written yet.", language=None, height=LOG_HEIGHT)
    with st.expander("What runs" if state in ACTIVE else "What ran"):
        st.code(job.experiment_text, language="toml", wrap_lines=True)


def show_buttons(location: str, job: Job, state: str) -> None:
    """Show what can be done about a run."""
    job_name = job.folder.name
    if state in ACTIVE:
        st.button("Cancel", key=RunState.job_key(job_name, "cancel"), on_click=run_action, args=(job.cancel,))
        return
    if state == "done":
        st.page_link("../pages/data/page.py", label="See the tables that it made", icon=":material/dataset:")
    else:
        st.button(
            "Start again",
            key=RunState.job_key(job_name, "again"),
            on_click=run_action,
            args=(start_again, location, job),
        )
    explanation = "Remove it from this list. The tables that it made stay."
    st.button(
        "Remove", key=RunState.job_key(job_name, "remove"), help=explanation, on_click=run_action, args=(job.remove,)
    )


def show_stage(job: Job) -> None:
    """Show how far a run is."""
    stage = job.stage
    if stage is None:
        st.text("Starting")
        return
    unit_name = stage.unit if stage.total == 1 else f"{stage.unit}s"
    time_left = "" if stage.seconds_left is None else f"about {format_duration(stage.seconds_left)} left"
    st.progress(stage.share)
    st.text(
        ", ".join(
            filter(None, [f"{stage.title}: {stage.done:,} of {stage.total:,} {unit_name}", time_left, stage.message])
        )
    )


def format_duration(seconds: float) -> str:
    """Return a duration in the largest unit that is precise enough."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def run_action(act: Callable[..., None], *arguments: Any) -> None:
    """Run a button's action; store its error message."""
    state = RunState.recall()
    state.problem = ""
    try:
        refuse_if_read_only()
        act(*arguments)
    except CoveyError as error:
        state.problem = str(error)


def start_run(location: str, experiment: Experiment) -> None:
    """Start a run.

    Raises:
        CoveyError: it cannot be started.
    """
    start_job(experiment, dataset_at(location), registry())


def start_again(location: str, job: Job) -> None:
    """Start a run with the components of another one, on the dataset that is open.

    Raises:
        CoveyError: a component is not installed any more.
    """
    experiment = read_experiment(job.experiment_file, registry())
    start_run(location, attrs.evolve(experiment, dataset=location, out=None))
