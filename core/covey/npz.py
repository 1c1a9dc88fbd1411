"""Tables as NPZ files: the keys of the original tools plus one JSON string of provenance, never pickled.

| table      | keys                  |
|------------|-----------------------|
| features   | `X`, `N`              |
| embedding  | `X_red`, `X_2D`, `N`  |
| clustering | `labels`, `N`         |

`N` are the names, fixed-width unicode; `covey`, where it is there, is the provenance.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from covey.errors import CoveyError, reason
from covey.files import replacing
from covey.provenance import Provenance
from covey.storage import Entry, TableKind
from covey.tables import Clustering, Embedding, Features, Names, Table

PROVENANCE = "covey"
_KEYS: dict[TableKind, tuple[str, ...]] = {
    "embedding": ("X_red", "X_2D", "N"),
    "features": ("X", "N"),
    "clustering": ("labels", "N"),
}
DAMAGED = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    TypeError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    OverflowError,
    RecursionError,
)
"""What numpy and zipfile raise over a damaged file."""


def write(path: Path, table: Table) -> None:
    """Write a table in one step: bit for bit the same file for the same table. Raises CoveyError."""
    with _archive(path) as archive:
        for key, array in _arrays(table).items():
            _put(archive, key, array)


def write_features(
    path: Path, names: Names, blocks: Iterable[NDArray[np.float32]], provenance: Provenance | None
) -> None:
    """Write features of which one block of rows (b, d) after the other comes: the file that `write` would write.

    There is at least one block, and all of them together have as many rows as there are names. Raises CoveyError.
    """
    with _archive(path) as archive:
        _put_blocks(archive, "X", len(names), blocks)
        _put(archive, "N", names)
        if provenance is not None:
            _put(archive, PROVENANCE, np.array(provenance.to_json()))


def read(path: Path) -> Table:
    """Read a table. Raises CoveyError when the file is damaged, holds objects, or is no table."""
    kind = entry(path).kind
    try:
        with _opened(path) as archive:
            arrays = {key: archive[key] for key in _KEYS[kind]}
            provenance = _provenance(archive, path)
    except DAMAGED as error:
        raise _damaged(path, error) from error
    _check(path, arrays)
    return _table(kind, arrays, provenance)


def entry(path: Path) -> Entry:
    """Return what an NPZ file holds, from its headers and provenance alone. Raises CoveyError."""
    try:
        with _opened(path) as archive:
            shapes = {key: _shape(archive.zip, key) for key in archive.files if key != PROVENANCE}
            provenance = _provenance(archive, path)
    except DAMAGED as error:
        raise _damaged(path, error) from error
    for kind, keys in _KEYS.items():
        if set(keys) <= set(shapes):
            rows, columns = (*shapes[keys[0]], 1)[:2]
            return Entry(name=path.name, kind=kind, shape=(rows, columns), provenance=provenance)
    raise CoveyError(f"{path} is no table that covey knows: it holds {', '.join(sorted(shapes)) or 'nothing'}.")


def _opened(path: Path) -> Any:
    """Open an NPZ file; numpy would take whatever is no archive for a pickle."""
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise zipfile.BadZipFile("it is no NPZ file, or was cut off")
    return np.load(path, allow_pickle=False)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with replacing(path) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        yield archive


def _member(archive: zipfile.ZipFile, key: str) -> IO[bytes]:
    return archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True)


def _put(archive: zipfile.ZipFile, key: str, array: NDArray[Any]) -> None:
    with _member(archive, key) as member:
        npy.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def _put_blocks(archive: zipfile.ZipFile, key: str, count: int, blocks: Iterable[NDArray[np.float32]]) -> None:
    rest = iter(blocks)
    first = next(rest)
    shape = (count, first.shape[1])
    with _member(archive, key) as member:
        header = {"descr": npy.dtype_to_descr(first.dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(member, header)
        for block in chain([first], rest):
            member.write(block.tobytes())


def _arrays(table: Table) -> dict[str, NDArray[Any]]:
    made = {} if table.provenance is None else {PROVENANCE: np.array(table.provenance.to_json())}
    return {**_columns(table), **made}


def _columns(table: Table) -> dict[str, NDArray[Any]]:
    match table:
        case Features():
            return {"X": table.X, "N": table.names}
        case Embedding():
            return {"X_red": table.Z, "X_2D": table.map, "N": table.names}
        case Clustering():
            return {"labels": table.labels, "N": table.names}


def _table(kind: TableKind, arrays: Mapping[str, NDArray[Any]], provenance: Provenance | None) -> Table:
    names = arrays["N"]
    if kind == "features":
        return Features(names=names, X=_floats(arrays["X"]), provenance=provenance)
    if kind == "embedding":
        Z, flat = _floats(arrays["X_red"]), _floats(arrays["X_2D"])
        return Embedding(names=names, Z=Z, map=flat, provenance=provenance)
    return Clustering(names=names, labels=arrays["labels"].astype(np.int32, copy=False), provenance=provenance)


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)


def _shape(archive: zipfile.ZipFile, key: str) -> tuple[int, ...]:
    with archive.open(f"{key}.npy") as member:
        version = npy.read_magic(member)
        header = npy.read_array_header_1_0(member) if version == (1, 0) else npy.read_array_header_2_0(member)
    return header[0]


def _provenance(archive: Any, path: Path) -> Provenance | None:
    if PROVENANCE not in archive.files:
        return None
    return Provenance.from_json(str(archive[PROVENANCE]), str(path))


def _check(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    lengths = {key: len(array) for key, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise CoveyError(f"{path} is damaged: its arrays differ in length ({told}). Make or fetch the file again.")


def _damaged(path: Path, error: BaseException) -> CoveyError:
    if "allow_pickle" in str(error) or "Object arrays" in str(error):
        return CoveyError(f"{path} holds pickled objects, which can run code when they are read: refused.")
    return CoveyError(f"{path} cannot be read ({reason(error)}): make or fetch the file again.")
