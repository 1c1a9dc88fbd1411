"""Pickles that others wrote, read as plain data: arrays of text from NumPy, tables from pandas 1.3 to 3.

Only names that such data consist of are allowed, and none of them is imported or called (see `opcodes`): what they
stand for is worked out here, from what the file gives them.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, reason
from covey.data.legacy.opcodes import Name, Refused, Thing, note

Cell = str | int | float | date | None
"""A cell of a table; a datetime is a date too."""
EXPANSION = 100
"""What is made of a pickle may take at most this many times its size."""

_RECONSTRUCT = {"numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"}
_FROMBUFFER = {"numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer"}
_SCALARS = {"numpy.core.multiarray scalar", "numpy._core.multiarray scalar"}
_STRINGS = {"_codecs encode", "numpy dtype", "numpy ndarray", *_RECONSTRUCT, *_SCALARS}
_BYTEARRAY = {"builtins bytearray", "__builtin__ bytearray"}
_FRAME = {"pandas DataFrame", "pandas.core.frame DataFrame"}
_SLICE = {"builtins slice", "__builtin__ slice"}
_RANGE = {"pandas RangeIndex", "pandas.core.indexes.range RangeIndex"}
_INDEX = {
    "pandas Index",
    "pandas.core.indexes.base Index",
    "pandas.core.indexes.numeric Float64Index",
    "pandas.core.indexes.numeric Int64Index",
    *_RANGE,
}
_MISSING = {
    "pandas NA",
    "pandas._libs.missing NA",
    "pandas._libs.tslibs.nattype __nat_unpickle",
    "pandas._libs.tslibs.nattype _nat_unpickle",
}
_MANAGER = "pandas.core.internals.managers BlockManager"
_BLOCK = "pandas._libs.internals _unpickle_block"
_NEW_INDEX = "pandas.core.indexes.base _new_Index"
_BACKED = "pandas._libs.arrays __pyx_unpickle_NDArrayBacked"
_ARROW = "pandas.arrays ArrowStringArray"
_TIMESTAMP = "pandas._libs.tslibs.timestamps _unpickle_timestamp"
_TABLE = {
    *(_STRINGS | _FROMBUFFER | _BYTEARRAY | _FRAME | _SLICE | _INDEX | _MISSING),
    *(_MANAGER, _BLOCK, _NEW_INDEX, _BACKED, _ARROW, _TIMESTAMP),
    "datetime date",
    "datetime datetime",
    "pandas StringDtype",
    "pandas.arrays DatetimeArray",
    "pandas.arrays StringArray",
    "pandas.core.arrays.datetimes DatetimeArray",
    "pandas.core.arrays.string_ StringArray",
    "pandas.core.arrays.string_ StringDtype",
    "pyarrow.lib _restore_array",
    "pyarrow.lib py_buffer",
    "pyarrow.lib type_for_alias",
}
_PLAIN = (str, int, float, type(None))
_DAMAGED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
    struct.error,
)
_EPOCH = datetime(1970, 1, 1)
_NANOSECONDS = {7: 10**9, 8: 10**6, 9: 10**3, 10: 1}
"""In a unit of time, by NumPy's number for the unit: seconds to nanoseconds."""


def read_strings(pickled: bytes, where: str) -> NDArray[np.str_]:
    """Return a pickled array (n,) of Python strings as fixed-width unicode.

    Raises:
        CoveyError: it holds anything else, or is damaged; `where` names the file.
    """
    try:
        return _Decoder(len(pickled)).strings(note(pickled, _STRINGS))
    except Refused as error:
        raise CoveyError(f"{where} is refused, since {error}: only text may be pickled there.") from error
    except _DAMAGED as error:
        raise CoveyError(f"{where} cannot be read ({reason(error)}): make or fetch the file again.") from error


def read_frame(path: Path) -> dict[str, list[Cell]]:
    """Return the columns of a pickled pandas DataFrame: str, int, float, bool, datetime, date or None.

    A list or dict in a cell becomes its JSON text; a row index that has a name is a column too.

    Raises:
        CoveyError: the file holds anything but a plain table, or is damaged.
    """
    try:
        pickled = path.read_bytes()
        return _Decoder(len(pickled)).frame(note(pickled, _TABLE))
    except Refused as error:
        raise CoveyError(f"{path} is refused, since {error}: save the table as CSV.") from error
    except (OSError, *_DAMAGED) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): fetch it again, or save it as CSV.") from error


