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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from covey.errors import CoveyError, reason
from covey.files import replacing
from covey.provenance import Provenance
from covey.storage import Entry, TableKind
from covey.tables import Clustering, Embedding, Features, Table

PROVENANCE = "covey"
_KEYS: dict[TableKind, tuple[str, ...]] = {
    "embedding": ("X_red", "X_2D", "N"),
    "features": ("X", "N"),
    "clustering": ("labels", "N"),
}
_DAMAGED = (
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


def write(path: Path, table: Table) -> None:
    """Write a table in one step: bit for bit the same file for the same table. Raises CoveyError."""
    arrays = _arrays(table)
    if table.provenance is not None:
        arrays[PROVENANCE] = np.array(table.provenance.to_json())
    with replacing(path) as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for key, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True) as member:
                npy.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def read(path: Path) -> Table:
    """Read a table. Raises CoveyError when the file is damaged, holds objects, or is no table."""
    kind = entry(path).kind
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in _KEYS[kind]}
            provenance = _provenance(archive, path)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    _check(path, arrays)
    return _table(kind, arrays, provenance)


def entry(path: Path) -> Entry:
    """Return what an NPZ file holds, from its headers and provenance alone. Raises CoveyError."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            shapes = {key: _shape(archive.zip, key) for key in archive.files if key != PROVENANCE}
            provenance = _provenance(archive, path)
    except _DAMAGED as error:
        raise _damaged(path, error) from error
    for kind, keys in _KEYS.items():
        if set(keys) <= set(shapes):
            rows, columns = (*shapes[keys[0]], 1)[:2]
            return Entry(name=path.name, kind=kind, shape=(rows, columns), provenance=provenance)
    raise CoveyError(f"{path} is no table that covey knows: it holds {', '.join(sorted(shapes)) or 'nothing'}.")


def _arrays(table: Table) -> dict[str, NDArray[Any]]:
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
