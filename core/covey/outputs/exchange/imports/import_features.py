"""Arrays of other programs as features: NPY with a file of names, CSV, Parquet."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from covey._base import csvs
from covey._base.balance import Balance
from covey._base.digests import digest, hash_file
from covey._base.errors import CoveyError, reason
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun, preview
from covey.components.contracts import Floats
from covey.components.kinds import Kind
from covey.data.dataset import Dataset
from covey.data.formats import npz, parquet
from covey.data.label_file import find_images
from covey.data.legacy.foreign_tables import describe_foreign_features
from covey.data.legacy.time_pooling import EDGES
from covey.data.provenance import Details, Provenance
from covey.data.tables import Features

COMPONENT = "import"
NAMES = ("filename", "file_name")
VALUES = 1 << 20
"""Numbers that are checked at a time."""


@attrs.frozen(eq=False)
class Foreign:
    """Features as another program left them: names (n,), and a way to read rows (b, d), one block after the other.

    `provenance` is what they are known by; None means the contents of the file.
    """

    path: Path
    names: Sequence[str]
    read: Callable[[], Iterator[NDArray[Any]]]
    provenance: Provenance | None = None


def import_features(
    dataset: Dataset, path: Path, names: Path | None = None, progress: Progress = SILENT, edges: int = EDGES
) -> str:
    """Keep the features in a file in a dataset; return in words what was done.

    Args:
        dataset: where they are kept.
        path: a .npy file with an array (n, d); or a .csv or .parquet file with a column `filename` and one for each
            feature: d0, d1, ... where there are such, or else all others; or a .npz file with `X` (n, d) and `N`.
        names: for a .npy file the names of its rows: one a line, a CSV file with `filename`, or an .npy file of text.
        progress: told how far it is.
        edges: columns that are left out at both ends of time where a .npz file has features (n, c, t), which are then
            averaged over it.

    Raises:
        CoveyError: the file cannot be read; names stand twice, are none of the images, or are of another number than
            the rows; a value is no finite float32. The dataset is then as it was.
    """
    if not dataset.writable:
        raise CoveyError(f"{dataset.location} cannot be written: import the features into a copy of it.")
    with progress.step(f"Looking at {path.name}", 1, "file"):
        foreign = _with_image_names(open_features_file(path, names, edges), dataset)
        remark = _checked_names(foreign, dataset)
        provenance = foreign.provenance or provenance_of(foreign)
    if entry := dataset.entries_by_key().get(provenance.key):
        return f"{path.name} is there already, as {entry.name}."
    with progress.step(f"Reading {path.name}", len(foreign.names), "row") as step:

        def blocks() -> Iterator[Floats]:
            for block in _check_values(foreign):
                yield block
                step.advance(len(block))

        dataset.save_features(np.array(foreign.names, dtype=np.str_), blocks(), provenance)
    entry = dataset.find(provenance.key)
    into = f", as {entry.name}" if entry else ""
    rows = count_noun(len(foreign.names), "row")
    return f"{rows} of {path.name} became features of {dataset.location}{into}. {remark}".strip()


def open_features_file(path: Path, names: Path | None, edges: int = EDGES) -> Foreign:
    """Open a file with features. Raises CoveyError when it is no such file."""
    match path.suffix.lower():
        case ".npy" if names:
            return _npy(path, names)
        case ".npy":
            raise CoveyError(f"{path} has no names in it: name the file that has them.")
        case _ if names:
            raise CoveyError(f"{path} has names of its own, in the column {NAMES[0]!r}: leave out the file of names.")
        case ".csv" | ".tsv":
            return _csv(path)
        case ".parquet":
            return _parquet(path)
        case ".npz":
            return _npz(path, edges)
    raise CoveyError(f"{path} is no .npz, .npy, .csv or .parquet file: save the features as one of these.")


def provenance_of(foreign: Foreign) -> Provenance:
    """Return the provenance of features that another program made: their content is what they are known by."""
    content = hash_file(foreign.path)
    return Provenance(
        kind=Kind.EXTRACTOR,
        component=COMPONENT,
        tag=f"{COMPONENT}_{foreign.path.stem}",
        version=1,
        options={},
        identity={"content": content},
        input=digest(list(foreign.names)),
        details=Details(file=foreign.path.name),
    )


def _npz(path: Path, edges: int) -> Foreign:
    table = npz.read(path, edges)
    if not isinstance(table, Features):
        raise CoveyError(f"{path} is a table of the kind {table.kind}, not features.")
    X, provenance = table.X, table.provenance
    if provenance is None:
        is_pooled = npz.count_time_columns(path) is not None
        provenance = describe_foreign_features(path.name, npz.hash_arrays(path), edges if is_pooled else None)
    return Foreign(path, table.names.tolist(), lambda: _split_rows(X), provenance)


def _split_rows(X: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield the rows of an array (n, d) in blocks."""
    count = max(1, VALUES // max(1, X.shape[1]))
    return (X[start : start + count] for start in range(0, len(X), count))


def _npy(path: Path, names: Path) -> Foreign:
    X = _mapped(path)
    if X.ndim != 2 or X.dtype.kind not in "fiub" or not X.shape[1]:
        raise CoveyError(f"{path} holds an array {X.shape} of {X.dtype}: features are numbers in rows (n, d).")
    row_names = _names(names)
    if len(row_names) != len(X):
        counts = f"{path} has {count_noun(len(X), 'row')}, {names} has {count_noun(len(row_names), 'name')}"
        raise CoveyError(f"{counts}: they must be as many.")
    return Foreign(path, row_names, lambda: _split_rows(X))


def _mapped(path: Path) -> NDArray[Any]:
    """Return the array in an NPY file, mapped; one of Python objects would run code, and is refused."""
    try:
        return open_memmap(path, mode="r")
    except (OSError, ValueError, TypeError, SyntaxError, EOFError, OverflowError, RecursionError) as error:
        cause = "it holds Python objects, which are never read" if "Python objects" in str(error) else reason(error)
        raise CoveyError(f"{path} cannot be read ({cause}): save a plain array with numpy.save.") from error


def _names(path: Path) -> list[str]:
    if path.suffix.lower() == ".npy":
        array = np.array(_mapped(path))
        if array.ndim != 1 or array.dtype.kind != "U" or array.view(np.uint32).max(initial=0) > sys.maxunicode:
            raise CoveyError(f"{path} holds an array {array.shape} of {array.dtype}: names are text, one for each row.")
        return [str(name) for name in array.tolist()]
    heads, *rows = [row for _, row in csvs.read_csv_rows(path, "names")] or [[]]
    if name := next((name for name in NAMES if name in heads), None):
        return [_cell(row, heads.index(name)) for row in rows]
    if any(len(row) != 1 for row in (heads, *rows)):
        raise CoveyError(f"{path} does not hold a name in each line: give its column of names the head {NAMES[0]!r}.")
    return [heads[0], *(row[0] for row in rows)]


def _csv(path: Path) -> Foreign:
    rows = csvs.read_csv_rows(path, "features")
    _, heads = next(rows, (0, []))
    name, columns = _columns(path, heads)
    at, places = heads.index(name), [heads.index(column) for column in columns]
    names = [_cell(row, at) for _, row in rows]
    return Foreign(path, names, lambda: _csv_blocks(path, places))


def _csv_blocks(path: Path, places: Sequence[int]) -> Iterator[NDArray[Any]]:
    count, pending = max(1, VALUES // len(places)), list[Floats]()
    rows = csvs.read_csv_rows(path, "features")
    next(rows)
    for line, row in rows:
        try:
            pending.append(np.array([float(row[place]) for place in places]))
        except (ValueError, IndexError) as error:
            raise CoveyError(f"{path} cannot be read: {reason(error)} (line {line}); features are numbers.") from error
        if len(pending) == count:
            yield np.array(pending)
            pending = []
    if pending:
        yield np.array(pending)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _parquet(path: Path) -> Foreign:
    name, columns = _columns(path, parquet.heads(path))
    names = [str(cell or "") for (block,) in parquet.blocks(path, [name]) for cell in block.tolist()]

    def read() -> Iterator[NDArray[Any]]:
        for block in parquet.blocks(path, columns):
            for column, values in zip(columns, block, strict=True):
                if values.dtype.kind not in "fiub":
                    raise CoveyError(f"{path} has other values than numbers in the column {column!r}: leave it out.")
            yield np.stack(block, axis=1)

    return Foreign(path, names, read)


def _columns(path: Path, heads: Sequence[str]) -> tuple[str, list[str]]:
    """Return the column with names and those with features. Raises CoveyError."""
    name = next((head for head in NAMES if head in heads), None)
    others = [head for head in heads if head and head not in NAMES]
    columns = (
        [f"d{dimension}" for dimension in range(len(others)) if f"d{dimension}" in others] if "d0" in others else others
    )
    if name is None or not columns:
        present = ", ".join(heads[:10]) or "nothing"
        raise CoveyError(f"{path} needs a column {NAMES[0]!r} and one for each feature; there is: {present}.")
    return name, columns


def _with_image_names(foreign: Foreign, dataset: Dataset) -> Foreign:
    """Return the features with the names of images, where the file has these with folders or in other capitals."""
    images = find_images(foreign.names, dataset.images.names()) if dataset.images else {}
    return attrs.evolve(foreign, names=[images.get(name, name) for name in foreign.names])


def _checked_names(foreign: Foreign, dataset: Dataset) -> str:
    """Return in words which images the names are. Raises CoveyError when they cannot be names of rows."""
    names = foreign.names
    if not names or "" in names:
        raise CoveyError(f"{foreign.path} has rows without a name: each row needs the name of an image.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CoveyError(f"{foreign.path} names images twice ({preview(twice)}): each may have one row.")
    images = set(dataset.images.names()) if dataset.images else set()
    unknown_names = [name for name in names if name not in images]
    if images and len(unknown_names) == len(names):
        beginnings = f"it begins with {names[0]!r}, the images with {min(images)!r}"
        raise CoveyError(
            f"No row of {foreign.path} is an image: {beginnings}. Names count from the image folder, with '/'."
        )
    balance = Balance("row", used=len(names) - len(unknown_names))
    for name in unknown_names:
        balance.leave_out("of no image here, stored all the same", name)
    return balance.describe() if images else ""


def _check_values(foreign: Foreign) -> Iterator[Floats]:
    """Yield the rows as float32. Raises CoveyError when one is not finite."""
    row = 0
    for block in foreign.read():
        with np.errstate(over="ignore"):
            X = np.ascontiguousarray(block, dtype=np.float32)
        bad = np.flatnonzero(~np.isfinite(X).all(axis=1))
        if len(bad):
            name = foreign.names[row + int(bad[0])]
            raise CoveyError(f"{foreign.path} has a value that is no finite float32, for {name!r}: leave that row out.")
        row += len(X)
        yield X
