"""The runs of a dataset: how far they are, what they say, how they ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import Experiment, Job, list_jobs, read_experiment, start_job
from covey_dashboard.data import cache
from covey_dashboard.server.read_only import refuse_if_read_only
from covey_dashboard.widgets import messages as notice

SHOWN = 5
"""Runs that are shown, the last ones, beside those that go on."""
BEAT = 1.0
"""Seconds between two looks at a run that goes on."""
LOG_HEIGHT = 260
ACTIVE = ("waiting", "running")
NOT_DONE = "not done"


def show(location: str) -> None:
    """Show the last runs, anew every second as long as one goes on. Raises CoveyError."""
    going_on = any(job.state in ACTIVE for job in listed(location))
    st.fragment(show_jobs, run_every=BEAT if going_on else None)(location, going_on)


def show_jobs(location: str, going_on: bool) -> None:
    """Show the last runs; when the first goes on, or the last has ended, the whole page is shown anew."""
    listed_jobs = listed(location)
    if NOT_DONE in st.session_state:
        notice.problem(st.session_state[NOT_DONE])
    for job in listed_jobs:
        with st.container(border=True):
            show_job(location, job)
    if going_on != any(job.state in ACTIVE for job in listed_jobs):
        cache.list_tables.clear()
        st.rerun()


def listed(location: str) -> list[Job]:
    """Return the runs that are shown. Raises CoveyError."""
    all_jobs = list_jobs(cache.dataset(location))
    return [job for place, job in enumerate(all_jobs) if place < SHOWN or job.state in ACTIVE]


def show_job(location: str, job: Job) -> None:
    """Show one run, with what can be done about it."""
    state = job.state
    left_column, right = st.columns([3, 2], vertical_alignment="center")
    left_column.text(f"{state.capitalize()}: {' → '.join(job.components)}, started {job.begun:%d %b %H:%M}")
    with right.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        show_choices(location, job, state)
    if state in ACTIVE:
        show_stage(job)
    else:
        (notice.problem if state == "failed" else notice.hint)(job.message)
    with st.expander("Log"):
        st.code(job.log or "It has said nothing.", language=None, height=LOG_HEIGHT)
    with st.expander("What runs" if state in ACTIVE else "What ran"):
        st.code(job.text, language="toml", wrap_lines=True)


def show_choices(location: str, job: Job, state: str) -> None:
    """Show what can be done about a run."""
    name = job.folder.name
    if state in ACTIVE:
        st.button("Cancel", key=f"{name}.cancel", on_click=attempt, args=(job.cancel,))
        return
    if state == "done":
        st.page_link("../pages/data/page.py", label="See what it made", icon=":material/dataset:")
    else:
        st.button("Start again", key=f"{name}.again", on_click=attempt, args=(start_again, location, job))
    explanation = "Take it off this list. What it made stays."
    st.button("Remove", key=f"{name}.remove", help=explanation, on_click=attempt, args=(job.remove,))


def show_stage(job: Job) -> None:
    """Show how far a run is."""
    stage = job.stage
    if stage is None:
        st.text("Starting")
        return
    units = stage.unit if stage.total == 1 else f"{stage.unit}s"
    time_left = "" if stage.left is None else f"about {duration(stage.left)} left"
    st.progress(stage.share)
    st.text(
        ", ".join(filter(None, [f"{stage.title}: {stage.done:,} of {stage.total:,} {units}", time_left, stage.saying]))
    )


def duration(seconds: float) -> str:
    """Return a time in the largest unit that says enough."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def attempt(act: Callable[..., None], *arguments: Any) -> None:
    """Do what a button says, or have it said why not."""
    st.session_state.pop(NOT_DONE, None)
    try:
        refuse_if_read_only()
        act(*arguments)
    except CoveyError as error:
        st.session_state[NOT_DONE] = str(error)


def start(location: str, experiment: Experiment) -> None:
    """Start a run. Raises CoveyError."""
    start_job(experiment, cache.dataset(location), cache.registry())


def start_again(location: str, job: Job) -> None:
    """Start a run with the components of another one, on the dataset that is open. Raises CoveyError."""
    experiment = read_experiment(job.experiment, cache.registry())
    start(location, attrs.evolve(experiment, dataset=location, out=None))
