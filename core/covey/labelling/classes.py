"""The classes that images are labelled with: a name and a colour."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

import attrs

from covey._base.errors import CoveyError
from covey._base.palette import PALETTE

LONGEST = 500
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@attrs.frozen
class LabelClass:
    """A class, its colour as #rrggbb, and how many images have it."""

    name: str
    colour: str
    count: int


def class_name(text: str) -> str:
    """Return a class name without spaces around it.

    Raises:
        CoveyError: it is empty, longer than 500 characters, or has control characters in it.
    """
    name = text.strip()
    if not name:
        raise CoveyError("A class needs a name: write one.")
    if len(name) > LONGEST:
        raise CoveyError(f"The class name {name[:40]!r}… has {len(name):,} characters: shorten it to {LONGEST}.")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in name):
        raise CoveyError(f"The class name {name[:80]!r} has signs in it that cannot be seen: take them out.")
    return name


def isolate_text(name: str) -> str:
    """Return a name for a sentence, the words of which it cannot turn round: signs may change the way of writing."""
    return name if name.isprintable() else f"\u2068{name}\u2069"


def class_colour(text: str) -> str:
    """Return a colour as #rrggbb in small letters. Raises CoveyError."""
    colour = text.lower()
    if not _COLOUR.fullmatch(colour):
        raise CoveyError(f"{text[:40]!r} is no colour: write it as #rrggbb.")
    return colour


def free_colour(used_colours: Collection[str], number: int) -> str:
    """Return the first colour of the palette that is not taken; when all are, they come round again by number."""
    return next((colour for colour in PALETTE if colour not in used_colours), PALETTE[number % len(PALETTE)])
