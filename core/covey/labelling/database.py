"""The label file: an SQLite database that is opened for one transaction at a time, and whose contents are checked."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from covey._base.errors import CoveyError, in_terminal, reason
from covey._base.files import create_file
from covey.labelling.untrusted_sqlite import (
    BusyLabels,
    DamagedLabels,
    check_files,
    check_regular,
    journal_of,
    rolled_back_copy,
)

NAME = "labels.sqlite"
FORMAT = 3
"""Raised when the tables change: an older covey then refuses the file."""
COVEY = 0x636F7679
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
_NEW_TABLES = {
    "image": """CREATE TABLE image (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL CHECK (typeof(name) = 'text'),
        content TEXT NOT NULL CHECK (typeof(content) = 'text'),
        assumed INTEGER NOT NULL CHECK (assumed IN (0, 1)),
        recording TEXT NOT NULL CHECK (typeof(recording) = 'text'),
        start_ms INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        UNIQUE (name, content)
    )""",
    "action": """CREATE TABLE action (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL CHECK (typeof(at) = 'text'),
        told TEXT NOT NULL CHECK (typeof(told) = 'text'),
        state TEXT NOT NULL CHECK (state IN ('done', 'undone', 'dropped')),
        author TEXT NOT NULL CHECK (typeof(author) = 'text'),
        session TEXT NOT NULL CHECK (typeof(session) = 'text')
    )""",
}
"""The tables that differ in format 2. An image is a name with a content: the SHA-256 of the file when it was labelled,
"" if there was no file. It is `assumed` where the file was read only later. `recording` is the SHA-256 of
the recording of which the image shows a clip, "" if it is not known. `session` is the window of an action."""
_NEW_COLUMNS = {
    "image": "id, name, content, assumed, recording, start_ms, duration_ms",
    "action": "id, at, told, state, author, session",
}
_ADDED = {"image": "'', 0, '', 0, 0", "action": "'', ''"}
"""What the rows of format 1 get in the columns that format 2 adds."""
_ABSENCE_TABLES = {
    "absence": """CREATE TABLE absence (
        image INTEGER PRIMARY KEY REFERENCES image,
        at TEXT NOT NULL CHECK (typeof(at) = 'text'),
        how TEXT NOT NULL CHECK (typeof(how) = 'text')
    )""",
    "absence_change": """CREATE TABLE absence_change (
        action INTEGER NOT NULL REFERENCES action,
        given INTEGER NOT NULL CHECK (given IN (0, 1)),
        image INTEGER NOT NULL REFERENCES image,
        at TEXT NOT NULL,
        how TEXT NOT NULL,
        PRIMARY KEY (action, given, image)
    ) WITHOUT ROWID""",
}
"""The tables that format 3 adds: images that somebody looked at and found nothing in. An image with a label is none."""
_TABLES_2 = tuple(_NEW_TABLES.get(table.split()[2], table) for table in _TABLES)
TABLES = {1: _TABLES, 2: _TABLES_2, FORMAT: (*_TABLES_2, *_ABSENCE_TABLES.values())}
"""The tables of each format that covey reads, exactly as they are declared."""
LARGEST = 2**53
"""No number in a label file comes near this: ids count images, classes and actions."""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
RETRY_S = 0.01
"""Seconds after which a reader tries again that met a change."""
UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""Raised over a damaged file: Python decodes SQLite's own messages, which quote the file, as UTF-8."""
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_checking = threading.Lock()
_uses_by_file: Counter[tuple[int, int] | None] = Counter()
"""How often each file is in use, by the numbers of its device and of itself; None stands for missing files."""


