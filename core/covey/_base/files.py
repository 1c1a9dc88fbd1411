"""Atomic writing: a file is either the old one or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from covey._base.errors import CoveyError, reason
from covey._base.user_folders import user_data_folder

_PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Windows replaces no file that a program has open, if only to read it for a moment: seconds between the attempts."""
WORK = ".covey"
"""The folder in a dataset for what covey remembers between runs."""


@contextmanager
def replace_file(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when the block succeeds, and is deleted when it fails.

    With durable=True the file also survives a power cut (fsync). Skip it when writing thousands of files.

    Raises:
        CoveyError: the file cannot be written (disk full, no permission); an existing file is unchanged.
    """
    temporary = _temporary(path)
    try:
        with open_new(temporary) as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        _take_place(temporary, path)
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise CoveyError(
            f"{path} could not be written: {reason(error)}. What was there before is unchanged; make room or choose"
            " another folder, and start again."
        ) from error
    finally:
        with suppress(OSError):  # the folder may not be accessible any more
            temporary.unlink()


def create_file(path: Path, content: bytes) -> None:
    """Create a file that appears whole, or not at all; an existing file stays as it is.

    Raises:
        CoveyError: the file cannot be written.
    """
    temporary = _temporary(path)
    try:
        with open_new(temporary) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _give_name(temporary, path)
    except FileExistsError:
        return  # another process was first
    except OSError as error:
        raise CoveyError(f"{path} could not be written: {reason(error)}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def read_text(path: Path, errors: Literal["strict", "replace"] = "strict") -> str:
    """Return the text of a file, as UTF-8.

    Raises:
        OSError: it cannot be read, or is no regular file: a pipe in a stranger's dataset would never end.
        UnicodeDecodeError: it is no UTF-8.
    """
    if path.exists() and not path.is_file():
        raise OSError("it is not a file")
    return path.read_text("utf-8", errors)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, atomically.

    Raises:
        CoveyError: the file cannot be written.
    """
    with replace_file(path) as file:
        file.write(text.encode("utf-8"))


def is_private(path: Path) -> bool:
    """Whether a path belongs to the user alone: in the user's data folder, or in the `.covey` of a dataset."""
    return WORK in path.parts or path.absolute().is_relative_to(user_data_folder().absolute())


def is_writable_folder(folder: Path) -> bool:
    """Whether files can be made in a folder that exists."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def make_folder(path: Path) -> Path:
    """Create a folder and its parents if they do not exist, and return it.

    Raises:
        CoveyError: the folder cannot be created.
    """
    try:
        for folder in [*reversed(path.parents), path]:
            if not folder.is_dir():
                folder.mkdir(mode=0o700 if is_private(folder) else 0o777, exist_ok=True)
    except OSError as error:
        raise CoveyError(f"The folder {path} cannot be created: {reason(error)}. Choose another one.") from error
    return path


def refuse_links(folder: Path) -> None:
    """Check that a folder of covey's own is no link and has none in it: whoever made the dataset put it there.

    Raises:
        CoveyError: there is a link, or the folder cannot be listed.
    """
    try:
        link = _find_link(folder) if folder.is_dir() and not folder.is_symlink() else folder
    except OSError as error:
        raise CoveyError(f"{folder} cannot be listed: {reason(error)}.") from error
    if link and os.path.lexists(link):
        raise CoveyError(
            f"{link} is a link or no regular file, and covey makes none in {WORK}: delete it, or the whole of {WORK}."
        )


def _find_link(folder: Path) -> Path | None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if link := _find_link(Path(entry.path)):
                    return link
            elif not entry.is_file(follow_symlinks=False):
                return Path(entry.path)
    return None


def remove_leftovers(path: Path) -> None:
    """Delete what processes that were killed while they wrote a file have left beside it."""
    for leftover in path.parent.glob(f".{path.name[:60]}.*.tmp"):
        leftover.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.tmp")


def open_new(path: Path) -> BinaryIO:
    """Open a file that does not exist yet; nobody else may read it if it is private."""
    mode = 0o600 if is_private(path) else 0o666
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode), "wb")


def _take_place(temporary: Path, path: Path) -> None:
    """Put a finished file in the place of another. Raises OSError."""
    for pause_s in _PAUSES_S if os.name == "nt" else ():
        with suppress(PermissionError):
            temporary.replace(path)
            return
        time.sleep(pause_s)
    temporary.replace(path)


def _give_name(temporary: Path, path: Path) -> None:
    """Give a finished file its name. Raises FileExistsError when there is a file of that name."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system, or no right to make them
        if path.exists():
            raise FileExistsError from None
        temporary.rename(path)


def sync_folder(folder: Path) -> None:
    """Make the file names in a folder survive a power cut, if the system supports it."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some network folders refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
