"""A job: one task in a process of its own, and the folder with its record."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, read_text, write_text
from covey._base.run_lock import LockHeldError, hold_run_lock
from covey.components.kinds import STEPS
from covey.data.dataset import Dataset
from covey.experiments.jobs.progress_record import Stage, read_stage
from covey.experiments.jobs.run_task import EXPERIMENT_FILE
from covey.experiments.jobs.started_process import find_process, forget_process, remember_process
from covey.experiments.jobs.task import TITLES, Task, write_task
from covey.experiments.pipeline import work_folder
from covey.plugins.registry import Registry

State = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
ENDING = 5.0
"""Seconds to wait for a process to start, and to end before it is killed."""
MAX_AGE = timedelta(weeks=4)
"""Age, from their start, at which records of ended runs are removed."""
LATEST = 20_000
"""Bytes at the end of a log that are returned."""
CANCELLED = "Cancelled. What was finished is kept; starting the same again goes on from there."
DIED = (
    "The run ended without a word, as when memory runs out or the machine is switched off: see its log. What was"
    " finished is kept; starting the same again goes on from there."
)
_START_FORMAT = "%Y%m%d-%H%M%S"
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_OVERWRITTEN = re.compile(r"^[^\n]*\r(?!\n)|\x1b\[[0-9;?]*[A-Za-z]", re.MULTILINE)
"""Text that a terminal would have drawn over, and colour codes."""


@attrs.frozen
class Job:
    """One task: a run, the making of images, or the fetching of recordings.

    Its process holds the lock in the folder as long as it lives, so that the state is right however the process ends.
    """

    folder: Path

    @property
    def experiment_file(self) -> Path:
        """The file with the experiment of a run, as `covey run` reads it."""
        return self.folder / EXPERIMENT_FILE

    @property
    def title(self) -> str:
        """What is done, such as "Making images"."""
        return next((title for name, title in TITLES.items() if (self.folder / name).exists()), "Damaged record")

    @property
    def is_run(self) -> bool:
        """Whether it runs an experiment."""
        return self.experiment_file.exists()

    @property
    def lock(self) -> Path:
        """The file that the process locks."""
        return self.folder / "lock"

    @property
    def progress(self) -> Path:
        """The file with the progress of the current step."""
        return self.folder / "progress.json"

    @property
    def started(self) -> datetime:
        """When the run was started."""
        return datetime.strptime(self.folder.name.rpartition("-")[0], _START_FORMAT)

    @property
    def state(self) -> State:
        """State of the run; "waiting" while its process starts."""
        return self._outcome[0]

    @property
    def message(self) -> str:
        """How the run ended, in sentences; "" before it ends."""
        return self._outcome[1]

    @property
    def stage(self) -> Stage | None:
        """The current step; None before the first."""
        return read_stage(self.progress)

    @property
    def log(self) -> str:
        """The end of the output of the run and its libraries."""
        try:
            with (self.folder / "log.txt").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LATEST))
                return _OVERWRITTEN.sub("", file.read().decode("utf-8", "replace"))
        except OSError:
            return ""

    @property
    def experiment_text(self) -> str:
        """The experiment as TOML; "" if it cannot be read."""
        try:
            return read_text(self.experiment_file, "replace")
        except OSError:
            return ""

    @property
    def components(self) -> list[str]:
        """The names of the components of the experiment; empty if it cannot be read."""
        try:
            document = tomllib.loads(self.experiment_text)
            return [str(section["use"]) for kind in STEPS for section in document.get(kind, [])]
        except (ValueError, RecursionError, KeyError, TypeError):
            return []

    def mark_started(self) -> None:
        """Record this process as that of the run. Raises CoveyError."""
        with suppress(CoveyError):  # a run that cannot be remembered cannot be cancelled from here, no more
            remember_process(self.folder)
        _write_json(self._process, {"pid": os.getpid(), "host": platform.node()})

    def mark_ended(self, state: State, message: str) -> None:
        """Record how the run ended. Raises CoveyError."""
        forget_process(self.folder)
        _write_json(self._end, {"state": state, "message": message})

    def cancel(self) -> None:
        """End the process, by force if necessary, and return when it has ended.

        Raises:
            CoveyError: this user's covey did not start it on this machine, or it does not end.
        """
        kill: signal.Signals = getattr(signal, "SIGKILL", signal.SIGTERM)
        self._wait_until(lambda: self.state != "waiting")
        for signal_number in (signal.SIGTERM, kill):
            if self.state == "running":
                self._send(signal_number)
                self._wait_until(lambda: self.state != "running")
        if self.state == "running":
            raise CoveyError(f"The run {self.folder} does not end: end its process, and look again.")
        if not self._end.exists():
            self.mark_ended("cancelled", CANCELLED)

    def remove(self) -> None:
        """Remove the record of a run that has ended; its tables stay.

        Raises:
            CoveyError: the run has not ended, or its folder cannot be removed.
        """
        if self.state not in ENDED:
            raise CoveyError(f"The run {self.folder} has not ended: cancel it first.")
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise CoveyError(f"{self.folder} cannot be removed ({reason(error)}): delete it yourself.") from error

    @property
    def _process(self) -> Path:
        return self.folder / "process.json"

    @property
    def _end(self) -> Path:
        return self.folder / "end.json"

    @property
    def _outcome(self) -> tuple[State, str]:
        has_started = self._process.exists()
        is_running = has_started and (_is_locked(self.lock) or find_process(self.folder) is not None)
        record = _read_json(self._end)  # read last: a process writes it before it releases the lock
        for state in ENDED:
            if record.get("state") == state:
                return state, str(record.get("message", ""))
        if not has_started:
            return "waiting", ""
        return ("running", "") if is_running else ("failed", DIED)

    def _send(self, number: signal.Signals) -> None:
        """Send a signal to the process and to its children, if this user's covey started it."""
        pid = find_process(self.folder)
        if pid is None:
            host = str(_read_json(self._process).get("host", ""))[:100]
            raise CoveyError(f"You did not start this run on this machine: cancel it where it was started ({host}).")
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                os.kill(pid, number)
            else:
                os.killpg(pid, number)

    def _wait_until(self, is_reached: Callable[[], bool]) -> None:
        """Wait until a condition is true, at most ENDING seconds."""
        end = time.monotonic() + ENDING
        while not is_reached() and time.monotonic() < end:
            time.sleep(0.05)


