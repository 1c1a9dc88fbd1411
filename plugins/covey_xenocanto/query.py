"""The form of a query: tags and nothing else. What tags mean, xeno-canto judges."""

from __future__ import annotations

import re

from covey import CoveyError

_TAG = re.compile(r'[A-Za-z][\w-]*:(?:"[^"]*"|[^\s"]+)')
_KEY = re.compile(r"\bkey[:=]|\b[0-9a-f]{32,}\b", re.IGNORECASE)
"""What looks like a key in the wrong place: it is neither sent nor shown."""
_EXAMPLE = 'gen:Parus cnt:"United Kingdom" q:A len:5-20'


def check_query(query: str) -> str:
    """Return a query that consists of tags, such as `gen:Parus q:A`, without blanks around it.

    Raises:
        CoveyError: it is empty, some of it is no tag, or a key stands in it.
    """
    if _KEY.search(query):
        raise CoveyError(
            "The key is no part of the query: it is stored by itself, as the key of xeno-canto, and shown nowhere."
        )
    rest = " ".join(_TAG.sub(" ", query).split())
    if not query.strip():
        raise CoveyError(f"The query is empty: xeno-canto is asked by tags, such as {_EXAMPLE}")
    if rest:
        advice = "write name:value, with quotation marks around a value with blanks, such as"
        raise CoveyError(f"{rest[:80]!r} in the query is no tag of xeno-canto: {advice} {_EXAMPLE}")
    return query.strip()
