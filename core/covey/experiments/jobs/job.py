"""A job: one run in a process of its own, and its folder, which tells everything about it."""

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
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, write_text
from covey._base.run_lock import hold_run_lock
from covey.components.kinds import STEPS
from covey.data.dataset import Dataset
from covey.experiments.experiment import Experiment
from covey.experiments.jobs import progress_record as record
from covey.experiments.jobs.export_experiment import to_toml
from covey.experiments.jobs.progress_record import Stage
from covey.experiments.pipeline import work_folder
from covey.plugins.registry import Registry

State = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")
ENDING = 5.0
"""Seconds that a run may take to begin, and to end, before it is made to."""
KEPT = timedelta(weeks=4)
"""How long the record of a run that has ended is kept after its beginning."""
LATEST = 20_000
"""Bytes of a log that are shown."""
CANCELLED = "Cancelled. What was finished is kept; starting the same again goes on from there."
DIED = (
    "The run ended without a word, as when memory runs out or the machine is switched off: see its log. What was"
    " finished is kept; starting the same again goes on from there."
)
_BEGUN = "%Y%m%d-%H%M%S"
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_DRAWN = re.compile(r"^[^\n]*\r(?!\n)|\x1b\[[0-9;?]*[A-Za-z]", re.MULTILINE)
"""What a terminal would have drawn over: bars, colours."""


@attrs.frozen
class Job:
    """One run. The process that works on it holds the lock in its folder, however it was started and may end."""

    folder: Path

    @property
    def experiment(self) -> Path:
        """The experiment, as `covey run` takes it."""
        return self.folder / "covey.toml"

    @property
    def lock(self) -> Path:
        """The file that the process holds."""
        return self.folder / "lock"

    @property
    def progress(self) -> Path:
        """The file that says how far it is."""
        return self.folder / "progress.json"

    @property
    def begun(self) -> datetime:
        """When it was started."""
        return datetime.strptime(self.folder.name.rpartition("-")[0], _BEGUN)

    @property
    def state(self) -> State:
        """Where it stands; "waiting" while its process is starting."""
        return self._outcome[0]

    @property
    def message(self) -> str:
        """How it ended, in sentences; "" while it has not."""
        return self._outcome[1]

    @property
    def stage(self) -> Stage | None:
        """The step that it is at; None before the first."""
        return record.read_stage(self.progress)

    @property
    def log(self) -> str:
        """The end of what the run and its libraries said."""
        try:
            with (self.folder / "log.txt").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LATEST))
                return _DRAWN.sub("", file.read().decode("utf-8", "replace"))
        except OSError:
            return ""

    @property
    def text(self) -> str:
        """The experiment, as it is written; "" where it cannot be read."""
        try:
            return self.experiment.read_text("utf-8", "replace")
        except OSError:
            return ""

    @property
    def components(self) -> list[str]:
        """The names of what works in it."""
        try:
            document = tomllib.loads(self.text)
            return [str(section["use"]) for kind in STEPS for section in document[kind]]
        except (ValueError, KeyError, TypeError):
            return []

    def begin(self) -> None:
        """This process works on it from now on. Raises CoveyError."""
        _write(self._process, {"pid": os.getpid(), "host": platform.node()})

    def end(self, state: State, message: str) -> None:
        """It has ended so. Raises CoveyError."""
        _write(self._end, {"state": state, "message": message})

    def cancel(self) -> None:
        """End the process, by force if need be, and return when it has ended.

        Raises:
            CoveyError: it is at work on another machine, or does not end.
        """
        self._await(lambda: self.state != "waiting")
        for how in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            if self.state == "running":
                self._send(how)
                self._await(lambda: self.state != "running")
        if self.state == "running":
            raise CoveyError(f"The run {self.folder} does not end: end its process, and look again.")
        if not self._end.exists():
            self.end("cancelled", CANCELLED)

    def remove(self) -> None:
        """Remove the record of a run that has ended; what it made stays.

        Raises:
            CoveyError: it has not ended, or its folder cannot be removed.
        """
        if self.state not in ENDED:
            raise CoveyError(f"The run {self.folder} has not ended: cancel it first.")
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise CoveyError(f"{self.folder} cannot be removed ({reason(error)}): do so yourself.") from error

    @property
    def _process(self) -> Path:
        return self.folder / "process.json"

    @property
    def _end(self) -> Path:
        return self.folder / "end.json"

    @property
    def _outcome(self) -> tuple[State, str]:
        begun = self._process.exists()
        locked = begun and _is_locked(self.lock)
        ended = _read(self._end)  # read last: a process writes it before it lets go of the lock
        if ended.get("state") in ENDED:
            return ended["state"], str(ended.get("message", ""))
        if not begun:
            return "waiting", ""
        return ("running", "") if locked else ("failed", DIED)

    def _send(self, how: signal.Signals) -> None:
        """Send a signal to the process and to what it has started; only the one that holds the lock can be meant."""
        owner = _read(self._process)
        if owner.get("host") != platform.node():
            raise CoveyError(f"This run is at work on another machine ({owner.get('host')}): cancel it there.")
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                os.kill(owner["pid"], how)
            else:
                os.killpg(owner["pid"], how)

    def _await(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + ENDING
        while not reached() and time.monotonic() < end:
            time.sleep(0.05)


def start_job(experiment: Experiment, dataset: Dataset, registry: Registry) -> Job:
    """Start a run of an experiment, which does the same as `covey run` and is kept with the dataset.

    The records of runs that ended long ago go.
    Raises CoveyError when nothing can be written there.
    """
    _forget(dataset)
    name = f"{datetime.now():{_BEGUN}}-{secrets.token_hex(4)}"
    job = Job(make_folder(_home(dataset) / name))
    write_text(job.experiment, to_toml(experiment, registry))
    spoken = {"PYTHONIOENCODING": "utf-8:backslashreplace", "PYTHONUNBUFFERED": "1"}
    with (job.folder / "log.txt").open("xb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "covey.experiments.jobs.worker", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **spoken},
            **_detached_process_options(),
        )
    threading.Thread(target=_attend, args=(process, job), daemon=True).start()
    return job


def list_jobs(dataset: Dataset) -> list[Job]:
    """Return the jobs of a dataset, the last one first."""
    home = _home(dataset)
    folders = sorted(home.iterdir(), reverse=True) if home.is_dir() else []
    return [Job(folder) for folder in folders if _is_name(folder.name) and folder.is_dir()]


def _is_name(name: str) -> bool:
    with suppress(ValueError):
        return bool(_ID.fullmatch(name) and datetime.strptime(name.rpartition("-")[0], _BEGUN))
    return False


def _forget(dataset: Dataset) -> None:
    """Remove the records of runs that ended long ago, where that can be done."""
    for job in list_jobs(dataset):
        if datetime.now() - job.begun > KEPT:
            with suppress(CoveyError):
                job.remove()


def _home(dataset: Dataset) -> Path:
    return work_folder(dataset) / "jobs"


def _detached_process_options() -> dict[str, Any]:
    """Return what keeps a process alive when the program that started it is interrupted."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _attend(process: subprocess.Popen[bytes], job: Job) -> None:
    """Wait for the end of a process, and tell if it never began."""
    process.wait()
    if job.folder.is_dir() and job.state == "waiting":
        job.end("failed", DIED)


def _is_locked(path: Path) -> bool:
    try:
        with hold_run_lock(path):
            return False
    except CoveyError:
        return True


def _write(path: Path, document: dict[str, Any]) -> None:
    write_text(path, json.dumps(document))


def _read(path: Path) -> dict[str, Any]:
    """Return what a small file says; nothing where it cannot be read."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