class _Decoder:
    """Works out what the notes mean.

    `left` is how many bytes may still be made of them: a small file cannot stand for a large table by naming the same
    thing again and again.
    """

    def __init__(self, size: int) -> None:
        self.left = EXPANSION * size
        self.told: dict[int, str] = {}

    def strings(self, description: Any) -> NDArray[np.str_]:
        array = self._array(description)
        cells: list[object] = [self._scalar(name) if isinstance(name, Thing) else name for name in array]
        texts = [cell for cell in cells if isinstance(cell, str)]
        if array.ndim != 1 or len(texts) != len(cells):
            raise Refused("it holds an array of other things than text")
        self._spend(4 * len(texts) * max(map(len, texts), default=0))
        names = np.array(texts, dtype=np.str_)
        if names.tolist() != texts:
            raise ValueError("a name ends in a zero character")
        return names

    def frame(self, description: Any) -> dict[str, list[Cell]]:
        if type(description) is not Thing or description.what not in _FRAME:
            raise Refused("it is no pandas DataFrame")
        blocks, (labels, rows) = _of(description.state["_mgr"], _MANAGER).args
        placed: dict[int, list[Cell]] = {}
        for block in blocks:
            values, placement, _ = _of(block, _BLOCK).args
            placed |= self._placed(self._columns(values), placement)
        names = self._labels(labels, len(placed))
        if sorted(placed) != list(range(len(set(names)))):
            raise ValueError("its columns do not fit their names, or share one")
        columns = {**self._named(rows), **{name: placed[place] for place, name in enumerate(names)}}
        if len({len(column) for column in columns.values()}) > 1:
            raise ValueError("its columns differ in length")
        return columns

    def _placed(self, columns: list[list[Cell]], placement: Thing) -> dict[int, list[Cell]]:
        """Return the columns of one block by their place in the table."""
        if placement.what in _SLICE:
            places: Iterable[int] = range(*placement.args)[: len(columns) + 1]
        else:
            places = self._array(placement).tolist()
        return dict(zip(places, columns, strict=True))

    def _labels(self, index: Thing, count: int) -> list[str]:
        kind, state = _of(index, _NEW_INDEX).args
        if _is_range(kind):
            return [str(label) for label in range(state["start"], state["stop"], state["step"])[: count + 1]]
        return [str(label) for label in self._index(state)]

    def _named(self, rows: Thing) -> dict[str, list[Cell]]:
        """Return the index of the rows as a column, if it has a name."""
        kind, state = _of(rows, _NEW_INDEX).args
        return {} if _is_range(kind) or state["name"] is None else {str(self._cell(state["name"])): self._index(state)}

    def _index(self, state: dict[str, Any]) -> list[Cell]:
        (labels,) = self._columns(state["data"])
        return labels

    def _columns(self, values: Thing) -> list[list[Cell]]:
        """Return the columns of an array: one, or one for each row of an array (columns, rows)."""
        if values.what == _ARROW:
            return [self._arrow(values.state["_pa_array"])]
        array = self._array(values)
        if array.dtype.kind == "M":
            array = array.astype("M8[us]")
        return [[self._cell(value) for value in row.tolist()] for row in np.atleast_2d(array)]

    def _array(self, description: Thing) -> NDArray[Any]:
        """Return an array as NumPy or pandas pickle it."""
        if description.what == _BACKED:
            description = next(
                part for part in description.state if getattr(part, "what", "") in _RECONSTRUCT | _FROMBUFFER
            )
        if description.what in _FROMBUFFER:
            content, kind, shape, order = description.args
            return np.frombuffer(self._bytes(content), _dtype(kind)).reshape(shape, order=order)
        if description.what not in _RECONSTRUCT:
            raise Refused(f"it holds a {description.what}, which no plain table needs")
        _, shape, kind, fortran, content = description.state
        if _dtype(kind).hasobject:
            return self._objects(content, shape)
        return np.frombuffer(self._bytes(content), _dtype(kind)).reshape(shape, order="F" if fortran else "C")

    def _objects(self, content: list[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        self._spend(8 * len(content))
        return np.fromiter(content, dtype=object, count=len(content)).reshape(shape)

    def _arrow(self, description: Thing) -> list[Cell]:
        """Return the strings of an Arrow array: where each begins, and all of them in a row."""
        ((kind, count, missing, start, buffers, *_),) = _of(description, "pyarrow.lib _restore_array").args
        width = "<i8" if _of(kind, "pyarrow.lib type_for_alias").args == ("large_string",) else "<i4"
        valid, offsets, text = (self._bytes(buffer.args[0]) if buffer else b"" for buffer in buffers)
        if not count:
            return []
        ends = np.frombuffer(offsets, width)[start : start + count + 1]
        if len(ends) != count + 1 or ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] > len(text):
            raise ValueError("its text does not fit together")
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little") if missing else np.ones(start + count)
        present: list[bool] = bits[start : start + count].astype(bool).tolist()
        bounds: list[int] = ends.tolist()
        parts = zip(pairwise(bounds), present, strict=True)
        return [text[first:last].decode("utf-8") if is_present else None for (first, last), is_present in parts]

    def _cell(self, content: object) -> Cell:
        if isinstance(content, str):
            content.encode("utf-8")  # raises over what is no text
        elif isinstance(content, int) and content.bit_length() > 64:
            raise ValueError("it holds a number of more than 64 bits")
        elif isinstance(content, list | dict):
            return self._json(content)
        elif isinstance(content, Thing | Name):
            return self._scalar(content)
        elif not isinstance(content, int | float | datetime | None):
            raise Refused(f"it holds a {type(content).__name__}")
        return content

    def _json(self, container: list[object] | dict[object, object]) -> str:
        if id(container) not in self.told:
            parts = list(container.values() if isinstance(container, dict) else container)
            if not all(isinstance(part, _PLAIN) for part in parts):
                raise Refused("it holds lists within lists")
            self._spend(sum(8 + len(str(part)) for part in [*container, *parts]))
            text = json.dumps(container, ensure_ascii=False)
            text.encode("utf-8")  # raises over what is no text
            self.told[id(container)] = text
        return self.told[id(container)]

    def _scalar(self, description: Thing | Name) -> Cell:
        if description.what in _MISSING:
            return None
        if isinstance(description, Name):
            raise Refused(f"it holds the name {description.what}")
        match description.what, description.args:
            case "datetime date", (content,):
                return date(*struct.unpack(">HBB", self._bytes(content)))
            case "datetime datetime", (content,):
                *parts, micros = struct.unpack(">H5B3s", self._bytes(content))
                return datetime(*parts).replace(microsecond=int.from_bytes(micros, "big"))
            case what, (int(count), _, None) if what == _TIMESTAMP:
                return _EPOCH + timedelta(microseconds=count // 1000)
            case what, (int(count), _, None, int(unit)) if what == _TIMESTAMP:
                return _EPOCH + timedelta(microseconds=count * _NANOSECONDS[unit] // 1000)
            case what, (kind, content) if what in _SCALARS:
                return self._cell(np.frombuffer(self._bytes(content), _dtype(kind))[0].item())
        raise Refused(f"it holds a {description.what} that is not understood")

    def _bytes(self, content: Any) -> bytes:
        if type(content) is Thing and content.what in _BYTEARRAY:
            (content,) = content.args
        if type(content) is Thing and content.what == "_codecs encode":
            content = content.args[0].encode("latin-1")
        if not isinstance(content, bytes | bytearray):
            raise TypeError("it holds numbers that are no bytes")
        self._spend(len(content))
        return bytes(content)

    def _spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise Refused(f"it stands for more than {EXPANSION} times its own size")


def _of(description: Thing, what: str) -> Thing:
    if description.what != what:
        raise Refused(f"it holds a {description.what} in place of a {what}")
    return description


def _is_range(kind: Name) -> bool:
    if kind.what not in _INDEX:
        raise Refused(f"it has an index of the kind {kind.what}")
    return kind.what in _RANGE


def _dtype(description: Thing) -> np.dtype[Any]:
    """Return a dtype of plain values: numbers, text, dates, or objects."""
    code, order = _of(description, "numpy dtype").args[0], description.state[1]
    if code == "M8":
        code = f"M8[{description.state[8][1][0].decode()}]"
    if not re.fullmatch(r"b1|[iuf][1248]|O8|U\d{1,9}|M8\[(s|ms|us|ns)\]", code) or order not in ("<", ">", "|", "="):
        raise Refused(f"it holds an array of the kind {code}")
    dtype: np.dtype[Any] = np.dtype(code if order == "|" else order + code)
    return dtype
