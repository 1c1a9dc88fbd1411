"""What a run would do: what is kept from before, what it has to make, and how else it can be started."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence

import streamlit as st

from covey import CoveyError, Runtime
from covey.frontend import Experiment, Kind, Pipeline, PlanLine, command_words, count_noun, summarize_tasks, to_toml
from covey_dashboard.data import cache
from covey_dashboard.widgets import page_frame as page

KEPT_LASTS = 5
"""Seconds after which it is looked again what is kept."""
FILE = "covey.toml"


def show_plan(experiment: Experiment) -> None:
    """Show what is kept, and what it costs to make the rest. Raises CoveyError."""
    steps = lines(experiment.dataset, to_toml(experiment, cache.registry()), experiment)
    rows = [[line.component, f"{line.tables - line.existing:,}", f"{line.existing:,}"] for line in steps]
    page.table(["Step", "Tables to make", "Tables kept"], rows)
    st.text(cost(steps, cache.image_count(experiment.dataset)))


def show_writing(experiment: Experiment) -> None:
    """Show the command and the file that do the same."""
    text, words = to_toml(experiment, cache.registry()), command_words(experiment, cache.registry())
    command_tab, file_tab = st.tabs(["Command", FILE])
    command_tab.code(command(words or ["covey", "run", FILE]), language=None, wrap_lines=True)
    file_tab.code(text, language="toml", wrap_lines=True)
    if not words:
        command_tab.text(f"Flags cannot say this: save {FILE} first.")


@st.cache_data(show_spinner="Looking at what is kept", ttl=KEPT_LASTS, max_entries=16)
def lines(location: str, text: str, _experiment: Experiment) -> list[PlanLine]:
    """Return what every component has to do in an experiment, of which `text` tells all. Raises CoveyError."""
    images = cache.images(location)
    if images is None:
        raise CoveyError(f"There are no images in {location}: open a dataset with images on the page Data.")
    pipeline = Pipeline(cache.dataset(location), images, Runtime())
    return summarize_tasks(pipeline.plan(_experiment), pipeline.entries_by_key)


def cost(steps: Sequence[PlanLine], images: int) -> str:
    """Return what there is to make, in words."""
    if all(line.existing == line.tables for line in steps):
        return "All of it is kept from before: nothing has to be computed."
    layers = sum(line.tables - line.existing for line in steps if line.kind is Kind.EXTRACTOR)
    if not layers:
        return "The images are described already."
    return f"To describe: {count_noun(images, 'image')} × {count_noun(layers, 'layer')}."


def command(words: Sequence[str]) -> str:
    """Return words as they are typed here."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
