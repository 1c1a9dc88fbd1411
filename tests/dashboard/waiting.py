"""Waiting for a state, however busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""Seconds after which a state is taken never to come: only a test that fails waits so long."""


def wait_until(is_reached: Callable[[], bool]) -> None:
    """Wait until a state is reached."""
    end = time.monotonic() + PATIENCE_S
    while not is_reached():
        assert time.monotonic() < end
        time.sleep(0.05)
