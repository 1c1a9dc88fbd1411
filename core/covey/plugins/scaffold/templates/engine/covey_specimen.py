"""The engine `specimen` for covey."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from covey import component, hookimpl
from covey.authoring import Done, Engine, ItemQueue, Step, Work

T = TypeVar("T")
R = TypeVar("R")


@component
class Specimen(Engine):
    """A thread of this process, as a start: a worker that has two items at most."""

    name = "specimen"
    isolates = False  # a worker that dies takes this process with it

    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        """Compute the items, and yield each as it is done."""
        waiting: deque[tuple[int, Future[R]]] = deque()
        with ThreadPoolExecutor(1) as pool:
            compute = pool.submit(work.start).result()
            for number, item in enumerate(items):
                waiting.append((number, pool.submit(compute, item)))
                if len(waiting) == 2:
                    first_number, output = waiting.popleft()
                    yield Done(first_number, output.result())
            for number, output in waiting:
                yield Done(number, output.result())


@hookimpl
def covey_engines() -> Iterable[type[Engine]]:
    """Offer the engine."""
    yield Specimen
