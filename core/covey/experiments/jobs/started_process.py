"""The processes of jobs that this user's covey started: only these may ever be ended.

They are remembered in the user's data folder. What a dataset says about a process may be a stranger's invention: its
number could be that of any program of the user's.
"""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from pathlib import Path

import psutil

from covey._base.digests import digest
from covey._base.files import make_folder, write_text
from covey._base.user_folders import user_data_folder


def remember_process(job: Path) -> None:
    """Remember that this process works on the job in a folder. Raises CoveyError when that cannot be written."""
    record = _record(job)
    make_folder(record.parent)
    write_text(record, json.dumps(_describe(psutil.Process(os.getpid()))))


def find_process(job: Path) -> int | None:
    """Return the number of the process that this user's covey started for a job, if it still runs on this machine."""
    try:
        record = json.loads(_record(job).read_text("utf-8"))
        running = _describe(psutil.Process(int(record["pid"])))
    except (OSError, ValueError, RecursionError, KeyError, TypeError, psutil.Error):
        return None
    return int(record["pid"]) if record == running else None


def forget_process(job: Path) -> None:
    """Forget the process of a job that has ended."""
    with suppress(OSError):  # what stays there is the number of a process that has ended
        _record(job).unlink()


def _describe(process: psutil.Process) -> dict[str, int | float | str]:
    """Return what no other process has in common with this one: numbers of processes are used again."""
    return {"pid": process.pid, "started": process.create_time(), "host": platform.node()}


def _record(job: Path) -> Path:
    return user_data_folder() / "jobs" / f"{digest(str(job.resolve()))[:32]}.json"
