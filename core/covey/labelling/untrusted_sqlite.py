"""Look at a label file and its journal before SQLite does: whoever gave us the folder may have crafted them.

SQLite acts on files that lie beside a database. A rollback journal may name a "super-journal", which SQLite deletes:
any file of the user's. A write-ahead log is replayed, and both are done by merely opening the database.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from covey._base.errors import CoveyError, in_terminal, reason

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
"""Bytes of the header of a database (https://www.sqlite.org/fileformat2.html, section 1.3)."""
_LEGACY = b"\x01\x01"
"""Bytes 18 and 19 of a database that uses a rollback journal; 2 stands for a write-ahead log."""
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
"""Begins a journal; at its end it marks the name of a super-journal (same page, section 3)."""
_JOURNAL_ENDING = "-journal"
_JOURNAL_HEADER = 28
"""Bytes of its header: magic, records, nonce, pages of the database before the change, sector size, page size."""


class DamagedLabels(CoveyError):
    """A label file cannot be used as it is; `repair_labels` may read some of it."""


class BusyLabels(CoveyError):
    """Somebody else is changing a label file, which is all that keeps it from being used."""


def journal_of(path: Path) -> Path:
    """Return the path of the rollback journal of a database."""
    return path.with_name(f"{path.name}{_JOURNAL_ENDING}")


def check_files(path: Path, is_open: bool = False) -> bool:
    """Whether there is a label file; SQLite may open it then.

    Args:
        path: the file.
        is_open: whether this process has it open, so that its header was looked at before; to do so again would let go
            of what SQLite has locked in it (https://www.sqlite.org/howtocorrupt.html, section 2.2).

    Raises:
        CoveyError: it or its journal is a link or no regular file, is empty or cut off, uses a write-ahead log, or has
            a journal that covey does not write.
    """
    for sidecar in (journal_of(path), path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        check_regular(sidecar)
    if _exists(path.with_name(f"{path.name}-wal")):
        raise CoveyError(
            f"{path}-wal is a write-ahead log, which covey never writes: move it away (close the program that made it)."
        )
    if not check_regular(path):
        return False
    try:
        if not is_open:
            with path.open("rb") as file:
                _check_header(path, file.read(_HEADER))
        check_journal(journal_of(path))
    except OSError as error:
        raise CoveyError(f"The labels {path} cannot be read: {reason(error)}.") from error
    return True


@contextmanager
def rolled_back_copy(path: Path) -> Iterator[Path]:
    """Copy a label file and the journal of a writer that died to a private folder, where SQLite may repair them.

    Raises:
        CoveyError: another program changes the files meanwhile, or they cannot be copied.
    """
    with tempfile.TemporaryDirectory(prefix="covey-labels-") as folder:
        copy = Path(folder) / path.name
        try:
            before = _stamps(path)
            shutil.copyfile(path, copy, follow_symlinks=False)
            if _exists(journal_of(path)):
                shutil.copyfile(journal_of(path), journal_of(copy), follow_symlinks=False)
            unchanged = _stamps(path) == before
        except OSError as error:
            raise CoveyError(f"The labels {path} cannot be copied to be read: {reason(error)}.") from error
        if not unchanged:
            raise BusyLabels(f"Another program is changing the labels {path}: wait until it has ended, try again.")
        check_files(copy)
        yield copy


def _check_header(path: Path, header: bytes) -> None:
    if len(header) < _HEADER:
        raise DamagedLabels(
            f"The labels {path} were emptied or cut off ({len(header)} bytes are there): use"
            f" {in_terminal('covey labels repair --from-backup')}, or move the file away to begin anew."
        )
    if header.startswith(_MAGIC) and header[18:20] != _LEGACY:
        raise DamagedLabels(
            f"The labels {path} were changed by another program: use {in_terminal('covey labels repair')}, or move the"
            " file away."
        )


def check_journal(journal: Path) -> None:
    """Refuse a journal that names a super-journal, which covey never writes, or that makes the database larger.

    Raises:
        CoveyError: it does either, or is a link or no regular file.
    """
    if check_regular(journal):
        with suppress(FileNotFoundError):  # who wrote it has ended meanwhile
            _check_journal_ends(journal)


def _check_journal_ends(journal: Path) -> None:
    with journal.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(_JOURNAL_MAGIC)))
        if size > len(_JOURNAL_MAGIC) and file.read() == _JOURNAL_MAGIC:
            raise CoveyError(f"{journal} was not written by covey and would make SQLite delete a file: delete it.")
        file.seek(0)
        header = file.read(_JOURNAL_HEADER)
    if len(header) == _JOURNAL_HEADER:
        pages, _, page_bytes = struct.unpack(">III", header[16:])
        if pages * page_bytes > journal.with_name(journal.name.removesuffix(_JOURNAL_ENDING)).stat().st_size:
            raise CoveyError(f"{journal} was not written by covey and would make the labels grow: delete it.")


def check_regular(path: Path) -> bool:
    """Whether a file exists. Raises CoveyError when it is a link, a folder or a device."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise CoveyError(f"{path} cannot be looked at: {reason(error)}.") from error
    if not stat.S_ISREG(mode):
        raise CoveyError(f"{path} is a link or no regular file: labels are read from a file in the dataset itself.")
    return True


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _stamps(path: Path) -> list[tuple[int, int, int] | None]:
    return [_stamp(path), _stamp(journal_of(path))]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
