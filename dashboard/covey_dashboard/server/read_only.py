"""Read-only mode: everybody may look at one dataset, and nobody can change, run, fetch or open anything."""

from __future__ import annotations

import os

from covey import CoveyError
from covey_dashboard.server import server

REASON = "This dashboard is read-only. To label, run or open datasets, start covey on your own machine."


def is_read_only() -> bool:
    """Whether this dashboard was started with --read-only."""
    return bool(os.environ.get(server.READ_ONLY))


def refuse_if_read_only() -> None:
    """Raise CoveyError in read-only mode. It stands before everything that changes, runs, fetches or opens."""
    if is_read_only():
        raise CoveyError(REASON)
