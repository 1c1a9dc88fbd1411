"""The contract of engines: where and by how many processes batches are computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import ClassVar, Generic, TypeVar

import attrs

from covey._base.progress import Step
from covey.components.contracts import Component

T = TypeVar("T")
R = TypeVar("R")


class Work(ABC, Generic[T, R]):
    """What is computed for each of many items: a value that can be pickled and sent to workers.

    What it computes for an item depends on that item alone, not on the worker or on what was computed before.
    """

    @abstractmethod
    def start(self) -> Callable[[T], R]:
        """Get ready, as by loading a model, and return the function that computes one item.

        A worker calls this once.
        """

    def compute_here(self, items: Iterable[T]) -> Iterator[R]:
        """Compute items in this process, in their order. One that can read ahead is faster than the default."""
        return map(self.start(), items)


@attrs.frozen
class Done(Generic[R]):
    """What became of one item.

    Attributes:
        number: which item, counted from 0.
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
    def map(self, work: Work[T, R], items: Iterable[T], progress: Step) -> Generator[Done[R], None, None]:
        """Compute all items, and yield each once, in any order, as soon as it is done.

        covey gives items that were lost again: alone, then in halves. So that few are lost with a worker, it has two
        at most; items are taken from the iterable only when a worker is ready for them. When the generator is closed
        the workers are ended. An exception that `work` raises is raised here.

        Args:
            work: what to compute.
            items: for what.
            progress: `say` tells a person about workers; covey itself counts what is done.

        Raises:
            CoveyError: no worker can be started or reached.
        """
