"""Processes of this machine that compute items, of which any may end at any time."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Generic, TypeVar

import attrs

from covey._base.errors import CoveyError
from covey.components.engine_contract import Done, ItemQueue, Work

T = TypeVar("T")
R = TypeVar("R")
_ENDING = 5.0
"""Seconds that a worker gets to end before it is killed."""
_READY = "ready"


@attrs.define(eq=False)
class _Worker:
    """A process, the connection to it, and the numbers of the items that it has."""

    process: SpawnProcess
    connection: Connection
    numbers: deque[int] = attrs.field(factory=deque)
    is_ready: bool = False

    def end(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join(_ENDING)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class ProcessPool(Generic[T, R]):
    """Computes items in processes, which end when the block is left."""

    def __init__(self, work: Work[T, R], size: int) -> None:
        self._work = work
        self._size = size
        self._workers: list[_Worker] = []
        self._taken = 0

    def __enter__(self) -> ProcessPool[T, R]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def map(self, items: ItemQueue[T]) -> Iterator[Done[R]]:
        """Yield what became of each item, as soon as it is known."""
        while True:
            self._hand_out(items)
            busy = [worker for worker in self._workers if worker.numbers]
            if not busy:
                return
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready:
                    yield from self._receive(worker)

    def _hand_out(self, items: ItemQueue[T]) -> None:
        """Give items to workers, as long as there are any and a worker may have more."""
        while self._has_room(items.most_in_work) and (item := items.take()) is not None:
            worker = self._pick_worker()
            worker.numbers.append(self._taken)
            with suppress(OSError):  # it has just ended, which is noticed when it is listened to
                worker.connection.send((self._taken, item))
            self._taken += 1

    def _has_room(self, most: int) -> bool:
        return len(self._workers) < self._size or any(len(worker.numbers) < most for worker in self._workers)

    def _pick_worker(self) -> _Worker:
        """Return the worker with the fewest items; a new one if all have some and there may be more workers."""
        worker = min(self._workers, key=lambda worker: len(worker.numbers), default=None)
        if worker is None or (worker.numbers and len(self._workers) < self._size):
            return self._start_worker()
        return worker

    def _start_worker(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        process.start()
        theirs.close()  # so that the end of the process ends the connection
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _receive(self, worker: _Worker) -> Iterator[Done[R]]:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._give_up(worker)
            return
        if isinstance(message, BaseException):
            raise message
        if message == _READY:
            worker.is_ready = True
            return
        number, output = message
        worker.numbers.remove(number)
        yield Done(number, output, worker=worker.process.name)

    def _give_up(self, worker: _Worker) -> Iterator[Done[R]]:
        """Yield the items of a worker that has ended as lost."""
        self._workers.remove(worker)
        worker.process.join(_ENDING)
        reason = _describe_end(worker.process.exitcode)
        worker.end()
        if not worker.is_ready:
            raise CoveyError(
                f"A process ended before it could compute anything ({reason}): use the engine local to see why, or free"
                " memory."
            )
        for number in worker.numbers:
            yield Done(number, None, reason, worker.process.name)


def _describe_end(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


def _serve(connection: Connection, work: Work[T, R]) -> None:
    """Compute the items that come through a connection, in a process that ends with the one at its other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all: who started this one ends it
    inbox: SimpleQueue[tuple[int, T]] = SimpleQueue()
    Thread(target=_read_items, args=(connection, inbox), daemon=True).start()
    try:
        compute = work.start()
        connection.send(_READY)
        while True:
            number, item = inbox.get()
            connection.send((number, compute(item)))
    except Exception as error:
        error.add_note("In a process of the engine:\n" + traceback.format_exc())
        connection.send(_as_portable(error))


def _read_items(connection: Connection, inbox: SimpleQueue[tuple[int, T]]) -> None:
    """Take what is sent at once: the sender never waits for what is being computed."""
    with suppress(EOFError, OSError):
        while True:
            inbox.put(connection.recv())
    os._exit(1)


def _as_portable(error: Exception) -> Exception:
    """Return an exception, or, if it cannot be sent, one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # its own methods run
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
