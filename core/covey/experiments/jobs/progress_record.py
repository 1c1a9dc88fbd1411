"""The progress of a run in a file, which other processes read while the run works."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey._base.files import read_text, replace_file
from covey._base.progress import Progress, Step
from covey._base.text import count_noun

BEAT = 0.5
"""Seconds between two updates of the file."""
SETTLED = 5.0
"""Seconds of a step after which its remaining time is estimated."""


@attrs.define(kw_only=True, eq=False)
class Stage(Step):
    """The current step of a run.

    Attributes:
        title: what the step does.
        total: number of units.
        unit: noun for one unit, such as "image".
        done: number of units that are done.
        message: what the step does at the moment, or "".
        started: when the step started, in seconds since 1970.
    """

    title: str
    total: int
    unit: str
    done: int = 0
    message: str = ""
    started: float = attrs.field(factory=time.time)

    def advance(self, count: int = 1) -> None:
        """Count more units as done."""
        self.done += count

    def say(self, text: str) -> None:
        """Set the message."""
        self.message = text

    @property
    def share(self) -> float:
        """The share that is done, 0 to 1."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the step is done, at its mean speed so far; None if there is no estimate yet."""
        passed = time.time() - self.started
        if passed <= SETTLED or not 0 < self.done < self.total:
            return None
        return passed / self.done * (self.total - self.done)


class ProgressRecord(Progress):
    """Writes each step and note as a line to standard error, and the progress of the current step to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stage: Stage | None = None
        self.written = ""

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step of `total` units, such as images."""
        self.note(f"{title}: {count_noun(total, unit)}")
        self.stage = Stage(title=title, total=total, unit=unit)
        yield self.stage

    def note(self, text: str) -> None:
        """Write a line with the time."""
        print(time.strftime("%H:%M:%S"), text, file=sys.stderr)

    def write(self) -> None:
        """Write the current step to the file, if it has changed."""
        text = json.dumps(attrs.asdict(self.stage)) if self.stage else ""
        if text != self.written:
            with suppress(CoveyError), replace_file(self.path, durable=False) as file:  # Windows: it may be open
                file.write(text.encode("utf-8"))
                self.written = text


@contextmanager
def record_progress(path: Path) -> Iterator[ProgressRecord]:
    """Update a progress file every half second while the block runs."""
    record, ended = ProgressRecord(path), threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            record.write()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield record
    finally:
        ended.set()
        thread.join()
        record.write()


def read_stage(path: Path) -> Stage | None:
    """Return the current step of a run from its progress file; None if that cannot be read."""
    try:
        document = json.loads(read_text(path))
        return Stage(
            title=str(document["title"]),
            total=int(document["total"]),
            unit=str(document["unit"]),
            done=int(document["done"]),
            message=str(document["message"]),
            started=float(document["started"]),
        )
    except (OSError, ValueError, RecursionError, KeyError, TypeError, OverflowError):
        return None
