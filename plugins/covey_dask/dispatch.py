"""The loop that gives items to Dask workers: each gets ready once, and then has no more items than it may."""

from __future__ import annotations

import asyncio
import pickle
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import suppress
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import attrs
import cloudpickle
from distributed import Future
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from covey import CoveyError
from covey.authoring import Done, ItemQueue, Step, UnfitWorker, Work, count_noun
from covey_dask.on_worker import compute_item, forget_work, start_work
from covey_dask.worker_supply import WorkerSupply

T = TypeVar("T")
R = TypeVar("R")
_LOOK_S = 1.0
"""Seconds between two looks at which workers are there."""
_SETTLED_S = 5.0
"""Seconds for which all workers must have been unfit before the run gives up."""
_FETCH_S = 60
"""Seconds in which a worker hands over what it has computed."""
_ASK_S = 0.1
"""Seconds between two looks whether such a worker has ended, so that it never will."""
_STARTS = 3
"""So many workers that end while they get ready, and none that does, are no accident."""


class _State(Enum):
    STARTING = auto()
    READY = auto()
    UNFIT = auto()


@attrs.define(eq=False)
class _Worker:
    """A worker, and the numbers of the items that it has; `is_missing` says whether the last look did not find it."""

    address: str
    state: _State = _State.STARTING
    numbers: set[int] = attrs.field(factory=set)
    is_missing: bool = False

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or self.address


@attrs.frozen(eq=False)
class _Assignment(Generic[T]):
    """An item, its number, and the worker that has it."""

    worker: _Worker
    number: int
    item: T


