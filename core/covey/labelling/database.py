"""The label file: an SQLite database that is opened for one transaction at a time, and trusted in nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from covey._base.errors import CoveyError, reason

NAME = "labels.sqlite"
FORMAT = 1
"""Raised when the tables change: an older covey then refuses the file."""
_COVEY = 0x636F7679
"""The application id of a label file: "covy"."""

_TABLES = (
    "CREATE TABLE revision (number INTEGER NOT NULL)",
    "CREATE TABLE image (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (typeof(name) = 'text'))",
    """CREATE TABLE class (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE CHECK (typeof(name) = 'text' AND length(name) BETWEEN 1 AND 500),
        colour TEXT NOT NULL CHECK (colour GLOB '#??????' AND substr(colour, 2) NOT GLOB '*[^0-9a-f]*')
    )""",
    """CREATE TABLE label (
        class INTEGER NOT NULL REFERENCES class,
        image INTEGER NOT NULL REFERENCES image,
        at TEXT NOT NULL CHECK (typeof(at) = 'text'),
        how TEXT NOT NULL CHECK (typeof(how) = 'text'),
        PRIMARY KEY (class, image)
    ) WITHOUT ROWID""",
    """CREATE TABLE action (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL CHECK (typeof(at) = 'text'),
        told TEXT NOT NULL CHECK (typeof(told) = 'text'),
        state TEXT NOT NULL CHECK (state IN ('done', 'undone', 'dropped'))
    )""",
    """CREATE TABLE class_change (
        action INTEGER NOT NULL REFERENCES action,
        given INTEGER NOT NULL CHECK (given IN (0, 1)),
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        colour TEXT NOT NULL,
        PRIMARY KEY (action, given, id)
    ) WITHOUT ROWID""",
    """CREATE TABLE label_change (
        action INTEGER NOT NULL REFERENCES action,
        given INTEGER NOT NULL CHECK (given IN (0, 1)),
        class INTEGER NOT NULL,
        image INTEGER NOT NULL REFERENCES image,
        at TEXT NOT NULL,
        how TEXT NOT NULL,
        PRIMARY KEY (action, given, class, image)
    ) WITHOUT ROWID""",
)
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def reading(path: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """Open a label file to be read, all at one moment; one that is not there is read as an empty one.

    Args:
        path: the file.
        patience: seconds to wait while another program holds it.

    Raises:
        CoveyError: it is held, damaged, of a newer covey, or no label file.
    """
    there = path.is_file() and path.stat().st_size > 0
    with _transaction(path, path if there else ":memory:", patience, "BEGIN") as db:
        yield db


@contextmanager
def writing(path: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """Open a label file to be changed, made if need be: wholly, or not at all if the block fails. Raises CoveyError."""
    with _transaction(path, path, patience, "BEGIN IMMEDIATE") as db:
        yield db


def check(path: Path, patience: float) -> None:
    """Look through the whole of a label file. Raises CoveyError when something in it is not as it should be."""
    with reading(path, patience) as db:
        whole = db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        if not whole or db.execute("PRAGMA foreign_key_check").fetchone():
            raise _damaged(path)


@contextmanager
def _transaction(path: Path, place: Path | str, patience: float, begin: str) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(place, timeout=patience, isolation_level=None)) as db:
            for setting in ("trusted_schema=OFF", "cell_size_check=ON", "foreign_keys=ON", "temp_store=MEMORY"):
                db.execute(f"PRAGMA {setting}")
            db.execute(begin)
            db.execute("PRAGMA defer_foreign_keys=ON")
            _prepare(db, path)
            yield db
            db.commit()
    except sqlite3.DatabaseError as error:
        raise _as_covey_error(path, error) from error


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file; see that those of an old one are ours. Raises CoveyError."""
    schema, made_by = _schema(db), _number(db, "application_id")
    if not schema and not made_by:
        _create(db)
    elif made_by != _COVEY:
        raise CoveyError(f"{path} is no label file of covey: move it away, then labels can be kept there.")
    elif _number(db, "user_version") > FORMAT:
        raise CoveyError(f"The labels {path} were written by a newer covey: install that one to read them.")
    elif schema != _ours():
        raise CoveyError(f"The labels {path} were changed by another program: put back a copy, or move the file away.")


def _create(db: sqlite3.Connection) -> None:
    for table in _TABLES:
        db.execute(table)
    db.execute("INSERT INTO revision VALUES (0)")
    db.execute(f"PRAGMA application_id={_COVEY}")
    db.execute(f"PRAGMA user_version={FORMAT}")


@cache
def _ours() -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        _create(db)
        return _schema(db)


def _schema(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return all that a file declares: nothing of it has run or runs by being read."""
    return sorted(db.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master").fetchall())


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _as_covey_error(path: Path, error: sqlite3.DatabaseError) -> CoveyError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # none: a text that is no text
    if code in _BUSY:
        return CoveyError(
            f"The labels {path} are held by another program: nothing was changed; wait until it has ended, try again."
        )
    if code in _BROKEN:
        return _damaged(path)
    return CoveyError(f"The labels {path} cannot be used: {reason(error)}. Nothing was changed; see to it, try again.")


def _damaged(path: Path) -> CoveyError:
    return CoveyError(f"The labels {path} are damaged, and left as they are: put back a copy, or move the file away.")
