"""Tables as NPZ files: the keys of the original tools plus one JSON string of provenance, never pickled.

| table      | keys                  |
|------------|-----------------------|
| features   | `X`, `N`              |
| embedding  | `X_red`, `X_2D`, `N`  |
| clustering | `labels`, `N`         |

`N` are the names, fixed-width unicode; `covey`, where it is there, is the provenance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Labels
from covey.components.table_kinds import TableKind
from covey.data.dataset import AnyEntry, Entry
from covey.data.formats.npz_file import Archive, Header, create_npz, open_npz
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding, Features, Names, Table

PROVENANCE = "covey"
_KEYS: dict[TableKind, tuple[str, ...]] = {
    TableKind.EMBEDDING: ("X_red", "X_2D", "N"),
    TableKind.FEATURES: ("X", "N"),
    TableKind.CLUSTERING: ("labels", "N"),
}
_KINDS = {"X": "fiu", "X_red": "fiu", "X_2D": "fiu", "labels": "iu", "N": "USO"}
"""The kinds of dtype that a key may have, in NumPy's letters."""
_DIMENSIONS = {"X": 2, "X_red": 2, "X_2D": 2, "labels": 1, "N": 1}


def write(path: Path, table: Table, compress: bool = False) -> None:
    """Write a table in one step: bit for bit the same file for the same table. Raises CoveyError.

    What is compressed takes less room, and is read rather than mapped.
    """
    with create_npz(path, compress) as archive:
        for key, array in _arrays(table).items():
            archive.put(key, array)


def write_features(
    path: Path,
    names: Names,
    blocks: Iterable[NDArray[np.float32]],
    provenance: Provenance | None,
    compress: bool = False,
) -> None:
    """Write features of which one block of rows (b, d) after the other comes: the file that `write` would write.

    There is at least one block, and all of them together have as many rows as there are names. Raises CoveyError.
    """
    with create_npz(path, compress) as archive:
        archive.put_blocks("X", len(names), blocks)
        archive.put("N", names)
        if provenance is not None:
            archive.put(PROVENANCE, np.array(provenance.to_json()))


def read(path: Path) -> Table:
    """Read a table; large arrays that covey wrote are mapped. Raises CoveyError when it is damaged, or no table."""
    with open_npz(path) as archive:
        kind = _kind(archive)
        arrays = {key: archive.read(key) for key in _KEYS[kind]}
        return _table(kind, arrays, _provenance(archive))


def read_entry(path: Path) -> AnyEntry:
    """Return what an NPZ file holds, from its headers and provenance alone. Raises CoveyError."""
    with open_npz(path) as archive:
        kind = _kind(archive)
        rows, columns = (*archive.headers[_KEYS[kind][0]].shape, 1)[:2]
        name, shape, provenance = path.name, (rows, columns), _provenance(archive)
    match kind:
        case TableKind.FEATURES:
            return Entry(name=name, table=Features, shape=shape, provenance=provenance)
        case TableKind.EMBEDDING:
            return Entry(name=name, table=Embedding, shape=shape, provenance=provenance)
        case TableKind.CLUSTERING:
            return Entry(name=name, table=Clustering, shape=shape, provenance=provenance)


def _arrays(table: Table) -> dict[str, NDArray[Any]]:
    origin = {} if table.provenance is None else {PROVENANCE: np.array(table.provenance.to_json())}
    return {**_columns(table), **origin}


def _columns(table: Table) -> dict[str, NDArray[Any]]:
    match table:
        case Features():
            return {"X": table.X, "N": table.names}
        case Embedding():
            return {"X_red": table.Z, "X_2D": table.map, "N": table.names}
        case Clustering():
            return {"labels": table.labels, "N": table.names}


def _kind(archive: Archive) -> TableKind:
    """Return which table an archive holds, once its headers fit together."""
    headers = archive.headers
    for kind, keys in _KEYS.items():
        if set(keys) <= set(headers):
            _check(archive.path, {key: headers[key] for key in keys})
            return kind
    keys_listed = ", ".join(sorted(set(headers) - {PROVENANCE})) or "nothing"
    raise CoveyError(f"{archive.path} is no table that covey knows: it holds {keys_listed[:200]}.")


def _check(path: Path, headers: Mapping[str, Header]) -> None:
    for key, header in headers.items():
        fits = len(header.shape) == _DIMENSIONS[key] and (key != "X_2D" or header.shape[1] == 2)
        if not fits or header.dtype.kind not in _KINDS[key]:
            description = f"{key} is an array {header.shape} of {header.dtype}"
            raise CoveyError(f"{path} is damaged: {description}. Make or fetch the file again.")
    lengths = {key: header.shape[0] for key, header in headers.items()}
    if len(set(lengths.values())) > 1:
        description = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise CoveyError(
            f"{path} is damaged: its arrays differ in length ({description}). Make or fetch the file again."
        )


def _table(kind: TableKind, arrays: Mapping[str, NDArray[Any]], provenance: Provenance | None) -> Table:
    names = _names(arrays["N"])
    if kind is TableKind.FEATURES:
        return Features(names=names, X=_floats(arrays["X"]), provenance=provenance)
    if kind is TableKind.EMBEDDING:
        Z, flat = _floats(arrays["X_red"]), _floats(arrays["X_2D"])
        return Embedding(names=names, Z=Z, map=flat, provenance=provenance)
    return Clustering(names=names, labels=_labels(arrays["labels"]), provenance=provenance)


def _names(array: NDArray[Any]) -> Names:
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    if array.view(np.uint32).max(initial=0) > 0x10FFFF:
        raise ValueError("N holds what is no text")
    return array


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _labels(array: NDArray[Any]) -> Labels:
    labels = array.astype(np.int32, copy=False)
    if not np.array_equal(labels, array):
        raise ValueError("labels holds numbers of more than 32 bits")
    return labels


def _provenance(archive: Archive) -> Provenance | None:
    if PROVENANCE not in archive.headers:
        return None
    return Provenance.from_json(str(archive.read(PROVENANCE)), str(archive.path))
