"""Progress on a terminal: one bar a step; in a log file, one line a step."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from tqdm import tqdm

from covey._base.progress import Progress, Step
from covey._base.text import count_noun

BEAT = 1.0
"""Seconds between two redrawings of a bar, so that the time goes on while nothing else happens."""


def print_text(text: str, err: bool = False) -> None:
    """Print a text that may contain names from foreign files."""
    click.echo(strip_controls(text), err=err)


def strip_controls(text: str) -> str:
    """Return a text in which control characters, which could command the terminal, are replaced."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


class TerminalProgress(Progress):
    """Shows progress on standard error, so that standard output has only results."""

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Show a bar with units per second and the time left, or a line where there is no terminal."""
        if not sys.stderr.isatty():
            click.echo(f"{title}: {count_noun(total, unit)}" if total else title, err=True)
            yield Step()
            return
        with (
            tqdm(
                total=total or None,
                desc=title,
                unit=f" {unit}",
                bar_format=None if total else f"{{desc}}: {{n_fmt}} {unit}s [{{elapsed}}{{postfix}}]",
                dynamic_ncols=True,
                file=sys.stderr,
            ) as bar,
            _redraw_regularly(bar),
        ):
            yield _Bar(bar)

    def note(self, text: str) -> None:
        """Write a line above the bars."""
        tqdm.write(strip_controls(text), file=sys.stderr)


class _TqdmBar(Protocol):
    """The methods of a progress bar of tqdm, which has no types of its own."""

    def update(self, n: int) -> object: ...

    def set_postfix_str(self, s: str) -> object: ...

    def refresh(self) -> object: ...


class _Bar(Step):
    def __init__(self, bar: _TqdmBar) -> None:
        self.bar = bar

    def advance(self, count: int = 1) -> None:
        self.bar.update(count)

    def say(self, text: str) -> None:
        self.bar.set_postfix_str(text)


@contextmanager
def _redraw_regularly(bar: _TqdmBar) -> Iterator[None]:
    """Redraw a bar every second while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            bar.refresh()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
