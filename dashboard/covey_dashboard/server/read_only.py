"""Read-only mode: everybody may look at some datasets, and nobody can change, run, fetch or open anything.

What visitors label is in a copy of the labels that each visit has for itself.
"""

from __future__ import annotations

import os

from covey import CoveyError
from covey_dashboard.server import server

REASON = "This dashboard is read-only. To run or open datasets, start covey on your own machine."
NO_DATASET = "This dashboard shows no dataset yet: whoever runs it names one in the setting COVEY_DATASET."
VISIT_LABELS = "Your labels are for you alone and end with this visit: download them on the page Labels."


def is_read_only() -> bool:
    """Whether this dashboard was started with --read-only."""
    return bool(os.environ.get(server.READ_ONLY))


def list_shown_locations() -> list[str]:
    """Return the datasets that can be looked at in read-only mode, that which is open at first before the others."""
    return os.environ.get(server.LOCATION, "").splitlines()


def refuse_if_read_only() -> None:
    """Raise CoveyError in read-only mode. It stands before everything that changes, runs, fetches or opens."""
    if is_read_only():
        raise CoveyError(REASON)
