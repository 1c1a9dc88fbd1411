"""The images that are most like something: images of the dataset, a sound, a picture, or words."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import attrs
import numpy as np

from covey import CoveyError, Features
from covey.frontend import (
    ColumnScale,
    Entry,
    is_entry_of,
    measure_columns,
    nearest_by_cosine,
    nearest_rows,
    nearest_to_points,
    rebuild_extractor,
)
from covey_dashboard.data.caching import cached, identify
from covey_dashboard.data.datasets import list_tables, load_table, registry
from covey_dashboard.data.selection import Rows
from covey_dashboard.data.similar.query_process import Way, describe_elsewhere

MOST = 200
"""Images that are found, at most."""


@attrs.frozen
class LikeImages:
    """Images of the dataset."""

    names: tuple[str, ...]


@attrs.frozen
class LikeSound:
    """A sound, as the content of its file; `suffix` is the ending of its name."""

    content: bytes = attrs.field(repr=False)
    suffix: str


@attrs.frozen
class LikePicture:
    """A picture, as the content of its file; `suffix` is the ending of its name."""

    content: bytes = attrs.field(repr=False)
    suffix: str


@attrs.frozen
class LikeWords:
    """A text."""

    text: str


Query = LikeImages | LikeSound | LikePicture | LikeWords
"""What is searched for."""


@identify.register
def _(query: LikeImages) -> object:
    return ["images", *query.names]


@identify.register
def _(query: LikeSound | LikePicture) -> object:
    return [type(query).__name__, query.suffix, sha256(query.content).hexdigest()]


@identify.register
def _(query: LikeWords) -> object:
    return ["words", query.text]


@attrs.frozen(eq=False)
class MostSimilar:
    """The names of the images that were found, the most similar first, and pictures of what was searched for."""

    names: Sequence[str]
    pictures: Sequence[bytes] = ()


def list_features_of(location: str) -> list[Entry[Features]]:
    """Return the features of a dataset that covey made or knows.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    return [entry for entry in list_tables(location).entries if is_entry_of(entry, Features)]


@cached(max_entries=64)
def reads_text(location: str, entry: Entry[Features]) -> bool:
    """Whether images can be searched by words through these features."""
    try:
        return rebuild_extractor(entry, registry()).reads_text
    except CoveyError:
        return False


@cached(max_entries=2)
def measure_features(location: str, entry: Entry[Features]) -> ColumnScale:
    """Return what searches by some features need to know of all of them.

    Raises:
        CoveyError: the file is gone or damaged.
    """
    return measure_columns(load_table(location, entry).X)


@cached(max_entries=8)
def find_similar(location: str, entry: Entry[Features], query: Query) -> MostSimilar:
    """Return the images of a dataset that are most like something, by some features.

    Raises:
        CoveyError: a file cannot be read, or what is searched for cannot be described.
    """
    table: Features = load_table(location, entry)
    match query:
        case LikeImages(names):
            scale = measure_features(location, entry)
            return MostSimilar(_name_rows(table, nearest_rows(table.X, _rows_of(table, names), MOST, scale)))
        case LikeWords(text):
            described = describe_elsewhere(location, entry.name, "words", text.encode())
            return MostSimilar(_name_rows(table, nearest_by_cosine(table.X, described.X, MOST)))
        case LikeSound(content, suffix):
            return _find_like_file(location, table, entry, "sound", content, suffix)
        case LikePicture(content, suffix):
            return _find_like_file(location, table, entry, "picture", content, suffix)


def _find_like_file(
    location: str, table: Features, entry: Entry[Features], way: Way, content: bytes, suffix: str
) -> MostSimilar:
    described = describe_elsewhere(location, entry.name, way, content, suffix)
    names = _name_rows(table, nearest_to_points(table.X, described.X, MOST, measure_features(location, entry)))
    return MostSimilar(names, tuple(described.pictures))


def _rows_of(table: Features, names: Sequence[str]) -> Rows:
    rows = np.flatnonzero(np.isin(table.names, names))
    if not len(rows):
        raise CoveyError("These features do not have the images that were chosen: choose other features or images.")
    return rows


def _name_rows(table: Features, rows: Rows) -> list[str]:
    names: list[str] = table.names[rows].tolist()
    return names
