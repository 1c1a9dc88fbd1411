"""Write the metadata as the pickle that the original dashboard needs; covey writes no other pickle."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Protocol

from covey import CoveyError
from covey.authoring import RECORDING, ImageFolder, Metadata, Value

_STUB = "file_name_stub"


class _DataFrame(Protocol):
    """The part of a pandas data frame that is used here."""

    columns: object

    def to_pickle(self, path: io.BytesIO, protocol: int) -> None:
        """Write it."""


def pickle_metadata(metadata: Metadata, images: ImageFolder | None) -> bytes:
    """Return a pickled data frame of plain text, one row a recording, with `file_name_stub` and `full_spec_name`.

    Without recordings in the metadata, they are read from the names of the images; an unknown species is "".

    Raises:
        CoveyError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise CoveyError('--original needs pandas: pip install "covey[kaggle]"') from error
    columns = dict(metadata.columns) if _STUB in metadata.columns else _columns_by_recording(metadata, images)
    columns.setdefault("full_spec_name", [""] * len(columns[_STUB]))
    texts_by_head = {
        head: ["" if value is None else str(value) for value in column] for head, column in columns.items()
    }
    frame: _DataFrame = pandas.DataFrame(texts_by_head, dtype=object)
    frame.columns = pandas.Index(list(texts_by_head), dtype=object)  # any version of pandas can read this
    buffer = io.BytesIO()
    frame.to_pickle(buffer, protocol=4)
    return buffer.getvalue()


def _columns_by_recording(metadata: Metadata, images: ImageFolder | None) -> dict[str, Sequence[Value]]:
    """Return the metadata of the first image of each recording, one row a recording."""
    columns: Mapping[str, Sequence[Value]] = metadata.of(images.names() if images else [])
    stub_by_row = columns.get(RECORDING, [])
    first_row_by_stub = {stub: row for row, stub in reversed(list(enumerate(stub_by_row))) if stub}
    first_rows = sorted(first_row_by_stub.values())
    columns_by_head = {
        head: [column[row] for row in first_rows] for head, column in columns.items() if head != RECORDING
    }
    return {_STUB: [stub_by_row[row] for row in first_rows], **columns_by_head}
