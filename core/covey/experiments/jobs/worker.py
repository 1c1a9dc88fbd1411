"""The process that works on a job: python -m covey.experiments.jobs.worker FOLDER."""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey._base.run_lock import hold_run_lock
from covey.experiments.experiment import read_experiment
from covey.experiments.jobs.job import CANCELLED, Job, State
from covey.experiments.jobs.progress_record import Record, record_progress
from covey.experiments.pipeline import run_experiment
from covey.plugins.registry import Registry


def main(folder: str) -> None:
    """Work on the job in a folder, unless it was cancelled before; a request to end is an interruption."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job = Job(Path(folder))
    try:
        with hold_run_lock(job.lock):
            if job.state == "waiting":
                job.begin()
                with record_progress(job.progress) as record:
                    outcome = _outcome(job, record)
                job.end(*outcome)
    except CoveyError as error:
        job.end("failed", str(error))


def _outcome(job: Job, record: Record) -> tuple[State, str]:
    """Return how the run ended; what a person is told stands in the log too."""
    try:
        state, message = _run(job, record)
    except CoveyError as error:
        state, message = "failed", str(error)
    except KeyboardInterrupt:
        state, message = "cancelled", CANCELLED
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        traceback.print_exc()
        state, message = "failed", f"{type(error).__name__}: {reason(error)}. The log says where; tell its authors."
    record.note(message)
    return state, message


def _run(job: Job, record: Record) -> tuple[State, str]:
    registry = Registry.installed()
    results = run_experiment(read_experiment(job.experiment, registry), registry, record)
    summary = f"{results.computed:,} tables made, {results.reused:,} kept from before."
    if not results.failures:
        return "done", summary
    for failure in results.failures:
        if not isinstance(failure.error, CoveyError):
            traceback.print_exception(failure.error)
    reasons = dict.fromkeys(failure.reason for failure in results.failures)
    return "failed", "\n".join([f"{summary} {len(results.failures):,} could not be made:", *reasons])


if __name__ == "__main__":
    main(sys.argv[1])
