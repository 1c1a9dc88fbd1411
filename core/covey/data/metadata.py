"""Metadata: what is known of images, or of the recordings they were cut from, in a table beside them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import attrs

from covey._base import csvs
from covey._base.text import count_having, preview
from covey.data.dataset import Dataset
from covey.data.formats import parquet
from covey.data.legacy.file_names import METADATA_FILE
from covey.data.legacy.pickles import read_frame
from covey.data.metadata_join import Identifier, MetadataJoin, Way, join_rows
from covey.data.outside_paths import leads_outside
from covey.data.segment_names import SegmentName, parse_segment_names

Value = str | float | int | bool | None
Kind = Literal["text", "number"]

FILES = ("metadata.csv", "metadata.parquet", METADATA_FILE)
"""What a table of metadata is called; the first that is found counts."""
RECORDING, START = "recording", "start"
"""The columns that file names give: the recording of an image, and where its segment starts, in seconds."""
_NAMES = ("filename", "file_name")
_HEADS: Mapping[Way, Sequence[str]] = {"name": _NAMES, "stub": ("file_name_stub", RECORDING), "id": ("id",)}
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,17})?([eE][-+]?\d{1,2})?")


@attrs.frozen(eq=False)
class Metadata:
    """What is known of images.

    Each column has one value for each row of the table. `identifiers` say which images a row belongs to, `images` are
    all images of the dataset: a row that may belong to several recordings belongs to none. `segments` are the pieces of
    recordings that images show, where clips tell it.
    """

    path: Path | None = None
    columns: Mapping[str, Sequence[Value]] = attrs.field(factory=dict)
    identifiers: Sequence[Identifier] = ()
    images: Sequence[str] = ()
    segments: Mapping[str, SegmentName] = attrs.field(factory=dict)

    def of(self, names: Sequence[str]) -> dict[str, list[Value]]:
        """Return the columns with a value for each of these images, None where there is none.

        Before the columns of the table come `recording` and `start` (s), where file names tell them and the table has
        no column of that name.
        """
        rows = self.join(names).rows_by_image if self.identifiers else {}
        row_numbers = [rows.get(name) for name in names]
        columns = {
            head: [None if row is None else column[row] for row in row_numbers] for head, column in self.columns.items()
        }
        return {**_columns_from_names(names, {**parse_segment_names(names), **self.segments}), **columns}

    def join(self, names: Sequence[str]) -> MetadataJoin:
        """Return the row of each of these images, and of the other images of the dataset."""
        if set(names) <= set(self.images):
            return self._join_of_images
        return join_rows(self.identifiers, self.count, [*dict.fromkeys([*self.images, *names])], self.segments)

    @cached_property
    def _join_of_images(self) -> MetadataJoin:
        return join_rows(self.identifiers, self.count, self.images, self.segments)

    def matches(self, names: Sequence[str]) -> int:
        """Return how many of these images have metadata."""
        rows = self.join(names).rows_by_image
        return sum(name in rows for name in names)

    def describe(self, names: Sequence[str]) -> str:
        """Return in words how many of these images have metadata, which have none, and which rows are not used."""
        if self.path is None:
            return "There is no metadata."
        join = self.join(names)
        without = [name for name in names if name not in join.rows_by_image]
        sentences = [f"{self.path.name}: {count_having(len(names) - len(without), len(names), 'image')} metadata."]
        sentences += [f"Without: {preview(without)}."] if without else []
        sentences += [join.balance.describe()] if join.balance.left_out else []
        return " ".join(sentences)

    @property
    def count(self) -> int:
        """How many rows the table has."""
        rows = (identifier.row + 1 for identifier in self.identifiers)
        return max([len(next(iter(self.columns.values()), ())), *rows])

    @property
    def owners(self) -> dict[int, str]:
        """What each row belongs to, as the table has it: an image, a recording or a number at xeno-canto."""
        return {each.row: each.text for each in self.identifiers}

    @property
    def image_names(self) -> dict[int, str]:
        """The name of an image in each row that has one, as the table has it."""
        return {each.row: each.text for each in reversed(self.identifiers) if each.way == "name"}


def column_kind(column: Sequence[Value]) -> Kind:
    """Return whether a column holds numbers, or text (which yes and no count as)."""
    are_numbers = (isinstance(value, int | float) and not isinstance(value, bool) for value in column)
    return "number" if any(are_numbers) else "text"


def read_metadata(dataset: Dataset) -> Metadata:
    """Return the metadata of a dataset: of the first table beside its tables or its images, or else empty.

    Raises:
        CoveyError: there is a table that cannot be read.
    """
    images = dataset.images
    root = images.root if images else dataset.home
    folders = [root, *([root.parent] if root != dataset.home else [])]
    own = {path.name: path for path in dataset.files}
    paths = [*(own[name] for name in FILES if name in own), *(folder / name for folder in folders for name in FILES)]
    path = next((path for path in paths if path.is_file() and not leads_outside(path, path.parent)), None)
    if path is None:
        return Metadata()
    names = images.names() if images else []
    segments = {name: SegmentName(clip.stub, clip.start_s) for name, clip in dataset.clips(names).items()}
    return attrs.evolve(read_table(path, root), images=names, segments=segments)


def read_table(path: Path, root: Path) -> Metadata:
    """Return the metadata in a file, of images in the folder `root`.

    A row is found by `filename` or `file_name`, the name of an image (the latter may also count from the file's folder
    on, as Hugging Face has it) or of a sound file; by `file_name_stub` or `recording`; or by `id`, the number at
    xeno-canto.

    Raises:
        CoveyError: the file cannot be read.
    """
    columns = {
        head: [_plain(identifier) for identifier in column] for head, column in read_columns(path).items() if head
    }
    identifiers = list(_identifiers(columns, _relative_prefix(path.parent, root)))
    typed = {head: _typed(column) for head, column in columns.items() if _plain_head(head) not in _NAMES}
    return Metadata(path, typed, identifiers)


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Return the columns of a table of metadata as they are written, by their heads.

    Raises:
        CoveyError: the file cannot be read.
    """
    match path.suffix:
        case ".pkl":
            return read_frame(path)
        case ".parquet":
            return parquet.read(path)
    rows = csvs.read_csv_rows(path, "metadata")
    _, heads = next(rows, (0, []))
    cells = [[*row, *[""] * len(heads)] for _, row in rows]
    first_column_of = {head: column_index for column_index, head in reversed([*enumerate(heads)])}
    return {
        head: [row[column_index] for row in cells]
        for head, column_index in sorted(first_column_of.items(), key=lambda item: item[1])
    }


