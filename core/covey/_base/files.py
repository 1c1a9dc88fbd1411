"""Writing a file so that it is either the old one or the new one, never half of it."""

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
    """Open a new file that takes the place of `path` when the block ends well, and vanishes when it does not.

    One that is `durable` outlives a power cut too: not worth its time for thousands of files that can be made again.

    Raises:
        CoveyError: it could not be written (disk full, no permission); an old file is still there, unchanged.
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
            _settle(path.parent)
    except OSError as error:
        raise CoveyError(
            f"{path} could not be written: {reason(error)}. What was there before is unchanged; make room or choose"
            " another folder with --out, and start again."
        ) from error
    finally:
        with suppress(OSError):  # where the folder cannot be entered any more
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8 in one step. Raises CoveyError."""
    with replace_file(path) as file:
        file.write(text.encode("utf-8"))


def make_folder(path: Path) -> Path:
    """Make a folder and its parents if need be. Raises CoveyError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CoveyError(
            f"The folder {path} cannot be made: {reason(error)}. Choose another one (for results, with --out)."
        ) from error
    return path


def _settle(folder: Path) -> None:
    """Let the names in a folder outlive a power cut, where the system can be asked for that."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some network folders refuse
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
