"""A lock file, so that only one run works in a folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covey._base.errors import CoveyError, reason


class LockHeldError(CoveyError):
    """Another process holds the lock."""


@contextmanager
def hold_run_lock(path: Path, patience: float = 0) -> Iterator[None]:
    """Hold the lock file `path` during the block. The system releases it however the process ends.

    Args:
        path: the lock file.
        patience: seconds to wait while another process holds it.

    Raises:
        LockHeldError: another run holds the lock.
        CoveyError: the file system has no locks, or the lock file is a link.
    """
    from filelock import FileLock, Timeout

    if path.is_symlink():
        raise CoveyError(f"{path} is a link, which covey never makes there: delete it.")
    lock = FileLock(path, timeout=patience, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockHeldError(
            f"Another run is at work there and holds {path}: wait until it has ended, or choose another folder."
        ) from error
    except (OSError, NotImplementedError) as error:
        raise CoveyError(f"{path} cannot be locked ({reason(error)}): choose another folder.") from error
    try:
        yield
    finally:
        lock.release()
