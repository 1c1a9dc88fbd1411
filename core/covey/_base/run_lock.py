"""A lock file, so that only one run works in a folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covey._base.errors import CoveyError, reason


@contextmanager
def hold_run_lock(path: Path) -> Iterator[None]:
    """Hold the lock file `path` during the block. The system releases it however the process ends.

    Raises:
        CoveyError: another run holds the lock, or the file system has no locks.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise CoveyError(
            f"Another run is at work there and holds {path}: wait until it has ended, or choose another folder."
        ) from error
    except (OSError, NotImplementedError) as error:
        raise CoveyError(f"{path} cannot be locked ({reason(error)}): choose another folder.") from error
    try:
        yield
    finally:
        lock.release()
