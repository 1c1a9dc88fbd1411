"""The engine `processes`: several processes of this machine compute."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from covey._base.progress import Step
from covey.components.engine_contract import Done, Engine, ItemQueue, Work
from covey.components.options import component, option

T = TypeVar("T")
R = TypeVar("R")


@component
class Processes(Engine):
    """Processes of this machine, each with a model of its own: an image that ends one costs only itself."""

    name = "processes"
    startup_message = "starting processes"

    workers: int = option(default=2, ge=1, help="Processes. More use more cores, and memory for a model each.")

    def map(self, work: Work[T, R], items: ItemQueue[T], progress: Step) -> Generator[Done[R], None, None]:
        """Compute the items in processes that end with this one.

        Raises:
            CoveyError: a process ended before it was ready to compute.
        """
        from covey.engines.process_pool import ProcessPool

        with ProcessPool(work, self.workers) as pool:
            yield from pool.map(items)
