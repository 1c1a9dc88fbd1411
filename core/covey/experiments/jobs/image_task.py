"""The task of making the spectrogram images of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey.components.options import build, option_values
from covey.experiments.jobs.task_record import Outcome, TaskRecord
from covey.plugins.registry import Registry
from covey.sound.conversion import convert_recordings
from covey.sound.move_labels import move_labels
from covey.sound.spectrograms import Recipe


@attrs.frozen(kw_only=True)
class ImageTask:
    """The recordings in a folder are to become the images of a dataset, as `covey spectrograms` makes them."""

    file: ClassVar = "images.json"
    title: ClassVar = "Making images"
    recordings: Path
    dataset: Path
    recipe: Recipe

    def write(self, registry: Registry) -> TaskRecord:
        """Return what `read` reads back."""
        return {
            "recordings": str(self.recordings.absolute()),
            "dataset": str(self.dataset.absolute()),
            "recipe": option_values(self.recipe),
        }

    @classmethod
    def read(cls, record: TaskRecord, registry: Registry) -> ImageTask:
        """Return the task that was written. Raises CoveyError."""
        recipe = record.get("recipe")
        if not isinstance(recipe, dict):
            raise CoveyError("The record of the task is damaged: start it again.")
        return cls(
            recordings=Path(str(record.get("recordings"))),
            dataset=Path(str(record.get("dataset"))),
            recipe=build(Recipe, recipe),
        )

    def perform(self, registry: Registry, progress: Progress) -> Outcome:
        """Make the images; those that are there already stay. Raises CoveyError."""
        report = convert_recordings(self.recordings, self.dataset, self.recipe, progress)
        for line in (*move_labels(self.dataset, report), *report.lines(verbose=True)):
            progress.note(line)
        return Outcome(report.summary, is_complete=bool(report.used))
