"""Tasks of a dataset: which goes on, how another one starts, how long one takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import streamlit as st

from covey import CoveyError
from covey.frontend import Experiment, ImageTask, Job, Task, list_jobs, read_task, start_job
from covey_dashboard.data.datasets import dataset_at, forget_contents, registry
from covey_dashboard.server.read_only import refuse_if_read_only
from covey_dashboard.state import JobBarState

ACTIVE = ("waiting", "running")
_starting = threading.Lock()
"""Held while a task starts: a double click, or two windows, start one."""


def find_active_job(location: str) -> Job | None:
    """Return the task that goes on in a dataset, None if there is none.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    return next((job for job in list_jobs(dataset_at(location)) if job.state in ACTIVE), None)


def start_task(location: str, task: Task) -> None:
    """Start a task on a dataset, unless one goes on there.

    Raises:
        CoveyError: it cannot be started.
    """
    with _starting:
        if find_active_job(location) is None:
            job = start_job(task, dataset_at(location), registry())
            JobBarState.recall().watched = str(job.folder)


def start_again(location: str, job: Job) -> None:
    """Start the task of a job again, on the dataset that is open.

    Raises:
        CoveyError: a component is not installed any more, or the recordings lie where this dataset may not lead to.
    """
    task = read_task(job.folder, registry())
    if isinstance(task, Experiment):
        start_task(location, attrs.evolve(task, dataset=location, out=None))
        return
    dataset = dataset_at(location)
    if isinstance(task, ImageTask) and not _belongs_to(task.recordings, [dataset.home, *dataset.recording_folders]):
        raise CoveyError("These recordings lie elsewhere, and another person may have chosen them: open their folder.")
    start_task(location, attrs.evolve(task, dataset=dataset.home))


def run_action(act: Callable[..., None], *arguments: Any) -> None:
    """Run a button's action; the bar of tasks shows its error message."""
    state = JobBarState.recall()
    state.problem = ""
    try:
        refuse_if_read_only()
        act(*arguments)
    except CoveyError as error:
        state.problem = str(error)


def finish_job() -> None:
    """Look at the dataset anew, since a task has changed it, and show the page again."""
    forget_contents()
    st.rerun()


def format_duration(seconds: float) -> str:
    """Return a duration in the largest unit that is precise enough."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def describe_stage(job: Job) -> str:
    """Return what a job does at the moment: its step, how much of it is done, and the time left."""
    stage = job.stage
    if stage is None:
        return "Starting"
    unit = stage.unit if stage.total == 1 else f"{stage.unit}s"
    amount = f"{stage.done:,} of {stage.total:,} {unit}" if stage.total else f"{stage.done:,} {unit}"
    time_left = "" if stage.seconds_left is None else f"about {format_duration(stage.seconds_left)} left"
    return ", ".join(filter(None, [f"{stage.title}: {amount}", time_left, stage.message]))


def _belongs_to(folder: Path, homes: list[Path]) -> bool:
    return any(folder.resolve().is_relative_to(home.resolve()) for home in homes)
