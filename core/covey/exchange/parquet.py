"""Parquet files, where pyarrow is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey.errors import CoveyError, reason
from covey.exchange.sheets import Sheet
from covey.files import replacing
from covey.progress import SILENT, Progress

VALUES = 1 << 23
"""Numbers that are held at a time: a row group."""


def write(sheet: Sheet, path: Path, progress: Progress = SILENT) -> None:
    """Write a table, one row group after the other. Raises CoveyError."""
    pa, parquet = _library()
    numbers = [pa.field(name, pa.float32()) for name in sheet.dimensions]
    schema = pa.schema([*(pa.field(name, _type(pa, column)) for name, column in sheet.columns.items()), *numbers])
    text = schema.names[: len(sheet.columns)]
    with (
        replacing(path) as file,
        parquet.ParquetWriter(file, schema, use_dictionary=text) as writer,
        progress.step(f"Writing {path.name}", len(sheet), "row") as step,
    ):
        for columns, matrix in sheet.blocks(VALUES):
            arrays = [*columns, *np.ascontiguousarray(matrix.T)]
            parts = [pa.array(array, field.type) for array, field in zip(arrays, schema, strict=True)]
            writer.write_batch(pa.record_batch(parts, schema=schema))
            step.advance(len(matrix))


def read(path: Path) -> dict[str, list[Any]]:
    """Return the columns of a Parquet file, all of them as Python values. Raises CoveyError."""
    with _opened(path) as file:
        table = file.read()
        return {name: table.column(at).to_pylist() for at, name in enumerate(table.column_names)}


def heads(path: Path) -> list[str]:
    """Return the names of the columns of a Parquet file. Raises CoveyError."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def blocks(path: Path, columns: Sequence[str]) -> Iterator[list[NDArray[Any]]]:
    """Yield some columns of a Parquet file, a block of rows (b,) at a time. Raises CoveyError."""
    with _opened(path) as file:
        for batch in file.iter_batches(max(1, VALUES // len(columns)), columns=list(columns)):
            yield [batch.column(name).to_numpy(zero_copy_only=False) for name in columns]


def _type(pa: Any, column: Any) -> Any:
    """Return the Arrow type of a column; one without any value is text."""
    found = pa.string() if isinstance(column, np.ndarray) and column.dtype.kind == "U" else pa.array(column).type
    return pa.string() if found == pa.null() else found


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    _, parquet = _library()
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (OSError, ValueError, KeyError, NotImplementedError, MemoryError, TypeError) as error:  # pyarrow's are these
        raise CoveyError(f"{path} cannot be read ({reason(error)}): name a whole Parquet file.") from error


def _library() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise CoveyError('Parquet needs a library that is not installed: pip install "covey[parquet]"') from error
    return pyarrow, parquet
