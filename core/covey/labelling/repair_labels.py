"""Make a whole label file from what SQLite can still read of a damaged one, or from its latest backup."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from covey._base.balance import Balance
from covey._base.errors import CoveyError, reason
from covey._base.files import create_file, replace_file
from covey._base.text import count_noun
from covey.labelling.database import (
    COVEY,
    FORMAT,
    LARGEST,
    TABLES,
    UNREADABLE,
    check_contents,
    create_tables,
    read_sound_contents,
)
from covey.labelling.label_backups import list_backups
from covey.labelling.untrusted_sqlite import BusyLabels, check_journal, check_regular, journal_of
from covey.labelling.user_copies.user_copy import find_label_file

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

_KEYS = {
    "revision": "number",
    "class": "id",
    "image": "id",
    "label": "class, image",
    "absence": "image",
    "action": "id",
    "class_change": "action, given, id",
    "label_change": "action, given, class, image",
    "absence_change": "action, given, image",
}
"""The columns by which each table is sorted in the file, in the order in which the tables can be filled."""
_HISTORY = ("action", "class_change", "label_change", "absence_change")
Row = tuple[object, ...]


@attrs.define
class _Salvage:
    """The rows of each table that can be read, and the tables of which some cannot."""

    format: int = FORMAT
    rows: dict[str, list[Row]] = attrs.field(factory=dict)
    incomplete: set[str] = attrs.field(factory=set)


def repair_dataset_labels(dataset: Dataset, from_backup: bool = False, patience: float = 5.0) -> str:
    """Repair the labels of a dataset as `repair_labels` does, and keep them where it lies; return the balance.

    Raises:
        CoveyError: nothing can be repaired, the file is held, or the result cannot be kept there.
    """
    path = find_label_file(dataset, patience)
    balance = repair_labels(path, patience, from_backup)
    if path.parent == dataset.home:
        dataset.keep(path)
    return balance


def repair_labels(path: Path, patience: float, from_backup: bool = False) -> str:
    """Replace a damaged label file by what can be read of it; return the balance.

    The damaged file stays beside it under a name with the time.

    Args:
        path: the file.
        patience: seconds to wait while another program holds it.
        from_backup: take the latest backup instead of what can be read.

    Raises:
        CoveyError: there is no such file, it is held, or nothing of it can be read, or no backup is whole.
    """
    if not check_regular(path):
        raise CoveyError(f"There are no labels {path}.")
    check_journal(journal_of(path))
    if not from_backup and (count := _count_sound_labels(path, patience)) is not None:
        return f"The labels {path} are whole: {count_noun(count, 'label')}. Nothing was changed."
    contents, sentence = _read_backup(path, patience) if from_backup else _salvage(path)
    check_contents(path, contents)
    damaged = _set_aside(path)
    with replace_file(path) as file:
        file.write(contents)
    return f"{sentence} The file as it was is kept as {damaged.name}."


def _count_sound_labels(path: Path, patience: float) -> int | None:
    """Return the number of labels in a file that is as it should be, None if it is not. Raises BusyLabels."""
    try:
        contents = read_sound_contents(path, patience)
    except BusyLabels:
        raise
    except CoveyError:
        return None
    return _count_labels(contents)


def _count_labels(contents: bytes) -> int:
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(contents)
        return _count_rows(db, "label")


def _count_rows(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _read_backup(path: Path, patience: float) -> tuple[bytes, str]:
    """Return the latest whole backup, and a sentence on it. Raises CoveyError when there is none."""
    for backup in reversed(list_backups(path)):
        with suppress(CoveyError), closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(read_sound_contents(backup, patience))
            _renew_revision(db)
            contents = db.serialize()
            return contents, f"{count_noun(_count_labels(contents), 'label')} put back from the backup {backup}."
    raise CoveyError(f"There is no whole backup of {path}: nothing was changed.")


def _salvage(path: Path) -> tuple[bytes, str]:
    """Return a new label file made of what can be read of a damaged one, and its balance.

    Raises:
        CoveyError: nothing can be read, or the file is not covey's.
    """
    salvage = _read_damaged(path)
    balance = Balance("label", f"in {path}")
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        create_tables(db, salvage.format)
        db.execute("PRAGMA foreign_keys=ON")
        left_out = {table: _fill(db, table, salvage.rows[table]) for table in _KEYS if table in salvage.rows}
        balance.used = _count_rows(db, "label")
        for row in left_out.get("label", ()):
            balance.leave_out("whose class or image cannot be read", _describe_row(db, row))
        is_whole = not salvage.incomplete and not any(left_out.values())
        if not is_whole:  # an action of which a part is missing cannot be undone exactly
            for table in reversed(_HISTORY):
                if table in salvage.rows:
                    db.execute(f"DELETE FROM {table}")
        _renew_revision(db)
        contents = db.serialize()
        absence_count = _count_rows(db, "absence") if salvage.rows.get("absence") else 0
    if not (balance.used or absence_count):
        raise CoveyError(f"No label can be read from {path}: nothing was changed. {_describe_backups(path)}")
    return contents, " ".join([balance.describe(), *([] if is_whole else _describe_losses(path, salvage))])


def _describe_losses(path: Path, salvage: _Salvage) -> Iterator[str]:
    if "label" in salvage.incomplete:
        yield "Others may be missing: a part of the file cannot be read."
    yield "The history could not be kept whole and begins anew."
    yield _describe_backups(path)


def _describe_backups(path: Path) -> str:
    backups = list_backups(path)
    if not backups:
        return "There is no backup."
    return f"The latest backup is {backups[-1]}: a repair from the backup takes it instead."


def _read_damaged(path: Path) -> _Salvage:
    """Read all rows of the tables that are declared as covey declares them, from a private copy. Raises CoveyError."""
    with tempfile.TemporaryDirectory(prefix="covey-labels-") as folder:
        copy = Path(folder) / path.name
        try:
            shutil.copyfile(path, copy)
            if journal_of(path).exists():
                shutil.copyfile(journal_of(path), journal_of(copy))
        except OSError as error:
            raise CoveyError(f"The labels {path} cannot be read: {reason(error)}.") from error
        try:
            with closing(sqlite3.connect(copy)) as db:
                return _read_tables(db, path)
        except UNREADABLE:
            return _Salvage()


def _read_tables(db: sqlite3.Connection, path: Path) -> _Salvage:
    db.execute("PRAGMA trusted_schema=OFF")
    db.text_factory = bytes  # a text that is none must not end the reading
    made_by, number = (int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version"))
    declared = {sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")}
    if not declared:
        return _Salvage()
    if made_by != COVEY or number not in TABLES:
        raise CoveyError(f"{path} is no label file of covey, or of a newer one: it is left as it is.")
    salvage = _Salvage(number)
    for statement in TABLES[number]:
        table = statement.split()[2]
        rows, is_whole = _scan(db, table) if statement.encode() in declared else ([], False)
        salvage.rows[table] = rows
        if not is_whole:
            salvage.incomplete.add(table)
    return salvage


def _scan(db: sqlite3.Connection, table: str) -> tuple[list[Row], bool]:
    """Return the rows of a table, read from both ends if the reading breaks off, and whether these are all."""
    rows: dict[Row, None] = {}
    for order in ("ASC", "DESC"):
        by = ", ".join(f"{column} {order}" for column in _KEYS[table].split(", "))
        try:
            for row in db.execute(f"SELECT * FROM {table} ORDER BY {by}"):
                rows[row] = None
        except UNREADABLE:
            continue
        return list(rows), order == "ASC"
    return list(rows), False


def _fill(db: sqlite3.Connection, table: str, rows: Sequence[Row]) -> list[Row]:
    """Insert the rows that a table takes; return the others."""
    if table == "revision":
        return []
    kinds = [kind for _, _, kind, *_ in db.execute(f"PRAGMA table_info({table})")]
    statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(kinds))})"
    left_out = []
    for row in rows:
        try:
            db.execute(statement, [_decode(cell, kind) for cell, kind in zip(row, kinds, strict=True)])
        except (*UNREADABLE, ValueError):
            left_out.append(row)
    return left_out


def _decode(cell: object, kind: str) -> str | int:
    """Return a cell of a damaged file as the type of its column. Raises ValueError when it is of another one."""
    if kind == "INTEGER" and isinstance(cell, int) and 0 <= cell <= LARGEST:
        return cell
    if kind == "TEXT" and isinstance(cell, bytes):
        return cell.decode()
    raise ValueError


def _describe_row(db: sqlite3.Connection, label: Row) -> str:
    """Name a label that was left out by what is known of it."""
    number, image = label[:2]
    names = [
        db.execute(f"SELECT name FROM {table} WHERE id = ?", (key,)).fetchone()
        for table, key in (("class", number), ("image", image))
    ]
    label_name, image_name = (name[0] if name else "unknown" for name in names)
    return f"{label_name} on {image_name}"


def _renew_revision(db: sqlite3.Connection) -> None:
    """Set the number by which windows notice a change to one that counting actions has never reached."""
    db.execute("UPDATE revision SET number = ?", (time.time_ns() // 1_000_000,))
    db.commit()


def _set_aside(path: Path) -> Path:
    """Copy a label file and its journal to names with the time, and remove the journal; return the copy's path."""
    damaged = path.with_name(f"labels-damaged-{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}.sqlite")
    try:
        create_file(damaged, path.read_bytes())
        if journal_of(path).exists():
            create_file(journal_of(damaged), journal_of(path).read_bytes())
            journal_of(path).unlink()
    except OSError as error:
        raise CoveyError(f"{damaged} could not be written: {reason(error)}. Nothing was changed.") from error
    return damaged
