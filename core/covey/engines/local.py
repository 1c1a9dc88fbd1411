"""The engine `local`: this process computes."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from covey._base.progress import Step
from covey.components.engine_contract import Done, Engine, ItemQueue, Work
from covey.components.options import component

T = TypeVar("T")
R = TypeVar("R")


@component
class Local(Engine):
    """This process computes, one batch after the other; the default."""

    name = "local"
    isolates = False

    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        """Compute the items in their order."""
        for number, output in enumerate(work.compute_here(items)):
            yield Done(number, output)
