"""A folder wherever fsspec reaches: which files are in it, in which version, and how they travel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

import attrs

from covey import CoveyError
from covey.authoring import reason

_MARKERS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")
"""What file systems say of a file that differs after a change, the surest first."""
_BATCH = 256
"""Files that travel at a time; what has arrived before an interruption is not fetched again."""
FileInfo = Mapping[str, object]


class FileSystem(Protocol):
    """What is used of a file system of fsspec."""

    def find(self, path: str, *, detail: bool) -> Mapping[str, FileInfo]:
        """List all files in a folder and its folders."""

    def info(self, path: str) -> FileInfo:
        """Describe a file. Raises FileNotFoundError."""

    def get(self, remote_paths: list[str], paths: list[str]) -> None:
        """Fetch files, side by side where the file system can."""

    def put(self, paths: list[str], remote_paths: list[str]) -> None:
        """Send files, side by side where the file system can."""

    def makedirs(self, path: str, *, exist_ok: bool) -> None:
        """Make a folder, where the file system has any."""

    def invalidate_cache(self) -> None:
        """Forget what was listed."""


@attrs.frozen
class RemoteFile:
    """A file there: its size in bytes, and a text that differs after a change."""

    size: int
    version: str


@attrs.frozen
class RemoteFolder:
    """A folder there, by its address; its methods raise CoveyError where it cannot be reached."""

    url: str
    _files: FileSystem
    _root: str

    @classmethod
    def open(cls, url: str) -> RemoteFolder:
        """Return the folder at an address, which need not exist.

        Raises:
            CoveyError: fsspec knows no such address, or lacks the package for it.
        """
        import fsspec

        with _translate_errors(url):
            files, root = fsspec.core.url_to_fs(url)
        return cls(url, files, root)

    def list_files(self) -> dict[str, RemoteFile]:
        """Return the files by name, relative to the folder; none if there is no folder."""
        with _translate_errors(self.url):
            self._files.invalidate_cache()
            try:
                infos = self._files.find(self._root, detail=True)
            except FileNotFoundError:
                return {}
        names = {path: path.removeprefix(self._root).strip("/") for path in infos if not path.endswith("/")}
        return {name: _describe(infos[path]) for path, name in names.items() if name}

    def describe(self, name: str) -> RemoteFile | None:
        """Return a file as it is now, None if there is none."""
        with _translate_errors(self.url):
            self._files.invalidate_cache()
            try:
                return _describe(self._files.info(self._path(name)))
            except FileNotFoundError:
                return None

    def get(self, names: Sequence[str], paths: Sequence[Path]) -> None:
        """Fetch files into paths on this machine."""
        with _translate_errors(self.url):
            self._files.get([self._path(name) for name in names], [str(path) for path in paths])

    def put(self, paths: Sequence[Path], names: Sequence[str]) -> None:
        """Send files of this machine."""
        remote_paths = [self._path(name) for name in names]
        with _translate_errors(self.url):
            for folder in sorted({str(PurePosixPath(path).parent) for path in remote_paths}):
                self._files.makedirs(folder, exist_ok=True)
            self._files.put([str(path) for path in paths], remote_paths)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _describe(info: FileInfo) -> RemoteFile:
    marker = next((info[field] for field in _MARKERS if info.get(field)), "")
    version = marker.timestamp() if isinstance(marker, datetime) else marker
    return RemoteFile(int(str(info.get("size") or 0)), f"{version} {info.get('size')}")


@contextmanager
def _translate_errors(url: str) -> Iterator[None]:
    """Name the address in whatever a file system raises: each has errors of its own."""
    try:
        yield
    except CoveyError:
        raise
    except ImportError as error:
        raise CoveyError(f"{url} needs another package: {reason(error)}.") from error
    except Exception as error:
        raise CoveyError(f"{url} cannot be used ({reason(error)}): check the address, and who may use it.") from error


def split_names(names: Sequence[str]) -> list[Sequence[str]]:
    """Split names into batches that travel at a time."""
    return [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
