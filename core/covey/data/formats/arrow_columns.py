"""Columns with millions of rows, and their Parquet files: texts in the memory of pyarrow, numbers in that of NumPy."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, reason

Rows = NDArray[np.int64]
"""Numbers of rows (k,)."""
Mask = NDArray[np.bool_]


@cache
def _arrow() -> Any:
    """Return pyarrow, which is imported when it is first used."""
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())  # its own keeps memory that was freed: 30 MB of a million images
    return pa


@cache
def _compute() -> Any:
    import pyarrow.compute

    _arrow()
    return pyarrow.compute


_ERRORS = (OSError, ValueError, KeyError, TypeError, NotImplementedError, MemoryError)
"""What pyarrow raises; its own errors are among these."""


@attrs.frozen(eq=False)
class TextColumn:
    """Many short texts (n,): a million file names take 35 MB, where a list of Python's texts takes 90 MB.

    Texts that are no Unicode (names of files in unknown encodings) are kept as they are.
    """

    _array: Any = attrs.field(repr=False)

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextColumn:
        """Return the column of these texts."""
        texts = texts if isinstance(texts, list) else list(texts)
        encoded = "\0".join(texts).encode("utf-8", "surrogatepass")
        letters = np.frombuffer(encoded, np.uint8)
        ends = np.flatnonzero(letters == 0)
        if len(ends) + 1 != len(texts):  # there is none, or "\0" is in one
            return cls(_arrow().array([text.encode("utf-8", "surrogatepass") for text in texts], _arrow().binary()))
        offsets = np.concatenate([[0], ends - np.arange(len(ends)), [len(encoded) - len(ends)]]).astype(np.int32)
        buffers = [None, _arrow().py_buffer(offsets), _arrow().py_buffer(letters[letters != 0])]
        return cls(_arrow().Array.from_buffers(_arrow().binary(), len(texts), buffers))

    @classmethod
    def join(cls, columns: Sequence[TextColumn]) -> TextColumn:
        """Return the texts of several columns, one after the other."""
        arrays = [column._array for column in columns]
        return cls(_arrow().concat_arrays(arrays) if arrays else _arrow().array([], _arrow().binary()))

    def __len__(self) -> int:
        return len(self._array)

    def locate(self, texts: TextColumn) -> Rows:
        """Return the row of each of these texts (k,), the first where there are several, -1 where there is none."""
        rows = _compute().index_in(texts._array, value_set=self._array)
        return np.asarray(_compute().fill_null(rows, -1).to_numpy(zero_copy_only=False), np.int64)

    def has(self, texts: TextColumn) -> Mask:
        """Return for each of these texts (k,) whether it is in the column."""
        return np.asarray(_compute().is_in(texts._array, value_set=self._array).to_numpy(zero_copy_only=False), bool)

    def take(self, rows: Rows) -> TextColumn:
        """Return the column of these rows."""
        return TextColumn(self._array.take(_arrow().array(rows)))

    def keep(self, mask: Mask) -> TextColumn:
        """Return the column of the rows for which `mask` (n,) is true."""
        return TextColumn(self._array.filter(_arrow().array(mask)))

    def order(self) -> Rows:
        """Return the rows sorted by their text, as Python sorts it."""
        return np.asarray(_compute().sort_indices(self._array).to_numpy(), np.int64)

    def equals(self, text: str) -> Mask:
        """Return for each row whether it is this text."""
        same = _compute().equal(self._array, _arrow().scalar(text.encode("utf-8", "surrogatepass"), _arrow().binary()))
        return np.asarray(same.to_numpy(zero_copy_only=False), bool)

    def same_as(self, other: TextColumn) -> Mask:
        """Return for each row whether another column of as many rows has the same text there."""
        return np.asarray(_compute().equal(self._array, other._array).to_numpy(zero_copy_only=False), bool)

    def texts(self) -> list[str]:
        """Return the texts."""
        try:
            texts: list[str] = self._array.cast(_arrow().string()).to_pylist()
        except ValueError:
            texts = [text.decode("utf-8", "surrogatepass") for text in self._array.to_pylist()]
        return texts

    def count(self) -> dict[str, int]:
        """Return how often each text occurs, the most frequent first."""
        counts = _compute().value_counts(self._array.cast(_arrow().string())).to_pylist()
        return {row["values"]: row["counts"] for row in sorted(counts, key=lambda row: -row["counts"])}

    def count_distinct(self) -> int:
        """Return how many different texts there are."""
        return int(_compute().count_distinct(self._array).as_py())


def write_parquet(columns: Mapping[str, TextColumn | NDArray[Any]], dictionary: Sequence[str] = ()) -> bytes:
    """Return a Parquet file with these columns, in which numbers and digests (dtype V32) keep their types.

    Args:
        columns: by name, all of the same length.
        dictionary: those with few different values.
    """
    from pyarrow import parquet

    table = _arrow().table({name: _as_arrow(column) for name, column in columns.items()})
    buffer = io.BytesIO()
    parquet.write_table(table, buffer, compression="zstd", use_dictionary=list(dictionary))
    return buffer.getvalue()


def read_parquet(content: bytes, names: Sequence[str]) -> dict[str, TextColumn | NDArray[Any]]:
    """Return some columns of a Parquet file that `write_parquet` made.

    Raises:
        CoveyError: it is damaged, or lacks a column.
    """
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(_arrow().BufferReader(content)).read(columns=list(names), use_threads=False)
        return {name: _from_arrow(table.column(name).combine_chunks()) for name in names}
    except _ERRORS as error:
        raise CoveyError(f"it is no Parquet file with the columns {', '.join(names)} ({reason(error)})") from error


def _as_arrow(column: TextColumn | NDArray[Any]) -> Any:
    if isinstance(column, TextColumn):
        return column._array
    if column.dtype.kind == "V":
        buffers = [None, _arrow().py_buffer(np.ascontiguousarray(column))]
        return _arrow().FixedSizeBinaryArray.from_buffers(_arrow().binary(column.dtype.itemsize), len(column), buffers)
    return _arrow().array(column)


def _from_arrow(array: Any) -> TextColumn | NDArray[Any]:
    array = array.chunk(0) if isinstance(array, _arrow().ChunkedArray) else array
    if _arrow().types.is_fixed_size_binary(array.type):
        width = array.type.byte_width
        return np.frombuffer(array.buffers()[1], f"V{width}", len(array), array.offset * width)
    if _arrow().types.is_binary(array.type):
        return TextColumn(array)
    return np.asarray(array.to_numpy(zero_copy_only=False))
