"""A recording that is not yet whole: its bytes so far, and of which version of the file they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey._base.files import remove_leftovers, sync_folder, write_text
from covey.components.source_contract import RecordingDownload, Resume, StopFetching


class PartialFile:
    """The beginning of a file, and beside it which version of the file it is of.

    The note is changed while there are no bytes only, so that bytes never count as those of another version, whenever
    the process ends.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.part"
        self._note = folder / f"{name}.json"

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def read_resume(self) -> Resume | None:
        """Return what is there; None if that is nothing."""
        size = self.size
        if not size:
            return None
        try:
            note = json.loads(self._note.read_text("utf-8"))
            return Resume(size, str(note["version"]))
        except (OSError, ValueError, LookupError, TypeError):
            return Resume(size)

    def receive(self, download: RecordingDownload) -> None:
        """Add the bytes of a download.

        Raises:
            StopFetching: they cannot be written.
            CoveyError: what the source raises while they arrive.
        """
        with self._writing():
            if download.offset == 0:
                self.clear()
                write_text(self._note, json.dumps({"version": download.version, "size": download.size}))
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            with self._writing():
                file.truncate(min(download.offset, self.size))
                file.seek(0, os.SEEK_END)
            for block in download.blocks:
                with self._writing():
                    _write_whole(file, block)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn a failure to write into what ends fetching: the next recording would meet it as well."""
        try:
            yield
        except (OSError, CoveyError) as error:
            raise self._describe_failure(error) from error

    def _describe_failure(self, error: Exception) -> StopFetching:
        return StopFetching(
            f"{self.path} could not be written: {reason(error)}. What was fetched is kept: make room, and start again."
        )

    def clear(self) -> None:
        """Forget the bytes."""
        self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Forget the bytes and what is known of them."""
        self.clear()
        self._note.unlink(missing_ok=True)

    def finish(self, path: Path) -> None:
        """Give the whole file its name, so that it survives a power cut.

        Raises:
            StopFetching: it cannot be written there.
        """
        with self._writing():
            with self.path.open("r+b") as file:
                os.fsync(file.fileno())
            remove_leftovers(self._note)
            self._note.unlink(missing_ok=True)  # before the bytes go, so that a process that ends here leaves none
            self.path.replace(path)
            sync_folder(path.parent)


def _write_whole(file: FileIO, block: bytes) -> None:
    """Write a block through to the system, which may take it in parts."""
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]
