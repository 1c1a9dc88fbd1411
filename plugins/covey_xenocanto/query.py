"""The form of a query: tags and nothing else. What tags mean, xeno-canto judges."""

from __future__ import annotations

import re

from covey import CoveyError

_TAG = re.compile(r'[A-Za-z][\w-]*:(?:"[^"]*"|[^\s"]+)')
_EXAMPLE = 'gen:Parus cnt:"United Kingdom" q:A len:5-20'


def check_query(query: str) -> str:
    """Return a query that consists of tags, such as `gen:Parus q:A`, without blanks around it.

    Raises:
        CoveyError: it is empty, or some of it is no tag.
    """
    rest = " ".join(_TAG.sub(" ", query).split())
    if not query.strip():
        raise CoveyError(f"The query is empty: xeno-canto is asked by tags, such as {_EXAMPLE}")
    if rest:
        advice = "write name:value, with quotation marks around a value with blanks, such as"
        raise CoveyError(f"{rest[:80]!r} in the query is no tag of xeno-canto: {advice} {_EXAMPLE}")
    return query.strip()
