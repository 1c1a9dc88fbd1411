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


_NUMPY_NAMES = {"float": "float32", "double": "float64"}
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
        letters = np.frombuffer("\0".join(texts).encode("utf-8", "surrogatepass"), np.uint8)
        ends = np.flatnonzero(letters == 0)
        if len(ends) + 1 == len(texts):
            return cls(_build_texts(len(texts), ends - np.arange(len(ends)), letters[letters != 0]))
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]  # there is none, or "\0" is in one
        return cls(_build_texts(len(texts), np.cumsum([*map(len, encoded)])[:-1], b"".join(encoded)))

    @classmethod
    def join(cls, columns: Sequence[TextColumn]) -> TextColumn:
        """Return the texts of several columns, one after the other."""
        arrays = [column._array for column in columns]
        return cls(_arrow().concat_arrays(arrays)) if arrays else cls.of([])

    def __len__(self) -> int:
        return len(self._array)

    def locate(self, texts: TextColumn) -> Rows:
        """Return a row of each of these texts (k,), -1 where there is none.

        Where the columns are equal, as those of unchanged folders are, nothing is searched.
        """
        if self._array.equals(texts._array):
            return np.arange(len(self))
        rows = _compute().index_in(texts._array, value_set=self._array)
        located = _as_numpy(rows).astype(np.int64)
        if rows.null_count:
            located[_as_numpy(rows.is_null())] = -1
        return located

    def has(self, texts: TextColumn) -> Mask:
        """Return for each of these texts (k,) whether it is in the column."""
        if self._array.equals(texts._array):
            return np.ones(len(self), bool)
        return _as_numpy(_compute().is_in(texts._array, value_set=self._array))

    def take(self, rows: Rows) -> TextColumn:
        """Return the column of these rows."""
        return TextColumn(self._array.take(_as_arrow(rows)))

    def keep(self, mask: Mask) -> TextColumn:
        """Return the column of the rows for which `mask` (n,) is true."""
        return self.take(np.flatnonzero(mask).astype(np.int64))

    def order(self) -> Rows:
        """Return the rows sorted by their text, as Python sorts it."""
        return _as_numpy(_compute().sort_indices(self._array)).astype(np.int64)

    def equals(self, text: str) -> Mask:
        """Return for each row whether it is this text."""
        return TextColumn.of([text]).has(self)

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


def _build_texts(count: int, inner_ends: NDArray[np.int64], letters: bytes | NDArray[np.uint8]) -> Any:
    """Return an array of texts: where each but the last ends, and their letters. `array` would import pandas."""
    offsets = np.concatenate([[0], inner_ends, [len(letters)]]).astype(np.int32)
    buffers = [None, _arrow().py_buffer(offsets), _arrow().py_buffer(letters)]
    return _arrow().Array.from_buffers(_arrow().binary(), count, buffers)


def _as_arrow(column: TextColumn | NDArray[Any]) -> Any:
    if isinstance(column, TextColumn):
        return column._array
    kind = (
        _arrow().binary(column.dtype.itemsize) if column.dtype.kind == "V" else getattr(_arrow(), column.dtype.name)()
    )
    buffers = [None, _arrow().py_buffer(np.ascontiguousarray(column))]
    return _arrow().Array.from_buffers(kind, len(column), buffers)  # `array` would import pandas


def _from_arrow(array: Any) -> TextColumn | NDArray[Any]:
    array = array.chunk(0) if isinstance(array, _arrow().ChunkedArray) else array
    return TextColumn(array) if _arrow().types.is_binary(array.type) else _as_numpy(array)


def _as_numpy(array: Any) -> NDArray[Any]:
    """Return the numbers, flags or digests of an array without missing ones; `to_numpy` would import pandas."""
    content = array.buffers()[1]
    if _arrow().types.is_boolean(array.type):
        flags = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
        return flags[array.offset : array.offset + len(array)].astype(bool)
    is_digest = _arrow().types.is_fixed_size_binary(array.type)
    kind = f"V{array.type.byte_width}" if is_digest else _NUMPY_NAMES.get(str(array.type), str(array.type))
    return np.frombuffer(content, kind, len(array), array.offset * np.dtype(kind).itemsize)
