"""Assertions of the contract checks. A failure is one sentence about the component."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.text import count_noun

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Array = NDArray[np.generic]
_CACHES = {"__pycache__", "AppData", "Caches"}
"""Folders where libraries cache downloads and compiled code; hidden folders count too."""
_SYSTEM = ("/dev", "/proc")
_written_files: list[Path] | None = None
"""Files opened for writing since `observe` began; None while nothing is recorded."""


def expect(holds: bool, message: str) -> None:
    """Check a condition.

    Raises:
        AssertionError: it does not hold; with the message, and a full stop.
    """
    if not holds:
        raise AssertionError(f"{message}.")


def expect_finite(what: str, array: Array) -> None:
    """Check that an array (n, d) holds neither NaN nor infinity; `what` names it in the message."""
    broken_rows = int((~np.isfinite(array)).any(axis=1).sum())
    rows = count_noun(broken_rows, "row")
    expect(not broken_rows, f"{what} must be finite, but {rows} of {len(array)} hold NaN or infinity")


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


@contextmanager
def set_user_data_folder(folder: Path) -> Iterator[None]:
    """Let `user_data_folder` return a folder, so that nothing in that of the user is read or written."""
    before = os.environ.get("COVEY_HOME")
    os.environ["COVEY_HOME"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["COVEY_HOME"]
        else:
            os.environ["COVEY_HOME"] = before


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


def describe_difference(arrays: Sequence[Array], others: Sequence[Array]) -> str:
    """Return in words how two sequences of arrays differ: the largest difference, or the first unequal shape."""
    if len(arrays) != len(others):
        return f"there are {len(arrays)} arrays and {len(others)}"
    for first, second in zip(arrays, others, strict=True):
        if first.shape != second.shape or first.dtype != second.dtype:
            return f"{first.shape} {first.dtype} and {second.shape} {second.dtype}"
    differences = [
        np.nan_to_num(np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)), nan=np.inf)
        for first, second in zip(arrays, others, strict=True)
    ]
    largest = max((float(difference.max(initial=0)) for difference in differences), default=0.0)
    rows = sum(int(difference.any(axis=tuple(range(1, difference.ndim))).sum()) for difference in differences)
    return f"{count_noun(rows, 'row')} differ, by at most {largest:.3g}"


@attrs.frozen
class Observation(Generic[T_co]):
    """What a piece of work gave, and what it did besides.

    Attributes:
        outcome: what it returned.
        printed_text: what it wrote to standard output.
        stray_files: the files that it opened for writing outside temporary folders and caches.
        changed_input: whether it changed the array that it was given.
    """

    outcome: T_co
    printed_text: str
    stray_files: Sequence[str]
    changed_input: bool


def observe(work: Callable[[], T], array: Array | None = None) -> Observation[T]:
    """Do a piece of work in a folder of its own, and record what it does besides.

    Args:
        work: what to do.
        array: the array that it is given, to see whether it is changed.
    """
    global _written_files
    _install_audit_hook()
    before = None if array is None else array.copy()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        _written_files = []
        try:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                outcome = work()
        finally:
            written_files, _written_files = _written_files, None
        local_files = [path.name for path in Path(folder).iterdir()]
    stray_files = [*local_files, *(str(path) for path in written_files if not _is_temporary(path))]
    is_changed = before is not None and array is not None and not np.array_equal(before, array)
    return Observation(outcome, printed.getvalue(), stray_files, is_changed)


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
