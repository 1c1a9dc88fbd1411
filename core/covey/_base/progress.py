"""How a long step tells how far it is. What shows it (terminal, dashboard, nothing) is chosen by the caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
FEW = 3
"""Names that stand for many."""


class Step:
    """One step under way; this one says nothing."""

    def advance(self, count: int = 1) -> None:
        """`count` more units are done."""

    def say(self, text: str) -> None:
        """Say what is being done just now, such as "compiling"; "" for nothing special."""

    def tick(self, value: T) -> T:
        """One unit is done: return its result."""
        self.advance()
        return value


class Progress:
    """Shows steps as they go; this one shows nothing."""

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step of `total` units, such as images."""
        yield Step()

    def note(self, text: str) -> None:
        """Tell something that a person should know: a broken image, a kept step."""


def some(names: Sequence[str], count: int | None = None) -> str:
    """Return the first of `names` and how many more there are; `count` is their number where not all are given."""
    more = (len(names) if count is None else count) - FEW
    return ", ".join(names[:FEW]) + (f" and {more:,} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """Return a number of things: "1 image", "1,047 images", "2 classes"; a sign such as "MB" has no plural."""
    plural = noun if noun.isupper() else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def having(count: int, total: int, noun: str) -> str:
    """Return how many of a thing have what is said next: "1 of 24 images has", "23 of 24 images have"."""
    return f"{count:,} of {counted(total, noun)} {'has' if 1 in (count, total) else 'have'}"


SILENT = Progress()
