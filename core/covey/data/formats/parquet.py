"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, reason

VALUES = 1 << 23
"""Numbers that are held at a time: a row group."""


class _Column(Protocol):
    """A column of pyarrow, which has no types of its own."""

    def to_pylist(self) -> list[object]: ...

    def to_numpy(self, *, zero_copy_only: bool) -> NDArray[np.generic]: ...


class _Columns(Protocol):
    """A table or a block of rows of pyarrow."""

    @property
    def column_names(self) -> list[str]: ...

    def column(self, i: int | str) -> _Column: ...


class _Schema(Protocol):
    @property
    def names(self) -> list[str]: ...


class _ParquetFile(Protocol):
    """An open Parquet file of pyarrow."""

    @property
    def schema_arrow(self) -> _Schema: ...

    def read(self) -> _Columns: ...

    def iter_batches(self, batch_size: int, *, columns: list[str]) -> Iterator[_Columns]: ...


def read(path: Path) -> dict[str, list[object]]:
    """Return the columns of a Parquet file, all of them as Python values. Raises CoveyError."""
    with _open_parquet(path) as file:
        table = file.read()
        return {name: table.column(at).to_pylist() for at, name in enumerate(table.column_names)}


def heads(path: Path) -> list[str]:
    """Return the names of the columns of a Parquet file. Raises CoveyError."""
    with _open_parquet(path) as file:
        return list(file.schema_arrow.names)


def blocks(path: Path, columns: Sequence[str]) -> Iterator[list[NDArray[np.generic]]]:
    """Yield some columns of a Parquet file, a block of rows (b,) at a time. Raises CoveyError."""
    with _open_parquet(path) as file:
        for batch in file.iter_batches(max(1, VALUES // len(columns)), columns=list(columns)):
            yield [batch.column(name).to_numpy(zero_copy_only=False) for name in columns]


@contextmanager
def _open_parquet(path: Path) -> Iterator[_ParquetFile]:
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (OSError, ValueError, KeyError, NotImplementedError, MemoryError, TypeError) as error:  # pyarrow's are these
        raise CoveyError(f"{path} cannot be read ({reason(error)}): name a whole Parquet file.") from error
