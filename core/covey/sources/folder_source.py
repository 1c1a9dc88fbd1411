"""The source `folder`: recordings that lie in a folder on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from covey._base.errors import CoveyError, reason
from covey.components.options import component, option
from covey.components.source_contract import FoundRecording, RecordingDownload, Resume, Source
from covey.data.recording_files import RecordingFiles

_BLOCK = 1 << 20


@component
class Folder(Source):
    """Recordings in a folder on this machine, at any depth."""

    name = "folder"
    id_pattern = r"[^\x00]+"
    query_hint = "Part of the names of the files, or a pattern such as *.wav for all WAV files."

    root: str = option(default=".", path="folder", help="The folder.")

    def find(self, query: str) -> Iterator[FoundRecording]:
        """Yield the recordings whose path in the folder a query matches: a pattern with `*`, or a part; "" for all.

        Raises:
            CoveyError: the folder cannot be read.
        """
        root = self._find_root()
        files = RecordingFiles(root)
        files.collect()
        outside_paths = set(files.outside)
        pattern = query if "*" in query else f"*{query}*"
        for path in sorted(files.paths):
            name = path.relative_to(root).as_posix()
            if path not in outside_paths and fnmatch(name.lower(), pattern.lower()):
                yield FoundRecording(id=name, name=path.name, bytes=_read_size(path))

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        """Return the bytes of a recording; its size and time of change are the version.

        Raises:
            CoveyError: it is not in the folder, or cannot be read.
        """
        root = self._find_root().resolve()
        path = (root / recording.id).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise CoveyError(f"There is no recording {recording.id!r} in {self.root}: find it again.")
        try:
            status = path.stat()
        except OSError as error:
            raise CoveyError(f"{path} cannot be read: {reason(error)}.") from error
        version = f"{status.st_size}-{status.st_mtime_ns}"
        offset = resume.offset if resume and resume.version == version else 0
        return RecordingDownload(blocks=_read_blocks(path, offset), offset=offset, size=status.st_size, version=version)

    def _find_root(self) -> Path:
        root = Path(self.root).expanduser()
        if not root.is_dir():
            raise CoveyError(f"There is no folder {self.root}: check the option root of the source {self.name}.")
        return root


def _read_size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _read_blocks(path: Path, offset: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise CoveyError(f"{path} cannot be read: {reason(error)}.") from error
