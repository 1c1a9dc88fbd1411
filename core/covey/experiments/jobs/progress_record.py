"""How far a run is, kept in a file that others read while it goes on."""

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
from covey._base.files import replace_file
from covey._base.progress import Progress, Step
from covey._base.text import count_noun

BEAT = 0.5
"""Seconds between two writings of the file."""
SETTLED = 5.0
"""Seconds after which it can be told how long a step takes."""


@attrs.define(kw_only=True, eq=False)
class Stage(Step):
    """The step that a run is at: `done` of `total` units, what it says just now, when it began (seconds since 1970)."""

    title: str
    total: int
    unit: str
    done: int = 0
    saying: str = ""
    begun: float = attrs.field(factory=time.time)

    def advance(self, count: int = 1) -> None:
        """`count` more units are done."""
        self.done += count

    def say(self, text: str) -> None:
        """Say what is being done just now."""
        self.saying = text

    @property
    def share(self) -> float:
        """The part that is done, from 0 to 1."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes if it goes on as it did; None while that cannot be told."""
        passed = time.time() - self.begun
        return (
            passed / self.done * (self.total - self.done) if 0 < self.done < self.total and passed > SETTLED else None
        )


class Record(Progress):
    """Writes a line for each step and note to standard error, and now and then to a file how far the step is."""

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
        """Write how far the step is, if that has changed."""
        text = json.dumps(attrs.asdict(self.stage)) if self.stage else ""
        if text != self.written:
            with (
                suppress(CoveyError),
                replace_file(self.path, durable=False) as file,
            ):  # Windows: someone may be reading
                file.write(text.encode("utf-8"))
                self.written = text


@contextmanager
def record_progress(path: Path) -> Iterator[Record]:
    """Keep a file up to date while the block runs."""
    record, ended = Record(path), threading.Event()

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
    """Return how far a run is; None when nothing can be read."""
    try:
        document = json.loads(path.read_text("utf-8"))
        title, unit, saying = (str(document[key]) for key in ("title", "unit", "saying"))
        total, done, begun = int(document["total"]), int(document["done"]), float(document["begun"])
        return Stage(title=title, total=total, unit=unit, done=done, saying=saying, begun=begun)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
