"""Words: numbers of things, lists of names."""

from __future__ import annotations

from collections.abc import Sequence

from covey._base.errors import shorten

FEW = 3
"""How many names are written out where there are many."""


def preview(names: Sequence[str], count: int | None = None) -> str:
    """Return the first names, shortened, and how many more there are: "a, b, c and 7 more".

    `count` is the total where `names` holds only the first of them.
    """
    more = (len(names) if count is None else count) - FEW
    return ", ".join(map(shorten, names[:FEW])) + (f" and {more:,} more" if more > 0 else "")


def count_noun(count: int, noun: str) -> str:
    """Return a number of things: "1 image", "1,047 images", "2 classes"; a unit such as "MB" has no plural."""
    plural = noun if noun.isupper() else f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def count_having(count: int, total: int, noun: str) -> str:
    """Return the subject and verb of a sentence: "1 of 24 images has", "23 of 24 images have"."""
    return f"{count:,} of {count_noun(total, noun)} {'has' if 1 in (count, total) else 'have'}"


def escape_undecodable(text: str) -> str:
    """Return a text that any file and terminal can take: bytes of a file name that are no UTF-8 become "\\udcff"."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
