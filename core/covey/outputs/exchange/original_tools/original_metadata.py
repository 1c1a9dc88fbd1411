"""Metadata as the pickle that the original dashboard needs; covey writes no other pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from covey._base.errors import CoveyError, in_terminal
from covey.data.metadata import RECORDING, START, Metadata, Value

STUB, SPECIES = "file_name_stub", "full_spec_name"
COLUMNS = (SPECIES, "cnt", "length", "smp", "rec", "lic")
"""The columns that the original's credits page reads, or points its reader to."""
NESTED = ("also", "osci", "sono")
"""Columns of xeno-canto whose cells are lists or objects, which covey's tables hold as JSON."""


class _DataFrame(Protocol):
    """The part of a pandas data frame that is used here."""

    columns: object

    def to_pickle(self, path: io.BytesIO, protocol: int) -> None:
        """Write it."""


def pickle_metadata(metadata: Metadata, image_names: Sequence[str]) -> bytes:
    """Return a pickled data frame, one row a recording, with all columns that the original's credits page reads.

    Cells are text, what is not known is ""; lists and objects of xeno-canto are what they were. Without recordings in
    the metadata, they are read from the names of the images; an image of no known recording is one of its own.

    Raises:
        CoveyError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise CoveyError(
            "The metadata of the original tools need pandas: " + in_terminal('pip install "covey[kaggle]"')
        ) from error
    columns = dict(metadata.columns) if STUB in metadata.columns else _columns_by_recording(metadata, image_names)
    columns = {**_blank_columns(columns), **columns}
    cells_by_head = {head: [_plain_cell(head, value) for value in column] for head, column in columns.items()}
    frame: _DataFrame = pandas.DataFrame(cells_by_head, dtype=object)
    frame.columns = pandas.Index(list(cells_by_head), dtype=object)  # any version of pandas can read this
    buffer = io.BytesIO()
    frame.to_pickle(buffer, protocol=4)
    return buffer.getvalue()


def _columns_by_recording(metadata: Metadata, image_names: Sequence[str]) -> dict[str, Sequence[Value]]:
    """Return the metadata of the first image of each recording, one row a recording."""
    columns: Mapping[str, Sequence[Value]] = metadata.of(image_names)
    recordings = columns.get(RECORDING, [None] * len(image_names))
    stubs = [str(recording or PurePosixPath(name).with_suffix(""))
             for recording, name in zip(recordings, image_names, strict=True)]  # fmt: skip
    first_row_by_stub = {stub: row for row, stub in reversed(list(enumerate(stubs)))}
    first_rows = sorted(first_row_by_stub.values())
    columns_by_head = {
        head: [column[row] for row in first_rows] for head, column in columns.items() if head not in (RECORDING, START)
    }
    return {STUB: [stubs[row] for row in first_rows], **columns_by_head}


def _blank_columns(columns: Mapping[str, Sequence[Value]]) -> dict[str, Sequence[Value]]:
    """Return the columns that are needed and may be missing: the species follows from genus and epithet."""
    count = len(columns[STUB])
    genera, epithets = (columns.get(head, [None] * count) for head in ("gen", "sp"))
    species = [" ".join(str(part) for part in parts if part) for parts in zip(genera, epithets, strict=True)]
    return {STUB: columns[STUB], **dict.fromkeys(COLUMNS, [""] * count), SPECIES: species}


def _plain_cell(head: str, value: Value) -> object:
    """Return a cell as the original has it."""
    text = "" if value is None else str(value)
    if head not in NESTED or text[:1] not in ("[", "{"):
        return text
    try:
        nested: object = json.loads(text)
    except ValueError:
        return text
    return nested
