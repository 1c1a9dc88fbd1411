"""The bar at the top of every page: the task that goes on, and what came of it."""

from __future__ import annotations

import streamlit as st

from covey import CoveyError
from covey.frontend import Job, list_jobs
from covey_dashboard.data.datasets import dataset_at
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import JobBarState
from covey_dashboard.widgets.every_page.jobs import (
    ACTIVE,
    describe_stage,
    find_active_job,
    finish_job,
    run_action,
    start_again,
)
from covey_dashboard.widgets.messages import show_hint, show_problem
from covey_dashboard.widgets.page_frame import link_page

POLL_S = 1.0
"""Seconds between two looks at a task that goes on."""
LOG_HEIGHT = 260
NEXT_STEPS = {
    "Finding groups": ("explore", "See the groups"),
    "Making images": ("start", "Find groups in them"),
    "Getting recordings": ("start", "Make images of them"),
}
"""The page on which it goes on after a task that is done, and the words of the link, by the task's title."""


def show_job_bar(location: str, page: str) -> None:
    """Show the task that goes on in a dataset, anew every second, or what came of the one that was seen last.

    Args:
        location: the dataset.
        page: the name of the page on which it is shown.
    """
    if is_read_only() or not location:
        return
    try:
        active_job = find_active_job(location)
    except CoveyError:  # the page says what is wrong with the dataset
        return
    if active_job:
        JobBarState.recall().watched = str(active_job.folder)
    st.fragment(_show_bar, run_every=POLL_S if active_job else None)(location, page, active_job is not None)


def _show_bar(location: str, page: str, was_active: bool) -> None:
    state = JobBarState.recall()
    job = next((job for job in list_jobs(dataset_at(location)) if str(job.folder) == state.watched), None)
    is_active = job is not None and job.state in ACTIVE
    if was_active != is_active:
        finish_job()
    if job and job.is_run and job.state == "done" and page == NEXT_STEPS[job.title][0]:
        state.watched, job = "", None  # what came of it is what the page shows
    if not job and not state.problem:
        return
    with st.container(key=JobBarState.container_key, border=True):
        if state.problem:
            show_problem(state.problem)
        if job:
            _show_task(location, page, job)


def _show_task(location: str, page: str, job: Job) -> None:
    state = job.state
    words_column, buttons_column = st.columns([3, 2], vertical_alignment="center")
    with words_column:
        if state in ACTIVE:
            st.text(f"{job.title}. {describe_stage(job)}")
        else:
            show_outcome(job)
    with buttons_column.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        _show_buttons(location, page, job)
    if state in ACTIVE:
        st.progress(job.stage.share if job.stage else 0.0)


def show_outcome(job: Job) -> None:
    """Show how a job ended."""
    if job.state == "done":
        done_words = "The groups are ready." if job.is_run else job.message
        show_hint(done_words)
    else:
        show_problem(f"{job.title}: {job.message}")


def _show_buttons(location: str, page: str, job: Job) -> None:
    """Show what can be done about a job: cancel it, read its log, go on from its result, start it again."""
    state = job.state
    with st.popover("Log"):
        st.code(job.log or "Nothing was written yet.", language=None, height=LOG_HEIGHT)
    if state in ACTIVE:
        st.button("Cancel", key=JobBarState.cancel_key, on_click=run_action, args=(job.cancel,))
        return
    if state == "done":
        next_page, words = NEXT_STEPS[job.title]
        if next_page != page:
            link_page(next_page, words, icon=":material/arrow_forward:")
    else:
        st.button("Start again", key=JobBarState.again_key, on_click=run_action, args=(start_again, location, job))
    st.button("Close", key=JobBarState.close_key, on_click=_close)


def _close() -> None:
    state = JobBarState.recall()
    state.watched = state.problem = ""
