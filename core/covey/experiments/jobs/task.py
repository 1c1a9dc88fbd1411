"""Tasks that jobs perform, and their files."""

from __future__ import annotations

import json
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey._base.files import read_text, write_text
from covey._base.progress import Progress
from covey.experiments.experiment import Experiment, read_experiment
from covey.experiments.jobs.export_experiment import to_toml
from covey.experiments.jobs.fetch_task import FetchTask
from covey.experiments.jobs.image_task import ImageTask
from covey.experiments.jobs.run_task import EXPERIMENT_FILE, RUN_TITLE, perform_run
from covey.experiments.jobs.task_record import Outcome
from covey.plugins.registry import Registry

Task = Experiment | ImageTask | FetchTask
"""What a job can do."""
_RECORDED = (ImageTask, FetchTask)
TITLES = {EXPERIMENT_FILE: RUN_TITLE, **{cls.file: cls.title for cls in _RECORDED}}
"""What is done, by the name of the file that says it."""


def write_task(task: Task, folder: Path, registry: Registry) -> None:
    """Write the file of a task into the folder of its job. Raises CoveyError."""
    if isinstance(task, Experiment):
        write_text(folder / EXPERIMENT_FILE, to_toml(task, registry))
    else:
        write_text(folder / task.file, json.dumps(task.write(registry), indent=2) + "\n")


def read_task(folder: Path, registry: Registry) -> Task:
    """Return the task of the job in a folder.

    Raises:
        CoveyError: its file is missing or damaged, or what it names is not installed.
    """
    for cls in _RECORDED:
        if (folder / cls.file).exists():
            return cls.read(_read_record(folder / cls.file), registry)
    return read_experiment(folder / EXPERIMENT_FILE, registry)


def perform_task(task: Task, registry: Registry, progress: Progress) -> Outcome:
    """Do what a task says. Raises CoveyError, KeyboardInterrupt."""
    if isinstance(task, Experiment):
        return perform_run(task, registry, progress)
    return task.perform(registry, progress)


def _read_record(path: Path) -> dict[str, object]:
    try:
        document = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): start it again.") from error
    if not isinstance(document, dict):
        raise CoveyError(f"{path} is damaged: start it again.")
    return document
