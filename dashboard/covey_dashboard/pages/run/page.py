"""The page Run: choose what is to run, see what it costs, start it, watch it."""

from __future__ import annotations

import streamlit as st

from covey_dashboard.data import cache
from covey_dashboard.pages.run import choose_components as run_choice
from covey_dashboard.pages.run import planned_steps as run_plan
from covey_dashboard.pages.run import watch_jobs as run_jobs
from covey_dashboard.widgets import messages as notice
from covey_dashboard.widgets import page_frame as page


def show(location: str) -> None:
    """Show what can be run on a dataset, and what runs. Raises CoveyError."""
    if cache.images(location) is None:
        notice.problem(f"There are no images in {location}: to run something, open a dataset with images.")
        return
    left_column, right = st.columns([1, 2], gap="medium")
    doing, writing = right.columns(2, gap="medium")
    experiment = run_choice.choose(location, [left_column, doing, writing])
    if experiment:
        if doing.button("Start", type="primary", width="stretch", key="run.start"):
            run_jobs.attempt(run_jobs.start, location, experiment)
        with writing:
            run_plan.show_writing(experiment)
    with right:
        run_jobs.show(location)
    if experiment:
        with doing:  # last, for it may take long
            run_plan.show_plan(experiment)


page.of_dataset(show, changing=True)
