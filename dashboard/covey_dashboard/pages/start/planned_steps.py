"""What a run would do: what the dataset has already, what there is to compute, and how else it can be started."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence

import streamlit as st

from covey import CoveyError, Runtime
from covey.frontend import (
    Experiment,
    Pipeline,
    PlanLine,
    command_words,
    count_noun,
    estimate_time,
    summarize_tasks,
    to_toml,
)
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import count_images, dataset_at, image_folder, registry
from covey_dashboard.widgets.every_page.jobs import format_duration
from covey_dashboard.widgets.page_frame import show_table

PLAN_TTL = 5
"""Seconds after which it is looked again which tables the dataset has."""
FILE = "covey.toml"


def show_plan(experiment: Experiment) -> None:
    """Show which tables the dataset has already, and what it costs to make the rest.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    plan_lines = plan_steps(experiment)
    rows = [[line.component, f"{line.tables - line.existing:,}", f"{line.existing:,}"] for line in plan_lines]
    show_table(["Step", "Results to compute", "Results that are there"], rows)
    image_count = count_images(experiment.dataset)
    st.text(f"{describe_cost(plan_lines, image_count)} {describe_time(experiment, plan_lines, image_count)}".strip())


def show_saved_forms(experiment: Experiment) -> None:
    """Show the command and the file that do the same, for researchers."""
    toml_text, command = to_toml(experiment, registry()), command_words(experiment, registry())
    command_tab, file_tab = st.tabs(["Command", FILE])
    command_tab.code(quote_command(command or ["covey", "run", FILE]), language=None, wrap_lines=True)
    file_tab.code(toml_text, language="toml", wrap_lines=True)
    if not command:
        command_tab.text(f"One command cannot say this: save {FILE} first.")


def _as_toml(experiment: Experiment) -> str:
    return to_toml(experiment, registry())


@cached(spinner="Looking at the tables of the dataset", ttl=PLAN_TTL, max_entries=16, by=_as_toml)
def plan_steps(experiment: Experiment) -> list[PlanLine]:
    """Return what every component has to do in an experiment.

    Raises:
        CoveyError: the dataset has no images, or cannot be read.
    """
    location = experiment.dataset
    images = image_folder(location)
    if images is None:
        raise CoveyError(f"There are no images in {location}: make some on the page Start.")
    pipeline = Pipeline(dataset_at(location), images, Runtime())
    return summarize_tasks(pipeline.plan(experiment), pipeline.entries_by_key)


def describe_cost(plan_lines: Sequence[PlanLine], image_count: int) -> str:
    """Return what there is to compute, in words."""
    if all(line.existing == line.tables for line in plan_lines):
        return "All these results are there already: nothing has to be computed."
    missing = [line for line in plan_lines if line.existing < line.tables]
    table_count = sum(line.tables - line.existing for line in missing if line.reads_images)
    if not table_count:
        return "The images are described already."
    learners = [line.component for line in missing if line.learns]
    learning = f"To learn first from the images: {', '.join(learners)}. " if learners else ""
    return f"{learning}To describe: {count_noun(image_count, 'image')} × {count_noun(table_count, 'table')}."


def describe_time(experiment: Experiment, plan_lines: Sequence[PlanLine], image_count: int) -> str:
    """Return how long it takes to describe the images, in words; "" if nothing has to be described.

    Maps and groups take a time of their own, which is known from nowhere.
    """
    missing = {line.component for line in plan_lines if line.reads_images and line.existing < line.tables}
    extractors = [extractor for extractor in experiment.extractors if extractor.name in missing]
    estimates = [estimate_time(each, image_count, experiment.runtime, experiment.engine) for each in extractors]
    known_estimates = [estimate for estimate in estimates if estimate]
    if not extractors:
        return ""
    if len(known_estimates) < len(extractors):
        return "How long that takes is unknown until it has begun."
    seconds = sum(estimate.seconds for estimate in known_estimates)
    settings = " and ".join(sorted({estimate.settings for estimate in known_estimates} - {""}))
    conditions = f" ({settings})" if settings else ""
    return (
        f"That takes about {format_duration(seconds)} on this computer, as fast as the last time{conditions};"
        " starting, the map and the groups come on top."
    )


def quote_command(words: Sequence[str]) -> str:
    """Return a command as it is typed in the shell of this machine."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
