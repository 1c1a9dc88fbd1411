"""Tables as NPZ files: the keys of the original tools plus one JSON string of provenance, never pickled.

| table      | keys                  |
|------------|-----------------------|
| features   | `X`, `N`              |
| embedding  | `X_red`, `X_2D`, `N`  |
| clustering | `labels`, `N`, where covey wrote it `nearest` and `confidence` |
| state      | `state.NAME`..., `N`  |
| extra      | `column.NAME`..., `N` |

Features of the original's auto-encoders, `X` (n, c, t), are averaged over time when they are read.
`N` are the names, fixed-width unicode; `covey`, where it is there, is the provenance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, in_terminal
from covey._base.text import count_noun
from covey.components.contracts import Labels
from covey.components.fitting import State
from covey.components.table_kinds import TableKind
from covey.data.dataset import AnyEntry, Entry
from covey.data.formats.npz_file import MOST_ARRAYS, Archive, Header, create_npz, open_npz
from covey.data.legacy.foreign_tables import describe_foreign_embedding
from covey.data.legacy.time_pooling import EDGES, pool_time
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding, Extra, Features, LearnedState, Names, NearestGroups, Table

PROVENANCE = "covey"
STATE = "state."
"""How the keys of the arrays of a state begin; the name of the array follows."""
COLUMN = "column."
"""How the keys of the columns of an extra table begin; the name of the column follows."""
_ARRAY_NAME = re.compile(r"[^/\\:\0]{1,200}")
_KEYS: dict[TableKind, tuple[str, ...]] = {
    TableKind.EMBEDDING: ("X_red", "X_2D", "N"),
    TableKind.FEATURES: ("X", "N"),
    TableKind.CLUSTERING: ("labels", "N"),
}
_NEAREST = ("nearest", "confidence")
"""The keys that a clustering has besides, both or none."""
_PREFIXES = {TableKind.STATE: STATE, TableKind.EXTRA: COLUMN}
"""How the keys begin of tables whose arrays have any names."""
_KINDS = {"X": "fiu", "X_red": "fiu", "X_2D": "fiu", "labels": "iu", "nearest": "iu", "confidence": "f", "N": "USO"}
"""The kinds of dtype that a key may have, in NumPy's letters."""
_DIMENSIONS = {"X": (2, 3), "X_red": (2,), "X_2D": (2,), "labels": (1,), "nearest": (1,), "confidence": (1,), "N": (1,)}
"""The numbers of axes that a key may have. Features of the original's auto-encoders have one of time, (n, c, t)."""


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


def read(path: Path, edges: int = EDGES) -> Table:
    """Read a table; large arrays that covey wrote are mapped.

    Args:
        path: the file.
        edges: columns that are left out at both ends of time where features (n, c, t) are not averaged over time yet.

    Raises:
        CoveyError: it is damaged, or no table.
    """
    with open_npz(path) as archive:
        kind = _kind(archive, edges)
        arrays = {key: archive.read(key) for key in _keys(archive, kind)}
        return _table(kind, arrays, _provenance(archive, kind), edges)


def count_time_columns(path: Path) -> int | None:
    """Return the columns of time of features (n, c, t) that are not averaged over it; None for any other table."""
    with open_npz(path) as archive:
        header = archive.headers.get("X")
        return header.shape[2] if header and len(header.shape) == 3 else None


def hash_arrays(path: Path) -> str:
    """Return the SHA-256 of the arrays of a table, which does not change when they are packed anew.

    Raises:
        CoveyError: it is damaged, or no table.
    """
    with open_npz(path) as archive:
        return archive.hash(_keys(archive, _kind(archive)))


