"""Metadata: what is known of images, or of the recordings they were cut from, in a table beside them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import attrs

from covey._base import csvs
from covey._base.text import count_having, preview
from covey.data.dataset import Dataset
from covey.data.formats import parquet
from covey.data.legacy.file_names import METADATA_FILE
from covey.data.legacy.pickles import read_frame
from covey.data.outside_paths import leads_outside
from covey.data.segment_names import SegmentName, parse_segment_names, xeno_canto_number

Value = str | float | int | bool | None
Kind = Literal["text", "number"]

FILES = ("metadata.csv", "metadata.parquet", METADATA_FILE)
"""What a table of metadata is called; the first that is found counts."""
RECORDING, START = "recording", "start"
"""The columns that file names give: the recording of an image, and where its segment starts, in seconds."""
_NAMES = ("filename", "file_name")
_STUBS = ("file_name_stub", RECORDING)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,17})?([eE][-+]?\d{1,2})?")


@attrs.frozen(eq=False)
class Metadata:
    """What is known of images.

    Each column has one value for each row of the table. `rows` leads to the row from how a row may be found: its
    image ("name"), its recording ("stub") or its number at xeno-canto ("id"), tried in this order.
    """

    path: Path | None = None
    columns: Mapping[str, Sequence[Value]] = attrs.field(factory=dict)
    rows: Mapping[tuple[str, str], int] = attrs.field(factory=dict)

    def of(self, names: Sequence[str]) -> dict[str, list[Value]]:
        """Return the columns with a value for each of these images, None where there is none.

        Before the columns of the table come `recording` and `start` (s), where file names tell them and the table has
        no column of that name.
        """
        segments = parse_segment_names(names)
        row_numbers = self._rows_of(names, segments)
        columns = {
            head: [None if row is None else column[row] for row in row_numbers] for head, column in self.columns.items()
        }
        return {**_columns_from_names(names, segments), **columns}

    def matches(self, names: Sequence[str]) -> int:
        """Return how many of these images have metadata."""
        return sum(row is not None for row in self._rows_of(names, parse_segment_names(names)))

    def told(self, names: Sequence[str]) -> str:
        """Return in words how many of these images have metadata, which have none, and which rows fit no image."""
        if self.path is None:
            return "There is no metadata."
        row_numbers = self._rows_of(names, parse_segment_names(names))
        bare = [name for name, row in zip(names, row_numbers, strict=True) if row is None]
        used = set(row_numbers)
        called = {row: value for (_, value), row in self.rows.items()}
        idle = [called.get(row, f"row {row + 1}") for row in range(self.count) if row not in used]
        sentences = [f"{self.path.name}: {count_having(len(names) - len(bare), len(names), 'image')} metadata."]
        sentences += [f"Without: {preview(bare)}."] if bare else []
        sentences += [f"Rows that fit no image, or repeat another: {preview(idle)}."] if idle else []
        return " ".join(sentences)

    @property
    def count(self) -> int:
        """How many rows the table has."""
        return len(next(iter(self.columns.values()), ()))

    def _rows_of(self, names: Sequence[str], segments: Mapping[str, SegmentName]) -> list[int | None]:
        return [next((self.rows[way] for way in _ways(name, segments) if way in self.rows), None) for name in names]


def column_kind(column: Sequence[Value]) -> Kind:
    """Return whether a column holds numbers, or text (which yes and no count as)."""
    numbers = (isinstance(value, int | float) and not isinstance(value, bool) for value in column)
    return "number" if any(numbers) else "text"


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
    return read_table(path, root) if path else Metadata()


def read_table(path: Path, root: Path) -> Metadata:
    """Return the metadata in a file, of images in the folder `root`.

    A row is found by `filename` or `file_name`, the name of an image (the latter may also count from the file's folder
    on, as Hugging Face has it); by `file_name_stub` or `recording`; or by `id`, the number at xeno-canto.

    Raises:
        CoveyError: the file cannot be read.
    """
    columns = {head: [_plain(identifier) for identifier in column] for head, column in _columns(path).items() if head}
    rows: dict[tuple[str, str], int] = {}
    way_to_images = _relative_prefix(path.parent, root)
    for way, head, identifier, row in _keys(columns):
        rows.setdefault((way, identifier.removeprefix(way_to_images) if head == "file_name" else identifier), row)
    typed = {head: _typed(column) for head, column in columns.items() if head not in _NAMES}
    return Metadata(path, typed, rows)


def _columns(path: Path) -> dict[str, list[Any]]:
    match path.suffix:
        case ".pkl":
            return read_frame(path)
        case ".parquet":
            return parquet.read(path)
    rows = csvs.read_csv_rows(path, "metadata")
    _, heads = next(rows, (0, []))
    cells = [[*row, *[""] * len(heads)] for _, row in rows]
    first = {head: at for at, head in reversed([*enumerate(heads)])}
    return {head: [row[at] for row in cells] for head, at in sorted(first.items(), key=lambda item: item[1])}


def _keys(columns: Mapping[str, Sequence[Value]]) -> Iterator[tuple[str, str, str, int]]:
    """Yield each way to each row: which way, by which column, by which value."""
    ways = [("name", _NAMES), ("stub", _STUBS), ("id", ("id",))]
    for way, heads in ways:
        for head in heads:
            for row, identifier in enumerate(columns.get(head, ())):
                if identifier not in (None, ""):
                    yield way, head, str(identifier).removeprefix("XC") if way == "id" else str(identifier), row


def _ways(name: str, segments: Mapping[str, SegmentName]) -> Iterator[tuple[str, str]]:
    """Yield how the row of an image may be found."""
    yield "name", name
    if cut := segments.get(name):
        yield "stub", cut.recording
        yield "stub", cut.recording.rpartition("/")[2]
    if number := xeno_canto_number(name):
        yield "id", number


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
        number = int if all(str(value).lstrip("-").isdigit() for value in present) else float
        return [None if value is None else number(value) for value in column]
    if len(types) > 1 and types != {int, float}:
        return [None if value is None else str(value) for value in column]
    return list(column)
