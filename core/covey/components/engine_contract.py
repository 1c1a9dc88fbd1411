"""The contract of engines: where and by how many processes batches are computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import ClassVar, Generic, TypeVar

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import Step
from covey.components.contracts import Component

T = TypeVar("T")
R = TypeVar("R")


class UnfitWorker(CoveyError):
    """A worker cannot compute as planned: it has other software, or does not see the files. Others may be fit."""


class Work(ABC, Generic[T, R]):
    """What is computed for each of many items: a value that can be pickled and sent to workers.

    What it computes for an item depends on that item alone, not on the worker or on what was computed before.
    """

    @abstractmethod
    def start(self) -> Callable[[T], R]:
        """Get ready, as by loading a model, and return the function that computes one item.

        A worker calls this once.

        Raises:
            UnfitWorker: this process cannot compute as planned.
        """

    def compute_here(self, items: Iterable[T]) -> Iterator[R]:
        """Compute items in this process, in their order. One that can read ahead is faster than the default."""
        return map(self.start(), items)


class ItemQueue(Generic[T]):
    """Items that wait to be computed. An engine takes one whenever a worker is ready for it, or goes through them.

    Items that were lost with a worker may come back: where none is left, more can follow as long as any is in work.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)

    @property
    def most_in_work(self) -> int:
        """How many items a worker may have at present: the one in work, and one so that it need not wait."""
        return 2

    def take(self) -> T | None:
        """Return the next item; None if there is none at present."""
        return next(self._items, None)

    def __iter__(self) -> Iterator[T]:
        """Yield items until there is none."""
        while (item := self.take()) is not None:
            yield item


@attrs.frozen
class Done(Generic[R]):
    """What became of one item.

    Attributes:
        number: which item, counted from 0 as they are taken.
        output: what was computed; None if the item was lost with its worker.
        lost: what happened to the worker, such as "signal SIGKILL"; "" if the item was computed.
        worker: name of what computed it.
    """

    number: int
    output: R | None
    lost: str = ""
    worker: str = ""


class Engine(Component):
    """Computes batches, here or elsewhere. It has no part in keys: results are the same whatever computes them."""

    isolates: ClassVar[bool] = True
    """Whether the death of a worker leaves this process alive, and costs only the items that the worker had."""

    @abstractmethod
    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        """Compute all items, and yield each once, in any order, as soon as it is done.

        An item is taken only when a worker is ready for it, and a worker has no more than `items.most_in_work`. covey
        gives items that were lost again: alone, then in halves. So it is over only when no item is in work and none is
        left. When the generator is closed the workers are ended. An exception that `work` raises is raised here.

        Args:
            work: what to compute.
            items: for what.
            progress: `say` tells a person about workers; covey itself counts what is done.

        Raises:
            CoveyError: no worker can be started or reached, or none is fit for the work.
        """
