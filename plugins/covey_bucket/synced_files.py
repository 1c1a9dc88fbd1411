"""Which files of a copy are as they are in the bucket, and which are still to be sent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import attrs

from covey.authoring import make_folder

_TABLES = """
create table if not exists synced (name text primary key, version text not null, content text not null);
create table if not exists unsent (name text primary key);
"""


@attrs.frozen
class Synced:
    """A file when it was fetched or sent last: its version in the bucket, and the SHA-256 of its content."""

    version: str
    content: str


NEVER = Synced("", "")
"""Of a file that was never fetched or sent."""


@attrs.frozen
class SyncedFiles:
    """The table of them, in a file of the copy."""

    path: Path

    @property
    def is_complete(self) -> bool:
        """Whether all files were fetched once."""
        if not self.path.exists():
            return False
        with self._connect() as connection:
            return bool(connection.execute("pragma user_version").fetchone()[0])

    def mark_complete(self) -> None:
        """Say that all files were fetched."""
        with self._connect() as connection:
            connection.execute("pragma user_version = 1")

    def by_name(self) -> dict[str, Synced]:
        """Return all files that were fetched or sent."""
        with self._connect() as connection:
            rows = connection.execute("select name, version, content from synced").fetchall()
        return {name: Synced(version, content) for name, version, content in rows}

    def of(self, name: str) -> Synced:
        """Return one file, `NEVER` if it was never fetched or sent."""
        with self._connect() as connection:
            row = connection.execute("select version, content from synced where name = ?", (name,)).fetchone()
        return Synced(*row) if row else NEVER

    def record(self, files: Mapping[str, Synced]) -> None:
        """Store that files are the same in both places."""
        with self._connect() as connection:
            rows = [(name, synced.version, synced.content) for name, synced in files.items()]
            connection.executemany("insert or replace into synced values (?, ?, ?)", rows)
            connection.executemany("delete from unsent where name = ?", [(name,) for name in files])

    def unsent(self) -> list[str]:
        """Return the files that were changed here and are not in the bucket yet."""
        with self._connect() as connection:
            return [name for (name,) in connection.execute("select name from unsent order by name")]

    def mark_unsent(self, name: str) -> None:
        """Store that a file was changed here."""
        with self._connect() as connection:
            connection.execute("insert or ignore into unsent values (?)", (name,))

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        make_folder(self.path.parent)
        with closing(sqlite3.connect(self.path, timeout=60)) as connection, connection:
            connection.executescript(_TABLES)
            yield connection