def read_entry(path: Path) -> AnyEntry:
    """Return what an NPZ file holds, from its headers and provenance alone. Raises CoveyError."""
    with open_npz(path) as archive:
        kind = _kind(archive)
        name, shape, provenance = path.name, _shape(archive, kind), _provenance(archive, kind)
    match kind:
        case TableKind.FEATURES:
            return Entry(name=name, table=Features, shape=shape, provenance=provenance)
        case TableKind.EMBEDDING:
            return Entry(name=name, table=Embedding, shape=shape, provenance=provenance)
        case TableKind.CLUSTERING:
            return Entry(name=name, table=Clustering, shape=shape, provenance=provenance)
        case TableKind.STATE:
            return Entry(name=name, table=LearnedState, shape=shape, provenance=provenance)
        case TableKind.EXTRA:
            return Entry(name=name, table=Extra, shape=shape, provenance=provenance)


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
            nearest = table.nearest
            optional = {"nearest": nearest.clusters, "confidence": nearest.confidence} if nearest else {}
            return {"labels": table.labels, "N": table.names, **optional}
        case LearnedState():
            check_state(table.arrays)
            return {**{STATE + name: array for name, array in table.arrays.items()}, "N": table.names}
        case Extra():
            return {**{COLUMN + name: array for name, array in table.columns.items()}, "N": table.names}


def check_state(state: State) -> None:
    """Check that a state can be written.

    Raises:
        CoveyError: it is empty, too many arrays, not arrays of numbers, booleans or text, or has unusable names.
    """
    for name, array in state.items():
        if not isinstance(name, str) or not _ARRAY_NAME.fullmatch(name):
            raise CoveyError(f"{name!r} cannot name an array of a state: use 1 to 200 characters without / \\ and :.")
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufSU":
            kind = f"an array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise CoveyError(f"A state holds arrays of numbers, booleans or text, but its {name!r} is {kind}.")
    if not 0 < len(state) <= MOST_ARRAYS:
        raise CoveyError(f"A state holds 1 to {MOST_ARRAYS:,} arrays, not {len(state):,}: join some of them.")


def _kind(archive: Archive, edges: int = EDGES) -> TableKind:
    """Return which table an archive holds, once its headers fit together."""
    headers = archive.headers
    for kind, keys in _KEYS.items():
        if set(keys) <= set(headers):
            _check(archive.path, {key: headers[key] for key in _keys(archive, kind)})
            _check_time(archive.path, headers[keys[0]].shape, edges)
            return kind
    for kind, prefix in _PREFIXES.items():
        arrays = [key for key in headers if key.startswith(prefix)]
        if "N" in headers and arrays:
            checked = ["N", *(arrays if kind is TableKind.EXTRA else [])]
            _check(archive.path, {key: headers[key] for key in checked})
            return kind
    keys_listed = ", ".join(sorted(set(headers) - {PROVENANCE})) or "nothing"
    raise CoveyError(f"{archive.path} is no table that covey knows: it holds {keys_listed[:200]}.")


def _keys(archive: Archive, kind: TableKind) -> tuple[str, ...]:
    """Return the keys of the arrays of which a table of this kind consists."""
    if prefix := _PREFIXES.get(kind):
        return (*(key for key in archive.headers if key.startswith(prefix)), "N")
    has_nearest = kind is TableKind.CLUSTERING and set(_NEAREST) <= set(archive.headers)
    return (*_KEYS[kind], *(_NEAREST if has_nearest else ()))


def _shape(archive: Archive, kind: TableKind) -> tuple[int, int]:
    """Return how many rows and columns a table has, or how many names and numbers a state."""
    headers = archive.headers
    if kind is TableKind.STATE:
        return headers["N"].shape[0], sum(prod(headers[key].shape) for key in headers if key.startswith(STATE))
    if kind is TableKind.EXTRA:
        return headers["N"].shape[0], sum(headers[key].shape[1] for key in headers if key.startswith(COLUMN))
    shape = headers[_KEYS[kind][0]].shape
    if len(shape) == 3:
        return shape[0], 2 * shape[1]
    rows, columns = (*shape, 1)[:2]
    return rows, columns