class Dispatcher(Generic[T, R]):
    """Gives items to workers, and yields what becomes of each."""

    def __init__(
        self, supply: WorkerSupply, work: Work[T, R], items: ItemQueue[T], progress: Step, patience_s: float
    ) -> None:
        self._supply = supply
        self._pickled_work = cloudpickle.dumps(work)
        self._items = items
        self._progress = progress
        self._patience_s = patience_s
        self._name = uuid.uuid4().hex
        self._workers: dict[str, _Worker] = {}
        self._starting: dict[Future, _Worker] = {}
        self._in_work: dict[Future, _Assignment[T]] = {}
        self._given_back: deque[tuple[int, T]] = deque()
        self._settled: SimpleQueue[Future] = SimpleQueue()
        self._taken = 0
        self._failed_starts = 0
        self._unfit_reason = ""
        self._next_look = 0.0
        self._last_hope = time.monotonic()

    def run(self) -> Iterator[Done[R]]:
        """Yield what became of each item.

        Raises:
            CoveyError: no worker comes or is fit, or the scheduler is gone.
        """
        try:
            while True:
                yield from self._look_at_workers()
                if self._hand_out() and not self._in_work:
                    return
                yield from self._receive()
        finally:
            self._close()

    def _look_at_workers(self) -> Iterator[Done[R]]:
        """Now and then, find out which workers have come and which have gone; yield the items that were lost."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_S
        addresses = self._supply.list_addresses()
        for address in addresses - self._workers.keys():
            self._start(address)
        for address in self._workers.keys() - addresses:
            yield from self._dismiss(self._workers[address])
        self._tell()
        self._check_hope()

    def _start(self, address: str) -> None:
        """Let a new worker get ready."""
        worker = self._workers[address] = _Worker(address)
        key = f"covey_start-{self._name}-{address}"
        self._starting[self._submit(start_work, self._pickled_work, worker, key)] = worker

    def _dismiss(self, worker: _Worker) -> Iterator[Done[R]]:
        """Forget a worker that two looks in a row did not find: by then Dask has told which items it was lost with.

        Dask tells so of workers that were started for this run; what else such a worker had, it gave back when it
        ended as planned. Other schedulers may try items again for themselves, so that all are counted as lost.
        """
        if not worker.is_missing:
            worker.is_missing = True
            return
        del self._workers[worker.address]
        for future in [future for future, starting in self._starting.items() if starting is worker]:
            del self._starting[future]
        for future, assignment in list(self._in_work.items()):
            if assignment.worker is worker:
                del self._in_work[future]
                future.cancel()
                if self._supply.is_own:
                    self._given_back.append((assignment.number, assignment.item))
                else:
                    yield _as_lost(assignment)

    def _tell(self) -> None:
        """Say how many workers there are."""
        counts = {state: sum(worker.state is state for worker in self._workers.values()) for state in _State}
        parts = [f"{count_noun(counts[_State.READY], 'worker')}"]
        parts += [f"{counts[_State.STARTING]} starting"] if counts[_State.STARTING] else []
        parts += [f"{counts[_State.UNFIT]} left out: {self._unfit_reason}"] if counts[_State.UNFIT] else []
        self._progress.say(", ".join(parts) if self._workers else "waiting for workers")

    def _check_hope(self) -> None:
        """Raise CoveyError if there has been no worker for too long, or none that is fit."""
        if any(worker.state is not _State.UNFIT for worker in self._workers.values()):
            self._last_hope = time.monotonic()
        waited_s = time.monotonic() - self._last_hope
        if self._workers and waited_s > _SETTLED_S:
            raise CoveyError(self._unfit_reason)
        if not self._workers and waited_s > self._patience_s:
            raise CoveyError(
                f"No worker came within {self._patience_s / 60:g} minutes: {self._supply.hint}, or raise the option"
                " patience. What is finished is kept."
            )

    def _hand_out(self) -> bool:
        """Give items to workers, and return whether there is none for a worker that may have more."""
        while worker := self._pick_worker():
            numbered_item = self._next_item()
            if numbered_item is None:
                return True
            number, item = numbered_item
            worker.numbers.add(number)
            future = self._submit(compute_item, pickle.dumps(item), worker, f"covey-{self._name}-{number}")
            self._in_work[future] = _Assignment(worker, number, item)
        return False

    def _pick_worker(self) -> _Worker | None:
        """Return the worker that has fewest items, if it may have more."""
        ready_workers = [
            worker for worker in self._workers.values() if worker.state is _State.READY and not worker.is_missing
        ]
        worker = min(ready_workers, key=lambda worker: len(worker.numbers), default=None)
        return worker if worker and len(worker.numbers) < self._items.most_in_work else None

    def _next_item(self) -> tuple[int, T] | None:
        if self._given_back:
            return self._given_back.popleft()
        item = self._items.take()
        if item is None:
            return None
        self._taken += 1
        return self._taken - 1, item

    def _submit(self, function: Callable[[str, bytes], object], content: bytes, worker: _Worker, key: str) -> Future:
        future = self._supply.client.submit(
            function,
            self._name,
            content,
            key=key,
            workers=[worker.address],
            allow_other_workers=False,
            pure=False,
        )
        future.add_done_callback(self._settled.put)
        return future

    def _receive(self) -> Iterator[Done[R]]:
        """Wait until something is settled, or for the next look, and yield what became of items."""
        with suppress(Empty):
            future = self._settled.get(timeout=max(0.01, self._next_look - time.monotonic()))
            while True:
                if worker := self._starting.pop(future, None):
                    self._finish_start(worker, future)
                elif assignment := self._in_work.pop(future, None):
                    assignment.worker.numbers.discard(assignment.number)
                    yield self._finish_item(assignment, future)
                future = self._settled.get_nowait()

    def _finish_start(self, worker: _Worker, future: Future) -> None:
        error = _read_error(future)
        if error is None:
            worker.state = _State.READY
            self._failed_starts = 0
        elif isinstance(error, UnfitWorker):
            worker.state = _State.UNFIT
            self._unfit_reason = str(error)
        elif not isinstance(error, KilledWorker):
            raise error
        else:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise CoveyError(
                    f"{self._failed_starts} workers in a row ended before they could compute anything: use the engine"
                    f" local to see why, or give workers more memory; {self._supply.hint}."
                )
        self._tell()

    def _finish_item(self, assignment: _Assignment[T], future: Future) -> Done[R]:
        error = _read_error(future)
        if error is not None and not isinstance(error, KilledWorker):
            raise error
        output = self._fetch(future) if error is None else None
        if output is not None:
            return Done(assignment.number, pickle.loads(output), worker=assignment.worker.host)
        assignment.worker.is_missing = True  # so that it is given nothing before the next look
        return _as_lost(assignment)

    def _fetch(self, future: Future) -> bytes | None:
        """Return what a worker has computed; None if the worker ended before it handed it over."""
        client = self._supply.client
        gathering = client.gather(future, asynchronous=True)
        fetch = asyncio.run_coroutine_threadsafe(gathering, client.loop.asyncio_loop)
        deadline = time.monotonic() + _FETCH_S
        while not fetch.done() and future.status == "finished" and time.monotonic() < deadline:
            wait([fetch], _ASK_S)
        with suppress(TimeoutError, FutureCancelledError):
            output: bytes = fetch.result(timeout=0)
            return output
        fetch.cancel()
        return None

    def _close(self) -> None:
        """Let workers that stay forget the work."""
        client = self._supply.client
        with suppress(OSError, TimeoutError, RuntimeError):  # the scheduler may be gone
            client.cancel([*self._starting, *self._in_work])
            if not self._supply.is_own:
                client.run(forget_work, self._name, on_error="ignore")


def _as_lost(assignment: _Assignment[T]) -> Done[R]:
    host = assignment.worker.host
    return Done(assignment.number, None, f"a worker on {host} was lost", host)


def _read_error(future: Future) -> BaseException | None:
    """Return the exception of what is settled; KilledWorker stands for all that means that the worker is lost."""
    if future.status == "finished":
        return None
    error: BaseException | None = future.exception() if future.status == "error" else None
    return error or KilledWorker(future.key, None, 0)