@contextmanager
def reading(path: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """Open a label file to read it as it is at one moment; a missing one is read as an empty one.

    The file and its folder are not changed: where a writer died, a copy is repaired and read.

    Args:
        path: the file.
        patience: seconds to wait while another program holds it.

    Raises:
        CoveyError: it is held, damaged, of a newer covey, or not safe to open.
    """
    with ExitStack() as stack:
        yield _begin_patiently(stack, path, patience)


def _begin_patiently(stack: ExitStack, path: Path, patience: float) -> sqlite3.Connection:
    """Begin to read a label file, once more whenever somebody changed it in that moment. Raises CoveyError."""
    deadline_s = time.monotonic() + patience
    while True:
        try:
            with ExitStack() as attempt:
                db = _begin_to_read(attempt, path, patience)
                stack.push(attempt.pop_all())
                return db
        except BusyLabels:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(RETRY_S)


def _begin_to_read(stack: ExitStack, path: Path, patience: float) -> sqlite3.Connection:
    """Begin to read a label file as it is at one moment. Raises CoveyError."""
    address = ":memory:"
    if stack.enter_context(_using(path)):
        readable = stack.enter_context(rolled_back_copy(path)) if _writer_died(path, patience) else path
        address = _uri(readable, "ro" if readable == path else "rw")
    db = stack.enter_context(_transaction(path, address, patience, "BEGIN"))
    if _number(db, "user_version") < FORMAT:
        _read_as_new(db)
    return db


@contextmanager
def writing(path: Path, patience: float) -> Iterator[sqlite3.Connection]:
    """Open a label file, created if missing, to change it: wholly, or not at all if the block fails.

    Raises:
        CoveyError: it is held, damaged, of a newer covey, not safe to open, or cannot be written.
    """
    with _wait_for_others(path, patience):
        if not check_regular(path):
            create_file(path, _empty_database())
        with _using(path):
            _upgrade(path, patience)
            with _transaction(path, _uri(path, "rw"), patience, "BEGIN IMMEDIATE") as db:
                yield db


@contextmanager
def _using(path: Path) -> Iterator[bool]:
    """Use a label file, which is checked unless this process uses it already; yield whether there is one.

    Raises:
        CoveyError: it is not safe to open.
    """
    with _checking:
        file = _identify_file(path)
        exists = check_files(path, is_open=_uses_by_file[file] > 0)
        _uses_by_file[file] += 1
    try:
        yield exists
    finally:
        with _checking:
            _uses_by_file[file] -= 1
            if not _uses_by_file[file]:
                del _uses_by_file[file]


def _identify_file(path: Path) -> tuple[int, int] | None:
    with suppress(OSError, ValueError):
        status = path.lstat()
        return status.st_dev, status.st_ino
    return None


@contextmanager
def _wait_for_others(path: Path, patience: float) -> Iterator[None]:
    """Wait until no other thread of this process changes a label file: SQLite would look only now and then.

    Raises:
        CoveyError: one changes it for longer than somebody can wait.
    """
    lock = _writers_lock(path)
    if not lock.acquire(timeout=patience):
        raise _held(path)
    try:
        yield
    finally:
        lock.release()


@cache
def _writers_lock(_path: Path) -> threading.Lock:
    return threading.Lock()


def read_contents(path: Path, patience: float) -> bytes:
    """Return a label file as bytes, without what a dead writer left unfinished; a missing one as an empty one."""
    with reading(path, patience) as db:
        return db.serialize()


def read_sound_contents(path: Path, patience: float) -> bytes:
    """Return what `read_contents` does, once all of it is checked.

    Raises:
        CoveyError: anything in the file is not as it should be.
    """
    contents = read_contents(path, patience)
    check_contents(path, contents)
    return contents


@contextmanager
def copy_in_memory(contents: bytes) -> Iterator[sqlite3.Connection]:
    """Open a copy, in memory alone, of the contents of a label file that were found sound; in the present format."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.deserialize(contents)
        _renew_tables(db)
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("BEGIN")
        db.execute("PRAGMA defer_foreign_keys=ON")
        yield db


def check_contents(path: Path, contents: bytes) -> None:
    """Check the bytes of a label file, which is called `path` in messages. Raises CoveyError."""
    try:
        with closing(sqlite3.connect(":memory:")) as db:  # SQLite skips the CHECK constraints of a read-only file
            db.deserialize(contents)
            sound = db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
            if not sound or db.execute("PRAGMA foreign_key_check").fetchone() or _has_odd_values(db):
                raise _damaged(path)
    except UNREADABLE as error:
        raise _as_covey_error(path, error) from error


def _writer_died(path: Path, patience: float) -> bool:
    """Whether a writer was killed in the middle of a change, which SQLite would have to undo in the file."""
    if not os.path.lexists(journal_of(path)):
        return False
    try:
        with closing(sqlite3.connect(_uri(path, "ro"), timeout=patience, uri=True)) as db:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except UNREADABLE as error:
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK
    return False


def _uri(path: Path, mode: Literal["ro", "rw"]) -> str:
    """Return the address of an existing file for SQLite, which must never create one."""
    posix = path.absolute().as_posix()
    return f"file:{'//' if posix.startswith('/') else '///'}{quote(os.fsencode(posix))}?mode={mode}"


@contextmanager
def _transaction(
    path: Path, address: str, patience: float, begin: str, foreign_keys: Literal["ON", "OFF"] = "ON"
) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(address, timeout=patience, isolation_level=None, uri=True)) as db:
            for setting in ("trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY"):
                db.execute(f"PRAGMA {setting}")
            db.execute(f"PRAGMA foreign_keys={foreign_keys}")
            db.execute(begin)
            db.execute("PRAGMA defer_foreign_keys=ON")
            _prepare(db, path)
            yield db
            db.commit()
    except UNREADABLE as error:
        raise _as_covey_error(path, error) from error


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables of a new file; see that those of an old one are ours. Raises CoveyError."""
    schema, made_by = _schema(db), _number(db, "application_id")
    if not schema and not made_by:
        create_tables(db)
    elif made_by != COVEY:
        raise CoveyError(f"{path} is no label file of covey: move it away, then labels can be kept there.")
    elif _number(db, "user_version") > FORMAT:
        raise CoveyError(f"The labels {path} were written by a newer covey: install that one to read them.")
    elif schema != _schema_of(_number(db, "user_version")):
        raise DamagedLabels(
            f"The labels {path} were changed by another program: use {in_terminal('covey labels repair')}, or move the"
            " file away."
        )
    elif db.execute("SELECT group_concat(typeof(number)) FROM revision").fetchone() != ("integer",):
        raise _damaged(path)


def _read_as_new(db: sqlite3.Connection) -> None:
    """Let the tables of an older file be read as those of this format, in this connection alone."""
    for table, added in _ADDED.items() if _number(db, "user_version") == 1 else ():
        columns = _NEW_COLUMNS[table]
        db.execute(f"CREATE TEMP VIEW {table} ({columns}) AS SELECT *, {added} FROM main.{table}")
    for declaration in _ABSENCE_TABLES.values():
        db.execute(declaration.replace("CREATE TABLE", "CREATE TEMP TABLE"))


def _upgrade(path: Path, patience: float) -> None:
    """Give a file of an older format this one: wholly, or not at all. Raises CoveyError."""
    with reading(path, patience) as db:
        if _number(db, "user_version") == FORMAT:
            return
    with _transaction(path, _uri(path, "rw"), patience, "BEGIN IMMEDIATE", foreign_keys="OFF") as db:
        _renew_tables(db)


def _renew_tables(db: sqlite3.Connection) -> None:
    """Give the tables of an older format this one; do nothing if they have it, as when another process was first."""
    number = _number(db, "user_version")
    if number == FORMAT:
        return
    for table, added in _ADDED.items() if number == 1 else ():
        db.execute(f"CREATE TEMP TABLE earlier AS SELECT *, {added} FROM main.{table}")
        db.execute(f"DROP TABLE main.{table}")
        db.execute(_NEW_TABLES[table])
        db.execute(f"INSERT INTO main.{table} SELECT * FROM earlier")
        db.execute("DROP TABLE earlier")
    for declaration in _ABSENCE_TABLES.values():
        db.execute(declaration)
    db.execute(f"PRAGMA user_version={FORMAT}")


def _has_odd_values(db: sqlite3.Connection) -> bool:
    """Whether a column holds a value of another type than declared, or a number that is out of all proportion."""
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [(row[1], row[2]) for row in db.execute(f"PRAGMA table_info({table})")]
        conditions = [f"typeof({name}) <> '{kind.lower()}'" for name, kind in columns]
        conditions += [f"{name} NOT BETWEEN 0 AND {LARGEST}" for name, kind in columns if kind == "INTEGER"]
        if db.execute(f"SELECT 1 FROM {table} WHERE {' OR '.join(conditions)} LIMIT 1").fetchone():
            return True
    return False


def _empty_database() -> bytes:
    """Return the contents of a label file without labels."""
    with closing(sqlite3.connect(":memory:")) as db:
        create_tables(db)
        db.commit()
        return db.serialize()


def create_tables(db: sqlite3.Connection, number: int = FORMAT) -> None:
    """Make the tables of a format in an empty database."""
    for table in TABLES[number]:
        db.execute(table)
    db.execute("INSERT INTO revision VALUES (0)")
    db.execute(f"PRAGMA application_id={COVEY}")
    db.execute(f"PRAGMA user_version={number}")


@cache
def _schema_of(number: int) -> list[tuple[str, ...]]:
    """Return what a file of a format declares; nothing for an unknown one."""
    with closing(sqlite3.connect(":memory:")) as db:
        if number in TABLES:
            create_tables(db, number)
        return _schema(db)


def _schema(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Return all that a file declares: nothing of it has run or runs by being read."""
    rows = db.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master").fetchall()
    return sorted(rows, key=repr)  # in a damaged file a name may be a number


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _as_covey_error(path: Path, error: sqlite3.DatabaseError | UnicodeDecodeError) -> CoveyError:
    extended_code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # none: a text that is no text
    code = extended_code & 0xFF
    if code in _BUSY or extended_code == sqlite3.SQLITE_READONLY_ROLLBACK:  # a reader met the end of a change
        return _held(path)
    if code in _BROKEN:
        return _damaged(path)
    return CoveyError(f"The labels {path} cannot be used: {reason(error)}. Nothing was changed; see to it, try again.")


def _held(path: Path) -> BusyLabels:
    return BusyLabels(
        f"The labels {path} are held by another program: nothing was changed; wait until it has ended, try again."
    )


def _damaged(path: Path) -> DamagedLabels:
    return DamagedLabels(
        f"The labels {path} are damaged, and left as they are: use {in_terminal('covey labels repair')}, or move the"
        " file away."
    )
