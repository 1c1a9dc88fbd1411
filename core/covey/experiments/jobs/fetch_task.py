"""The task of fetching recordings of a source."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey.components.kinds import Kind
from covey.components.options import build, option_values
from covey.components.source_contract import Source
from covey.experiments.jobs.export_experiment import name_component
from covey.experiments.jobs.task_record import Outcome, TaskRecord
from covey.plugins.registry import Registry
from covey.sources.choose_recordings import RecordingChoice, survey_recordings
from covey.sources.fetch_recordings import fetch_recordings


@attrs.frozen(kw_only=True)
class FetchTask:
    """What queries find in a source is to become the recordings of a dataset, as `covey fetch` does it."""

    file: ClassVar = "fetch.json"
    title: ClassVar = "Getting recordings"
    source: Source
    queries: tuple[str, ...]
    choice: RecordingChoice
    dataset: Path

    def write(self, registry: Registry) -> TaskRecord:
        """Return what `read` reads back."""
        return {
            "source": name_component(self.source, registry),
            "options": option_values(self.source),
            "queries": list(self.queries),
            "choice": option_values(self.choice),
            "dataset": str(self.dataset.absolute()),
        }

    @classmethod
    def read(cls, record: TaskRecord, registry: Registry) -> FetchTask:
        """Return the task that was written. Raises CoveyError."""
        options, queries, choice = (record.get(name) for name in ("options", "queries", "choice"))
        if not isinstance(options, dict) or not isinstance(queries, list) or not isinstance(choice, dict):
            raise CoveyError("The record of the task is damaged: start it again.")
        source: type[Source] = registry.get(Kind.SOURCE, str(record.get("source")))
        return cls(
            source=build(source, options),
            queries=tuple(map(str, queries)),
            choice=build(RecordingChoice, choice),
            dataset=Path(str(record.get("dataset"))),
        )

    def perform(self, registry: Registry, progress: Progress) -> Outcome:
        """Fetch the recordings; those that are there already stay. Raises CoveyError, KeyboardInterrupt."""
        survey = survey_recordings(self.source, self.queries, self.choice, progress)
        report = fetch_recordings(self.source, survey.recordings, self.dataset, progress=progress)
        for line in report.describe(verbose=True):
            progress.note(line)
        if report.interrupted:
            raise KeyboardInterrupt
        sentences = [*report.describe(), *([report.stopped] if report.stopped else [])]
        return Outcome("\n".join(sentences), is_complete=bool(report.paths) and not report.stopped)