def start_job(task: Task, dataset: Dataset, registry: Registry) -> Job:
    """Start a task in a process of its own; its record is stored with the dataset.

    It does the same as `covey run`, `covey spectrograms` or `covey fetch`. Records of jobs that ended long ago are
    removed.

    Raises:
        CoveyError: the record cannot be written.
    """
    _remove_old_jobs(dataset)
    job = Job(make_folder(_jobs_folder(dataset) / _name_job(datetime.now())))
    write_task(task, job.folder, registry)
    output_settings = {"PYTHONIOENCODING": "utf-8:backslashreplace", "PYTHONUNBUFFERED": "1"}
    with (job.folder / "log.txt").open("xb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "covey.experiments.jobs.worker", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **output_settings},
            start_new_session=sys.platform != "win32",  # so that it outlives an interruption of this program
            creationflags=_detached_process_flags(),
        )
    threading.Thread(target=_watch_process, args=(process, job), daemon=True).start()
    return job


def _name_job(start: datetime) -> str:
    """Return the name of a new job's folder: by their names jobs are sorted, to the microsecond, by their start."""
    return f"{start:{_START_FORMAT}}-{start.microsecond:05x}{secrets.token_hex(2)[:3]}"


def list_jobs(dataset: Dataset) -> list[Job]:
    """Return the jobs of a dataset, the latest first."""
    home = _jobs_folder(dataset)
    folders = sorted(home.iterdir(), reverse=True) if home.is_dir() else []
    return [Job(folder) for folder in folders if _is_job_name(folder.name) and folder.is_dir()]


def _is_job_name(name: str) -> bool:
    with suppress(ValueError):
        return bool(_ID.fullmatch(name) and datetime.strptime(name.rpartition("-")[0], _START_FORMAT))
    return False


def _remove_old_jobs(dataset: Dataset) -> None:
    """Remove the records of runs that ended long ago, as far as possible."""
    for job in list_jobs(dataset):
        if datetime.now() - job.started > MAX_AGE:
            with suppress(CoveyError):
                job.remove()


def _jobs_folder(dataset: Dataset) -> Path:
    return work_folder(dataset) / "jobs"


def _detached_process_flags() -> int:
    """Return the flags of a process on Windows that outlives an interruption of this program; 0 elsewhere."""
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0


def _watch_process(process: subprocess.Popen[bytes], job: Job) -> None:
    """Wait for the end of a process, and record a failure if it never started the run."""
    process.wait()
    if job.folder.is_dir() and job.state == "waiting":
        job.mark_ended("failed", DIED)


def _is_locked(lock_file: Path) -> bool:
    try:
        with hold_run_lock(lock_file):
            return False
    except LockHeldError:
        return True
    except CoveyError:  # a lock that cannot be opened is held by nobody
        return False


def _write_json(path: Path, document: Mapping[str, object]) -> None:
    write_text(path, json.dumps(document))


def _read_json(path: Path) -> dict[str, object]:
    """Return the object in a JSON file; empty if it cannot be read."""
    try:
        document: object = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