def _identifiers(columns: Mapping[str, Sequence[Value]], way_to_images: str) -> Iterator[Identifier]:
    """Yield what the rows say of the images that they belong to; the heads may be in any case."""
    heads = {_plain_head(head): head for head in reversed(list(columns))}
    for way, names in _HEADS.items():
        for name in names:
            prefix = way_to_images if name == "file_name" else ""
            for row, cell in enumerate(columns.get(heads.get(name, ""), ())):
                if cell not in (None, ""):
                    yield Identifier(row, way, str(cell).removeprefix(prefix))


def _plain_head(head: str) -> str:
    return "_".join(head.lower().replace("-", " ").split())


def _relative_prefix(folder: Path, root: Path) -> str:
    """Return what leads from a folder to the images: "images/"; "" where nothing does."""
    try:
        return f"{Path(os.path.relpath(root, folder)).as_posix()}/"
    except ValueError:  # another drive
        return ""


def _columns_from_names(names: Sequence[str], segments: Mapping[str, SegmentName]) -> dict[str, list[Value]]:
    if not segments:
        return {}
    parts = [segments.get(name) for name in names]
    return {
        RECORDING: [cut.recording if cut else None for cut in parts],
        START: [cut.start if cut else None for cut in parts],
    }


def _plain(content: Any) -> Value:
    """Return a value as text, a number, yes or no, or None for none."""
    if content == "" or (isinstance(content, float) and not math.isfinite(content)):
        return None
    if content is None or isinstance(content, str | int | float):
        return content
    return content.isoformat() if isinstance(content, date) else str(content)


def _typed(column: Sequence[Value]) -> list[Value]:
    """Return a column of one kind: text that is numbers throughout becomes numbers, what is mixed becomes text."""
    present = [value for value in column if value is not None]
    types = set(map(type, present))
    if types == {str} and all(_NUMBER.fullmatch(str(value)) for value in present):
        number_type = int if all(str(value).lstrip("-").isdigit() for value in present) else float
        return [None if value is None else number_type(value) for value in column]
    if len(types) > 1 and types != {int, float}:
        return [None if value is None else str(value) for value in column]
    return list(column)
