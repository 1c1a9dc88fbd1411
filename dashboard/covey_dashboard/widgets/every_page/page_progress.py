"""Progress of a step that a person waits for on the page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from covey.frontend import Progress, Step

REDRAW_S = 0.3
"""Seconds between two changes of what is shown."""


@attrs.define(eq=False)
class _ShownStep(Step):
    """A step with its line on the page."""

    place: DeltaGenerator
    title: str
    total: int
    unit: str
    done: int = 0
    message: str = ""
    drawn_at: float = 0.0

    def advance(self, count: int = 1) -> None:
        """Count more units as done."""
        self.done += count
        self._draw()

    def say(self, text: str) -> None:
        """Show what the step is doing."""
        self.message = text
        self._draw()

    def _draw(self) -> None:
        if time.monotonic() - self.drawn_at < REDRAW_S:
            return
        self.drawn_at = time.monotonic()
        amount = f"{self.done:,} of {self.total:,}" if self.total else f"{self.done:,}"
        self.place.text(f"{self.title}: {amount} {self.unit}s{self.message and f', {self.message}'}")


class PageProgress(Progress):
    """Shows each step as a line on the page, which goes when the step is over."""

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step, which is over when the block ends."""
        place = st.empty()
        place.text(title)
        try:
            yield _ShownStep(place, title, total, unit)
        finally:
            place.empty()
