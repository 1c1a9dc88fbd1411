"""What runs in a Dask worker: it gets ready for a work once, and then computes one item after the other."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from threading import Lock
from typing import Any

from covey.authoring import UnfitWorker, Work, reason

_LOCK = Lock()
"""A model computes one item at a time, however many threads the worker has."""
_functions: dict[str, Callable[[Any], Any]] = {}
"""What computes an item, by the name of the work."""


def start_work(name: str, pickled_work: bytes) -> None:
    """Get ready to compute items of a work.

    Raises:
        UnfitWorker: this worker lacks what the work needs.
    """
    with _LOCK:
        if name not in _functions:
            work = _read_work(pickled_work)
            _functions[name] = work.start()


def compute_item(name: str, pickled_item: bytes) -> bytes:
    """Compute one item of a work that was started; item and output are pickled."""
    with _LOCK:
        output = _functions[name](pickle.loads(pickled_item))
    return pickle.dumps(output)


def forget_work(name: str) -> None:
    """Free what a work holds in the memory of this worker."""
    with _LOCK:
        _functions.pop(name, None)


def _read_work(pickled_work: bytes) -> Work[Any, Any]:
    try:
        work: Work[Any, Any] = pickle.loads(pickled_work)
    except Exception as error:  # of any module that is imported
        raise UnfitWorker(
            f"A worker lacks what this run needs ({type(error).__name__}: {reason(error)}): install the same covey and"
            " the same plugins there."
        ) from error
    return work
