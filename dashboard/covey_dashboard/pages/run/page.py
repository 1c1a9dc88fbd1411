"""The page Run: choose what is to run, see what it costs, start it, watch it."""

from __future__ import annotations

import streamlit as st

from covey_dashboard.data.datasets import image_folder
from covey_dashboard.pages.run.choose_components import choose_experiment
from covey_dashboard.pages.run.planned_steps import show_plan, show_saved_forms
from covey_dashboard.pages.run.watch_jobs import run_action, show_jobs, start_run
from covey_dashboard.state import RunState
from covey_dashboard.widgets.messages import show_problem
from covey_dashboard.widgets.page_frame import show_page


def show_run(location: str) -> None:
    """Show what can be run on a dataset, and what runs.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    if image_folder(location) is None:
        show_problem(f"There are no images in {location}: to run something, open a dataset with images.")
        return
    left_column, right_column = st.columns([1, 2], gap="medium")
    plan_column, forms_column = right_column.columns(2, gap="medium")
    experiment = choose_experiment(location, [left_column, plan_column, forms_column])
    if experiment:
        if plan_column.button("Start", type="primary", width="stretch", key=RunState.start_key):
            run_action(start_run, location, experiment)
        with forms_column:
            show_saved_forms(experiment)
    with right_column:
        show_jobs(location)
    if experiment:
        with plan_column:  # last, for it may take long
            show_plan(experiment)


show_page(show_run, is_changing=True)
