"""Tables on disk that grow by parts: Parquet files that are never changed, and a manifest that says which count.

A change writes one new part and replaces the manifest, so that a killed process leaves the old or the new state. The
last row of a key counts. Small parts are merged into one of at most `SMALL` rows: for one more row little is written,
however long the table is.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.digests import canonical_json
from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, replace_file, write_text
from covey.data.catalogue.owner import Owner
from covey.data.formats.arrow_columns import Mask, TextColumn, read_parquet, write_parquet

FORMAT = 1
MANIFEST = "manifest.json"
SMALL, MOST_SMALL = 4096, 8
"""Rows up to which parts are merged, and how many such parts there may be before they are."""
WAIT_S = 60.0
Column = TextColumn | NDArray[Any]
Columns = Mapping[str, Column]


class DamagedStoreError(CoveyError):
    """The store cannot be used: it is damaged, or of a newer covey."""


class HeldStoreError(CoveyError):
    """Another process changes the store."""


@attrs.frozen
class Part:
    """One file of a table: its name, number of rows and SHA-256, and whether some of its keys are in earlier parts."""

    file: str
    rows: int
    content: str
    replaces: bool


@attrs.frozen
class Manifest:
    """Which parts each table has, the oldest first, and notes of its user (JSON texts) by name."""

    tables: Mapping[str, tuple[Part, ...]] = attrs.field(factory=dict)
    notes: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class TableLayout:
    """What a table on disk is called, the column that is its key, all its columns, and those with few values."""

    name: str
    key: str
    columns: tuple[str, ...]
    dictionary: tuple[str, ...] = ()


@attrs.frozen
class PartStore:
    """The tables in one folder, which belongs to one user."""

    folder: Path
    owner: Owner

    def read_manifest(self) -> Manifest:
        """Return which parts count; none where there is no manifest.

        Raises:
            DamagedStoreError: it is damaged, was not written by this user, or is of a newer covey.
        """
        path = self.folder / MANIFEST
        return _parse_manifest(_read_own(path), self.owner) if os.path.lexists(path) else Manifest()

    def read(self, layout: TableLayout, columns: Sequence[str]) -> Columns:
        """Return some columns of a table, the last row of each key, in any order.

        Raises:
            DamagedStoreError: a part is missing or not the one that was written.
        """
        names = list(dict.fromkeys([layout.key, *columns]))
        manifest = self.read_manifest()
        while True:
            try:
                return self.read_parts(manifest.tables.get(layout.name, ()), names)
            except DamagedStoreError:
                latest = self.read_manifest()
                if latest == manifest:
                    raise
                manifest = latest  # another process merged the parts meanwhile

    @contextmanager
    def changing(self, wait_s: float = WAIT_S) -> Iterator[Change]:
        """Open a change, which no other process can make at the same time; the manifest is replaced at its end.

        Raises:
            HeldStoreError: another process has held the store for `wait_s` seconds.
            CoveyError: the folder cannot be written.
            DamagedStoreError: as in `read_manifest`.
        """
        from filelock import FileLock, Timeout

        make_folder(self.folder)
        path = self.folder / "lock"
        if self.folder.is_symlink() or path.is_symlink():
            raise DamagedStoreError(f"{path} is a link")
        lock = FileLock(path, timeout=wait_s, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            raise HeldStoreError(f"Another process changes {self.folder}: wait until it has ended.") from error
        except (OSError, NotImplementedError) as error:
            raise CoveyError(f"{self.folder} cannot be locked ({reason(error)}).") from error
        try:
            change = Change(self, self.read_manifest())
            yield change
            change.finish()
        finally:
            lock.release()

    def read_parts(self, parts: Sequence[Part], columns: Sequence[str]) -> Columns:
        """Return the last row of each key, which is in the first column; one column after the other, to save memory."""
        masks = list(self._latest_rows(parts, columns[0]))
        most = sum(part.rows for part in parts)
        return {
            name: _join_column((_keep(self._read_column(part, name), mask) for part, mask in masks), most)
            for name in columns
            if masks
        }

    def _latest_rows(self, parts: Sequence[Part], key: str) -> Iterator[tuple[Part, Mask | None]]:
        """Yield each part with its rows (n,) whose keys are not in later parts; None where all are such."""
        masks: list[Mask | None] = []
        later_keys: list[TextColumn] = []
        for part in reversed(parts):
            keys = self._read_column(part, key) if later_keys or part.replaces else None
            assert keys is None or isinstance(keys, TextColumn)
            masks.append(~TextColumn.join(later_keys).has(keys) if keys and later_keys else None)
            if keys and part.replaces:
                later_keys.append(keys)
        return zip(parts, reversed(masks), strict=True)

    def _read_column(self, part: Part, name: str) -> Column:
        path = self.folder / part.file
        content = _read_own(path)
        if hashlib.sha256(content).hexdigest() != part.content:
            raise DamagedStoreError(f"{path} is not what covey wrote")
        try:
            return read_parquet(content, [name])[name]
        except CoveyError as error:
            raise DamagedStoreError(f"{path}: {error}") from error


@attrs.define
class Change:
    """A change of the tables of a store, which counts once it is finished."""

    store: PartStore
    manifest: Manifest

    def count_rows(self, layout: TableLayout) -> int:
        """Return how many rows a table has on disk, outdated ones included."""
        return sum(part.rows for part in self._parts(layout))

    def append(self, layout: TableLayout, columns: Columns, replaces: bool = False) -> None:
        """Add rows; where `replaces` is true they take the place of earlier rows of the same keys."""
        if not len(columns[layout.key]):
            return
        parts = self._merge_small(layout, [*self._parts(layout), self._write_part(layout, columns, replaces)])
        self.manifest = attrs.evolve(self.manifest, tables={**self.manifest.tables, layout.name: tuple(parts)})

    def replace(self, layout: TableLayout, columns: Columns) -> None:
        """Put rows in the place of all that there are."""
        parts = (self._write_part(layout, columns, False),) if len(columns[layout.key]) else ()
        self.manifest = attrs.evolve(self.manifest, tables={**self.manifest.tables, layout.name: parts})

    def note(self, name: str, text: str) -> None:
        """Keep a text under a name."""
        self.manifest = attrs.evolve(self.manifest, notes={**self.manifest.notes, name: text})

    def finish(self) -> None:
        """Write the manifest, then delete files that no longer count."""
        if self.manifest == self.store.read_manifest():
            return
        write_text(self.store.folder / MANIFEST, _format_manifest(self.manifest, self.store.owner))
        current = {part.file for parts in self.manifest.tables.values() for part in parts}
        for path in [*self.store.folder.glob("*.parquet"), *self.store.folder.glob(".*.tmp")]:
            if path.name not in current:
                with suppress(OSError):  # another process may read it, on Windows
                    path.unlink()

    def _parts(self, layout: TableLayout) -> tuple[Part, ...]:
        return self.manifest.tables.get(layout.name, ())

    def _write_part(self, layout: TableLayout, columns: Columns, replaces: bool) -> Part:
        content = write_parquet({name: columns[name] for name in layout.columns}, layout.dictionary)
        name = f"{layout.name}-{secrets.token_hex(8)}.parquet"
        with replace_file(self.store.folder / name, durable=False) as file:
            file.write(content)
        return Part(name, len(columns[layout.key]), hashlib.sha256(content).hexdigest(), replaces)

    def _merge_small(self, layout: TableLayout, parts: list[Part]) -> list[Part]:
        """Return the parts with the last ones merged into one, once there are many that are small."""
        first, rows = len(parts), 0
        while first and rows + parts[first - 1].rows <= SMALL:
            first -= 1
            rows += parts[first].rows
        if len(parts) - first <= MOST_SMALL:
            return parts
        merged = self.store.read_parts(parts[first:], layout.columns)
        replaces = any(part.replaces for part in parts[first:])
        return [*parts[:first], self._write_part(layout, merged, replaces)]


def _read_own(path: Path) -> bytes:
    """Return a file of covey's own, which is neither a link nor a pipe. Raises DamagedStoreError."""
    try:
        if path.is_symlink() or not path.is_file():
            raise DamagedStoreError(f"{path} is gone, or is no regular file")
        return path.read_bytes()
    except OSError as error:
        raise DamagedStoreError(f"{path} cannot be read ({reason(error)})") from error


