"""Atomic writing: a file is either the old one or the new one, never half of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from covey._base.errors import CoveyError, reason


@contextmanager
def replace_file(path: Path, durable: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces `path` when the block succeeds, and is deleted when it fails.

    With durable=True the file also survives a power cut (fsync). Skip it when writing thousands of files.

    Raises:
        CoveyError: the file cannot be written (disk full, no permission); an existing file is unchanged.
    """
    temporary = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        raise CoveyError(
            f"{path} could not be written: {reason(error)}. What was there before is unchanged; make room or choose"
            " another folder with --out, and start again."
        ) from error
    finally:
        with suppress(OSError):  # the folder may not be accessible any more
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, atomically.

    Raises:
        CoveyError: the file cannot be written.
    """
    with replace_file(path) as file:
        file.write(text.encode("utf-8"))


def make_folder(path: Path) -> Path:
    """Create a folder and its parents if they do not exist, and return it.

    Raises:
        CoveyError: the folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CoveyError(
            f"The folder {path} cannot be created: {reason(error)}. Choose another one (for results, with --out)."
        ) from error
    return path


def _sync_folder(folder: Path) -> None:
    """Make the file names in a folder survive a power cut, if the system supports it."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some network folders refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
