"""The error that covey shows to its users, and words for errors."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_LINE = 400
"""Characters: a damaged file may be quoted at any length."""


class CoveyError(Exception):
    """An error for the user: one sentence that says what went wrong, where, and what to do."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" with the names most similar to a word; "" if none is similar."""
    names_by_lower = {name.lower(): str(name) for name in names}
    similar = get_close_matches(word.lower(), names_by_lower, n=2, cutoff=0.6)
    if not similar:
        return ""
    return f" Did you mean {' or '.join(repr(names_by_lower[name]) for name in similar)}?"


def in_terminal(command: str) -> str:
    """Return a command as it stands in messages that somebody without a terminal may read: with whom to ask for it."""
    return f"{command} in a terminal (without one, ask whoever looks after covey for you)"


def reason(error: BaseException) -> str:
    """Return the message of an error in one line, without error number and final full stop, shortened if very long."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join(text.split()).rstrip(".") or type(error).__name__
    return shorten(line)


def shorten(line: str) -> str:
    """Return a line of a message, cut off where it is too long to be read."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ..."