def _join_column(blocks: Iterator[Column], most: int) -> Column:
    """Return a column that comes in blocks, of at most so many rows; blocks of numbers are let go one by one."""
    first = next(blocks)
    if isinstance(first, TextColumn):
        return TextColumn.join([first, *(block for block in blocks if isinstance(block, TextColumn))])
    joined, end = np.empty(most, first.dtype), 0
    for block in chain([first], blocks):
        joined[end : end + len(block)] = block
        end += len(block)
    return joined[:end]


def _keep(column: Column, mask: Mask | None) -> Column:
    if mask is None:
        return column
    return column.keep(mask) if isinstance(column, TextColumn) else column[mask]


def keep_rows(columns: Columns, mask: Mask) -> Columns:
    """Return the rows for which `mask` (n,) is true."""
    return columns if mask.all() else {name: _keep(column, mask) for name, column in columns.items()}


def _format_manifest(manifest: Manifest, owner: Owner) -> str:
    document = {
        "format": FORMAT,
        "tables": {name: [attrs.astuple(part) for part in parts] for name, parts in manifest.tables.items()},
        "notes": dict(manifest.notes),
    }
    return json.dumps({**document, "seal": owner.seal(canonical_json(document).encode())}, indent=1)


def _parse_manifest(content: bytes, owner: Owner) -> Manifest:
    try:
        document = json.loads(content)
        seal, written_format = str(document.pop("seal")), int(document["format"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedStoreError("its manifest is damaged") from error
    if written_format > FORMAT:
        raise DamagedStoreError(f"it was written by a newer covey (format {written_format})")
    if not owner.has_sealed(canonical_json(document).encode(), seal):
        raise DamagedStoreError("its manifest is damaged, or was not written by you")
    tables = {str(name): tuple(Part(*part) for part in parts) for name, parts in document["tables"].items()}
    return Manifest(tables, document["notes"])