def _check(path: Path, headers: Mapping[str, Header]) -> None:
    for key, header in headers.items():
        fits = len(header.shape) in _DIMENSIONS.get(key, (2,)) and (key != "X_2D" or header.shape[1] == 2)
        if not fits or header.dtype.kind not in _KINDS.get(key, "fiU"):
            description = f"{key} is an array {header.shape} of {header.dtype}"
            raise CoveyError(f"{path} is damaged: {description}. Make or fetch the file again.")
    lengths = {key: header.shape[0] for key, header in headers.items()}
    if len(set(lengths.values())) > 1:
        description = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise CoveyError(
            f"{path} is damaged: its arrays differ in length ({description}). Make or fetch the file again."
        )


def _check_time(path: Path, shape: tuple[int, ...], edges: int) -> None:
    """Raise CoveyError if features are not averaged over time, and nothing is left of it without both edges."""
    if len(shape) == 3 and shape[2] <= 2 * edges:
        most = max(0, (shape[2] - 1) // 2)
        raise CoveyError(
            f"{path} has {count_noun(shape[2], 'column')} of time, of which none is left without {edges} at both ends:"
            f" bring it in by {in_terminal(f'covey import features --edges {most}')}."
        )


def _table(kind: TableKind, arrays: Mapping[str, NDArray[Any]], provenance: Provenance | None, edges: int) -> Table:
    names = _names(arrays["N"])
    if kind is TableKind.FEATURES:
        X = arrays["X"] if arrays["X"].ndim == 2 else pool_time(arrays["X"], edges)
        return Features(names=names, X=_floats(X), provenance=provenance)
    if kind is TableKind.EMBEDDING:
        Z, flat = _floats(arrays["X_red"]), _floats(arrays["X_2D"])
        return Embedding(names=names, Z=Z, map=flat, provenance=provenance)
    if kind is TableKind.STATE:
        state = {key.removeprefix(STATE): array for key, array in arrays.items() if key != "N"}
        return LearnedState(names=names, arrays=state, provenance=provenance)
    if kind is TableKind.EXTRA:
        columns = {key.removeprefix(COLUMN): _column(array, key) for key, array in arrays.items() if key != "N"}
        return Extra(names=names, columns=columns, provenance=provenance)
    return Clustering(
        names=names, labels=_labels(arrays["labels"], "labels"), provenance=provenance, nearest=_nearest(arrays)
    )


def _nearest(arrays: Mapping[str, NDArray[Any]]) -> NearestGroups | None:
    if "nearest" not in arrays:
        return None
    return NearestGroups(_labels(arrays["nearest"], "nearest"), _floats(arrays["confidence"]))


def _names(array: NDArray[Any]) -> Names:
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8")
    return _texts(array, "N")


def _texts(array: NDArray[Any], key: str) -> NDArray[np.str_]:
    if array.view(np.uint32).max(initial=0) > 0x10FFFF:
        raise ValueError(f"{key} holds what is no text")
    return array


def _column(array: NDArray[Any], key: str) -> NDArray[np.generic]:
    """Return a column of an extra table: float32, int32 or text."""
    if array.dtype.kind == "U":
        return _texts(array, key)
    return _floats(array) if array.dtype.kind == "f" else _labels(array, key)


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _labels(array: NDArray[Any], key: str) -> Labels:
    labels = array.astype(np.int32, copy=False)
    if not np.array_equal(labels, array):
        raise ValueError(f"{key} holds numbers of more than 32 bits")
    return labels


def _provenance(archive: Archive, kind: TableKind) -> Provenance | None:
    """Return what a file says of its origin; of an embedding that says nothing, what its arrays tell."""
    if PROVENANCE in archive.headers:
        return Provenance.from_json(str(archive.read(PROVENANCE)), str(archive.path))
    if kind is not TableKind.EMBEDDING:
        return None
    status = archive.path.stat()
    content = _hash_stamped(archive.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return describe_foreign_embedding(archive.path.name, content, _shape(archive, kind)[1])


@lru_cache(maxsize=1024)
def _hash_stamped(path: Path, _size: int, _modified_ns: int, _changed_ns: int) -> str:
    """Return the SHA-256 of the arrays of a table, computed again only if the file has changed."""
    return hash_arrays(path)
