"""The ledger beside the images: what was made of each recording, and what the recording contained."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import BinaryIO

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import read_text
from covey.data.catalogue.clip_finder import LEDGER
from covey.sound.recordings import Recording, Stamp


@attrs.frozen(kw_only=True)
class LedgerEntry:
    """What was made of one recording: one line of the ledger.

    `name` is the recording's; `recording` leads to it from the image folder. `images` counts them, `silent` the
    segments left out, `rest` is what no image shows at the end, in seconds. `problem` says why there are no images, or
    not all. `content` is the SHA-256 of the recording, "" in entries of earlier versions; the other fields are those of
    its stamp. `events` is a hash of the events around which it was cut, "" if it was cut into one segment after the
    other. An entry that is not `done` was written before the images were made.
    """

    name: str
    recording: str
    bytes: int
    time: int
    changed: int = 0
    inode: int = 0
    content: str = ""
    images: int = 0
    silent: int = 0
    rest: float = 0.0
    problem: str = ""
    events: str = ""
    done: bool = True

    @property
    def stub(self) -> str:
        """What the names of its images begin with."""
        return str(PurePosixPath(self.name).with_suffix(""))

    @property
    def stamp(self) -> Stamp:
        """The recording's stamp when it was read."""
        return Stamp(self.bytes, self.time, self.changed, self.inode)

    def with_problem(self, problem: str) -> LedgerEntry:
        """Return the entry with the reason why there are no images."""
        return attrs.evolve(self, problem=problem)


_TYPES = {
    name: type(example) for name, example in attrs.asdict(LedgerEntry(name="", recording="", bytes=0, time=0)).items()
}


def _check_own_file(path: Path) -> None:
    """Check that a file to which lines are added is one by itself: neither a link nor a second name of another file."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise CoveyError(f"{path} cannot be looked at: {reason(error)}.") from error
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        raise CoveyError(f"{path} is a link or no regular file: put the file itself there, or remove it.")


class Ledger:
    """The ledger of one image folder. Lines are only ever added; the last one of a recording counts."""

    def __init__(self, folder: Path) -> None:
        """Read the ledger of an image folder.

        Raises:
            CoveyError: it is a link, which could lead to any file, or no regular file.
        """
        _check_own_file(folder / LEDGER)
        self._folder = folder
        self._lock = Lock()
        self.entries = read_ledger(folder)

    def add(self, entry: LedgerEntry) -> None:
        """Add an entry.

        Raises:
            CoveyError: the file cannot be written.
        """
        path = self._folder / LEDGER
        try:
            with self._lock, path.open("ab+") as file:
                file.write(_line_end(file) + json.dumps(attrs.asdict(entry)).encode() + b"\n")
        except OSError as error:
            raise CoveyError(f"{path} could not be written: {reason(error)}. Make room and start again.") from error
        self.entries[entry.stub] = entry

    def describe(self, recording: Recording, content: str) -> LedgerEntry:
        """Return an entry for a recording of which nothing has been made yet."""
        stamp = recording.stamp
        return LedgerEntry(
            name=recording.name,
            recording=relative_path(self._folder, recording.path),
            bytes=stamp.bytes,
            time=stamp.time,
            changed=stamp.changed,
            inode=stamp.inode,
            content=content,
            done=False,
        )

    def is_gone(self, entry: LedgerEntry) -> bool:
        """Say whether the recording of an entry is no longer where it was."""
        try:
            return not (self._folder / entry.recording).exists()
        except OSError:  # it may be there, but the folder cannot be looked into
            return False


def read_ledger(folder: Path) -> dict[str, LedgerEntry]:
    """Return what was made of each recording, by stub; lines that are torn or odd are left out."""
    try:
        lines = read_text(folder / LEDGER, "replace").splitlines()
    except OSError:
        return {}
    entries = filter(None, map(_parse_line, lines))
    return {entry.stub: entry for entry in entries}


def relative_path(folder: Path, path: Path) -> str:
    """Return the way from a folder to a file; the whole path where it lies on another drive."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _line_end(file: BinaryIO) -> bytes:
    """Return what ends the last line of a file, if it was torn."""
    if file.seek(0, os.SEEK_END) == 0:
        return b""
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _parse_line(line: str) -> LedgerEntry | None:
    try:
        document = json.loads(line)
        entry = LedgerEntry(**{name: document[name] for name in _TYPES if isinstance(document.get(name), _TYPES[name])})
        return entry if entry.stub else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
