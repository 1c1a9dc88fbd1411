"""The process of a job: python -m covey.experiments.jobs.worker FOLDER."""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey._base.run_lock import hold_run_lock
from covey.experiments.jobs.job import CANCELLED, Job, State
from covey.experiments.jobs.progress_record import ProgressRecord, record_progress
from covey.experiments.jobs.task import perform_task, read_task
from covey.plugins.registry import Registry


def main(folder: str) -> None:
    """Run the job in a folder, unless it was cancelled before it started. SIGTERM interrupts it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    job = Job(Path(folder))
    try:
        with hold_run_lock(job.lock):
            if job.state == "waiting":
                job.mark_started()
                with record_progress(job.progress) as record:
                    state_and_message = _run_job(job, record)
                job.mark_ended(*state_and_message)
    except CoveyError as error:
        job.mark_ended("failed", str(error))


def _run_job(job: Job, record: ProgressRecord) -> tuple[State, str]:
    """Perform the task; return the final state and the message for the user, which is also written to the log."""
    state: State
    try:
        registry = Registry.installed()
        outcome = perform_task(read_task(job.folder, registry), registry, record)
        state, message = "done" if outcome.is_complete else "failed", outcome.message
    except CoveyError as error:
        state, message = "failed", str(error)
    except KeyboardInterrupt:
        state, message = "cancelled", CANCELLED
    except (Exception, SystemExit) as error:  # a plugin may raise anything
        traceback.print_exc()
        state, message = "failed", f"{type(error).__name__}: {reason(error)}. The log says where; tell its authors."
    record.note(message)
    return state, message


if __name__ == "__main__":
    main(sys.argv[1])
