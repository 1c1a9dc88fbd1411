"""What the checks of every kind share: a promise that is broken becomes a sentence."""

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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError

_CACHES = {"__pycache__", "AppData", "Caches"}
"""Folders in which libraries keep what they fetched or compiled; hidden ones, too, are such."""
_SYSTEM = ("/dev", "/proc")
_written: list[Path] | None = None


def expect(holds: bool, told: str) -> None:
    """Raise AssertionError with the sentence `told` unless it holds."""
    if not holds:
        raise AssertionError(f"{told}.")


@contextmanager
def expected(told: str) -> Iterator[None]:
    """Expect CoveyError and nothing else."""
    try:
        yield
    except CoveyError:
        return
    except Exception as error:
        raise AssertionError(f"{told}, not {type(error).__name__}: {error}") from error
    raise AssertionError(told)


def equal(some: Sequence[NDArray[Any]], others: Sequence[NDArray[Any]]) -> bool:
    """Whether arrays are the same bit for bit."""
    same = (a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(some, others, strict=True))
    return len(some) == len(others) and all(same)


def check_array(name: str, found: NDArray[Any], shape: tuple[Any, ...], dtype: np.dtype[Any]) -> None:
    """Expect an array of this shape and dtype."""
    told = f"{name} must give an array {shape} {dtype}"
    expect(isinstance(found, np.ndarray), f"{told}, not {type(found).__name__}")
    expect(found.shape == shape and found.dtype == dtype, f"{told}, not {found.shape} {found.dtype}")


@contextmanager
def untouched(name: str, array: NDArray[Any]) -> Iterator[None]:
    """Expect that an input array is left as it is."""
    before = copy.copy(array)
    yield
    expect(np.array_equal(before, array), f"{name}: the input array must be left as it is")


@contextmanager
def tidy(name: str) -> Iterator[None]:
    """Expect that no file is written but temporary ones and into caches; works in a folder of its own."""
    global _written
    _listen()
    with tempfile.TemporaryDirectory() as here, contextlib.chdir(here):
        _written = []
        try:
            yield
        finally:
            written, _written = _written, None
        found = [path.name for path in Path(here).iterdir()]
    stray = [*found, *(str(path) for path in written if not _is_passing(path))]
    expect(not stray, f"{name}: nothing may be written outside its place, but {stray[:1]} was")


@cache
def _listen() -> None:
    """Have Python tell of files that are opened; once, since it cannot be undone."""
    sys.addaudithook(_hear)


def _hear(event: str, given: tuple[Any, ...]) -> None:
    if _written is None or event != "open" or not isinstance(given[0], str | bytes):
        return
    _, mode, flags = given
    if set(mode or "") & set("wax+") or (not mode and flags & (os.O_WRONLY | os.O_RDWR)):
        _written.append(Path(os.fsdecode(given[0])).absolute())


def _is_passing(path: Path) -> bool:
    """Whether a file is a temporary one, part of a cache, or none at all."""
    inside = any(path.is_relative_to(folder) for folder in (tempfile.gettempdir(), *_SYSTEM))
    return inside or any(part.startswith(".") or part in _CACHES for part in path.parts)
