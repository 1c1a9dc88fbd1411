"""What is odd about a table though it can be read: told, so that a person can decide."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from covey._base.text import preview
from covey.data.images import escapes_folder
from covey.data.tables import Clustering, Embedding, Extra, Features, LearnedState, Table

LONGEST_NAME = 200
"""The longest name costs each image four bytes for every character of its own."""


def find_oddities(table: Table) -> list[str]:
    """Return one sentence for each thing that is odd."""
    names = table.names.tolist()
    names_by_oddity = {
        "Names that stand there more than once": _find_repeated(names, str),
        "Names that differ only in upper and lower case or in Unicode form from others": _twins(names),
        "Names that lead out of the image folder, and are never opened": list(filter(escapes_folder, names)),
        "Names that are no valid text": [ascii(name) for name in names if not _is_text(name)],
        f"Names longer than {LONGEST_NAME} characters, which make the file large": [
            name[:50] + "…" for name in names if len(name) > LONGEST_NAME
        ],
        "Images with values that are not finite": table.names[~_finite(table)].tolist(),
    }
    return [f"{oddity}: {preview(odd)}." for oddity, odd in names_by_oddity.items() if odd]


def _find_repeated(names: Sequence[str], form: Callable[[str], str]) -> list[str]:
    """Return the names of which there are several in one form, each once."""
    groups = defaultdict(list)
    for name in names:
        groups[form(name)].append(name)
    return [name for group in groups.values() if len(group) > 1 for name in dict.fromkeys(group)]


def _twins(names: Sequence[str]) -> list[str]:
    return _find_repeated(list(dict.fromkeys(names)), lambda name: unicodedata.normalize("NFC", name).casefold())


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _finite(table: Table) -> NDArray[np.bool_]:
    """Return which rows are finite."""
    match table:
        case Features():
            values = table.X
        case Embedding():
            values = np.hstack([table.Z, table.map])
        case Clustering():
            values = np.empty((len(table.names), 0), dtype=np.float32)
        case LearnedState():
            return np.ones(len(table.names), dtype=np.bool_)  # none of its values is of one image
        case Extra():
            numbers = [array for array in table.columns.values() if array.dtype.kind == "f"]
            values = np.hstack([np.empty((len(table.names), 0), dtype=np.float32), *numbers])
    return np.asarray(np.isfinite(values).all(axis=1))
