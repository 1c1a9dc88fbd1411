"""Who gives labels."""

from __future__ import annotations

import getpass
import os
from functools import cache

LONGEST = 100


def current_author() -> str:
    """Return the name of the user: COVEY_USER, or as the system has it; "" if it has none."""
    name = os.environ.get("COVEY_USER", "").strip() or _system_user()
    return "".join(sign for sign in name if sign.isprintable())[:LONGEST]


@cache
def _system_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # Python before 3.13 raises what its lookup does
        return ""
