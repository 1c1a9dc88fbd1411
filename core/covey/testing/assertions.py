"""Assertions of the contract checks. A failure is one sentence about the component."""

from __future__ import annotations

import contextlib
import copy
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError

Array = NDArray[np.generic]
_CACHES = {"__pycache__", "AppData", "Caches"}
"""Folders where libraries cache downloads and compiled code; hidden folders count too."""
_SYSTEM = ("/dev", "/proc")
_written_files: list[Path] | None = None
"""Files opened for writing since `writes_no_files` began; None while nothing is recorded."""


def expect(holds: bool, message: str) -> None:
    """Check a condition.

    Raises:
        AssertionError: it does not hold; with the message, and a full stop.
    """
    if not holds:
        raise AssertionError(f"{message}.")


@contextmanager
def raises_covey_error(message: str) -> Iterator[None]:
    """Check that the block raises CoveyError and no other exception."""
    try:
        yield
    except CoveyError:
        return
    except Exception as error:
        raise AssertionError(f"{message}, not {type(error).__name__}: {error}") from error
    raise AssertionError(message)


def are_identical(arrays: Sequence[Array], others: Sequence[Array]) -> bool:
    """Whether two sequences hold arrays with the same dtypes and elements."""
    pairs = zip(arrays, others, strict=True)
    return len(arrays) == len(others) and all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


def check_array(name: str, array: object, shape: tuple[object, ...], dtype: np.dtype[np.generic]) -> None:
    """Check that the array that a component returned has this shape and dtype.

    Args:
        name: name of the component, for the message.
        array: what the component returned.
        shape: the expected shape; a letter, such as "d", in the message for a length that is free.
        dtype: the expected dtype.
    """
    message = f"{name} must give an array {shape} {dtype}"
    if not isinstance(array, np.ndarray):
        raise AssertionError(f"{message}, not {type(array).__name__}.")
    expect(array.shape == shape and array.dtype == dtype, f"{message}, not {array.shape} {array.dtype}")


@contextmanager
def keeps_input(name: str, array: Array) -> Iterator[None]:
    """Check that the block does not change an input array."""
    before = copy.copy(array)
    yield
    expect(np.array_equal(before, array), f"{name}: the input array must not be changed")


@contextmanager
def writes_no_files(name: str) -> Iterator[None]:
    """Check that the block, run in a folder of its own, writes only temporary files and caches."""
    global _written_files
    _install_audit_hook()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _written_files = []
        try:
            yield
        finally:
            written_files, _written_files = _written_files, None
        local_files = [path.name for path in Path(folder).iterdir()]
    stray_files = [*local_files, *(str(path) for path in written_files if not _is_temporary(path))]
    expect(not stray_files, f"{name}: only files in its own place may be written, not {stray_files[:1]}")


@cache
def _install_audit_hook() -> None:
    """Record which files Python opens; only once, since a hook cannot be removed."""
    sys.addaudithook(_record_written_file)


def _record_written_file(event: str, arguments: tuple[object, ...]) -> None:
    if _written_files is None or event != "open":
        return
    path, mode, flags = arguments
    if not isinstance(path, str | bytes):
        return
    is_written = set(mode) & set("wax+") if isinstance(mode, str) and mode else False
    is_opened_for_writing = not mode and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
    if is_written or is_opened_for_writing:
        _written_files.append(Path(os.fsdecode(path)).absolute())


def _is_temporary(path: Path) -> bool:
    """Whether a file is temporary, part of a cache, or a device of the system."""
    is_in_temporary_folder = any(path.is_relative_to(folder) for folder in (tempfile.gettempdir(), *_SYSTEM))
    return is_in_temporary_folder or any(part.startswith(".") or part in _CACHES for part in path.parts)
