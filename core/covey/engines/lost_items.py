"""Items that an engine computes; those that it loses with a worker are given again, a few times."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator
from contextlib import closing

from covey._base.errors import CoveyError
from covey._base.progress import Step
from covey.components.engine_contract import Engine, ItemQueue, R, T, Work

_TRIES = 3
"""Workers that must end at the same item before it is to blame: workers end for other reasons too."""


class _Queue(ItemQueue[T]):
    """Items by their numbers; those that were lost come first."""

    def __init__(self, count: int, get: Callable[[int], T]) -> None:
        self._waiting = deque(range(count))
        self._get = get
        self._losses: Counter[int] = Counter()
        self.taken: list[int] = []

    def take(self) -> T | None:
        if not self._waiting:
            return None
        self.taken.append(self._waiting.popleft())
        return self._get(self.taken[-1])

    def give_again(self, number: int, reason: str) -> None:
        """Let an item be computed again. Raises CoveyError if it was lost too often."""
        self._losses[number] += 1
        if self._losses[number] == _TRIES:
            raise CoveyError(
                f"{_TRIES} workers ended at the same images ({reason}): see whether memory is full, or use the engine"
                " local."
            )
        self._waiting.appendleft(number)


def compute_items(
    engine: Engine, work: Work[T, R], count: int, get: Callable[[int], T], step: Step
) -> Generator[tuple[int, R], None, None]:
    """Yield the number of each item with what was computed for it, in any order, as soon as it is there.

    Args:
        engine: computes them.
        work: what is computed.
        count: how many items there are.
        get: gives an item by its number, when a worker is ready for it.
        step: tells a person about workers.

    Raises:
        CoveyError: workers end again and again, none can be had, or the engine ends too early.
    """
    queue = _Queue(count, get)
    missing_count = count
    with closing(engine.map(work, queue, step)) as outcomes:
        for done in outcomes:
            number = queue.taken[done.number]
            if done.output is None:
                queue.give_again(number, done.lost)
            else:
                missing_count -= 1
                yield number, done.output
    if missing_count:
        raise ended_early(engine)


def ended_early(engine: Engine) -> CoveyError:
    """Return the error for an engine that is over although items are left."""
    return CoveyError(f"The engine {engine.name} ended although batches were left: tell its authors.")
