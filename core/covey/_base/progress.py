"""Progress of long steps. The caller chooses what shows it: a terminal, the dashboard, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Step:
    """One running step; this one shows nothing."""

    def advance(self, count: int = 1) -> None:
        """Count `count` more units as done."""

    def say(self, text: str) -> None:
        """Show what the step is doing right now, such as "compiling"; "" for nothing special."""

    def tick(self, unit: T) -> T:
        """Count one unit as done, and return what it gave."""
        self.advance()
        return unit


class Progress:
    """Shows the progress of steps; this one shows nothing."""

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step, which is over when the block ends.

        Args:
            title: what is done, such as "Extracting features".
            total: how many units there are to do; 0 if that is not known.
            unit: noun for one of them in the singular, such as "image"; its plural is made from it.
        """
        yield Step()

    def note(self, text: str) -> None:
        """Show a note that a person should read, such as the name of a broken image."""


SILENT = Progress()
