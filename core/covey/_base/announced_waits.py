"""Pauses in which a person sees why nothing happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SHORTEST_S = 2.0
"""Shorter pauses are over before anybody has read why there is one."""
_announce: ContextVar[Callable[[str], None]] = ContextVar("announce", default=lambda text: None)


@contextmanager
def waits_announced(say: Callable[[str], None]) -> Iterator[None]:
    """Let `wait` say why it waits while the block runs, to a step of a progress bar for example."""
    token = _announce.set(say)
    try:
        yield
    finally:
        _announce.reset(token)


def wait(seconds: float, cause: str) -> None:
    """Wait, and say how long and why unless that is short."""
    if seconds >= _SHORTEST_S:
        _announce.get()(f"waiting {seconds:,.0f} s: {cause}")
    time.sleep(seconds)
    if seconds >= _SHORTEST_S:
        _announce.get()("trying again")
