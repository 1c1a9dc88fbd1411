"""The task of running an experiment."""

from __future__ import annotations

import traceback

from covey._base.errors import CoveyError
from covey._base.progress import Progress
from covey.experiments.experiment import Experiment
from covey.experiments.jobs.task_record import Outcome
from covey.experiments.run_experiment import run_experiment
from covey.plugins.registry import Registry

EXPERIMENT_FILE = "covey.toml"
RUN_TITLE = "Finding groups"


def perform_run(experiment: Experiment, registry: Registry, progress: Progress) -> Outcome:
    """Run an experiment, as `covey run` does. Raises CoveyError."""
    results = run_experiment(experiment, registry, progress)
    summary = f"{results.computed:,} tables made, {results.reused:,} kept from before."
    if not results.failures:
        return Outcome(summary, is_complete=True)
    for failure in results.failures:
        if not isinstance(failure.error, CoveyError):
            traceback.print_exception(failure.error)
    reasons = dict.fromkeys(failure.reason for failure in results.failures)
    sentences = [f"{summary} {len(results.failures):,} could not be made:", *reasons]
    return Outcome("\n".join(sentences), is_complete=False)
