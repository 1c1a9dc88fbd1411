"""The last tasks of a dataset: what they did, how they ended."""

from __future__ import annotations

import streamlit as st

from covey.frontend import Job, list_jobs
from covey_dashboard.data.datasets import dataset_at
from covey_dashboard.state import StartState
from covey_dashboard.widgets.every_page.job_bar import LOG_HEIGHT, show_outcome
from covey_dashboard.widgets.every_page.jobs import ACTIVE, run_action, start_again

MOST_LISTED = 5
"""Tasks that are shown, the last ones."""


def show_past_jobs(location: str) -> None:
    """Show the last tasks that have ended.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    jobs = [job for job in list_jobs(dataset_at(location)) if job.state not in ACTIVE][:MOST_LISTED]
    if not jobs:
        return
    with st.expander("What was done here"):
        for job in jobs:
            with st.container(border=True):
                _show_job(location, job)


def _show_job(location: str, job: Job) -> None:
    """Show one task, with what can be done about it."""
    state, name = job.state, job.folder.name
    left_column, right_column = st.columns([3, 2], vertical_alignment="center")
    components = f": {' → '.join(job.components)}" if job.is_run else ""
    left_column.text(f"{job.title}{components}, {state}, started {job.started:%d %b %H:%M}")
    with right_column.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if state != "done":
            key = StartState.job_key(name, "again")
            st.button("Start again", key=key, on_click=run_action, args=(start_again, location, job))
        explanation = "Remove it from this list. What it made stays."
        key = StartState.job_key(name, "remove")
        st.button("Remove", key=key, help=explanation, on_click=run_action, args=(job.remove,))
    show_outcome(job)
    with st.popover("Log"):
        st.code(job.log or "Nothing was written.", language=None, height=LOG_HEIGHT)
    if job.is_run:
        with st.popover("What ran"):
            st.code(job.experiment_text, language="toml", wrap_lines=True)
