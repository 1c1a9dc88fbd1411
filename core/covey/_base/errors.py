"""The one kind of error that covey shows to a person."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CoveyError(Exception):
    """One sentence that says what went wrong, where, and what to do about it."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the known names nearest to `given`, or "" when none is near."""
    lowered = {name.lower(): str(name) for name in known}
    near = get_close_matches(given.lower(), lowered, n=2, cutoff=0.6)
    if not near:
        return ""
    return f" Did you mean {' or '.join(repr(lowered[name]) for name in near)}?"


def reason(error: BaseException) -> str:
    """Return the error in one line: what the system said, without its number or its traceback."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()).rstrip(".") or type(error).__name__
