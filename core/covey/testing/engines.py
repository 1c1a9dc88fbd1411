"""Checks of the contract of engines."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import attrs
import psutil

from covey._base.errors import CoveyError
from covey._base.progress import Step
from covey.components.engine_contract import Done, Engine, ItemQueue, UnfitWorker, Work
from covey.testing.assertions import expect, observe
from covey.testing.component_checks import ComponentChecks

_ITEMS = 12
_ODD = 5
"""The item at which the work of some checks breaks."""
_REFUSAL = "this process has another version of covey"
"""Why the work of one check takes no process."""
_starts: Counter[str] = Counter()
"""How often works were started in this process, by their names."""


@attrs.frozen
class _Squares(Work[int, int]):
    """Squares numbers; at one of them it raises, or ends its process, or it refuses every process, if it is told to.

    With a name it gives, for any number, how often it was started in the process that computes.
    """

    breaks: str = ""
    name: str = ""

    def start(self) -> Callable[[int], int]:
        _starts[self.name] += 1
        if self.breaks == "refuse":
            raise UnfitWorker(_REFUSAL)

        def compute(number: int) -> int:
            if self.name:
                return _starts[self.name]
            if number == _ODD and self.breaks == "raise":
                raise ArithmeticError("the work is wrong")
            if number == _ODD and self.breaks == "end":
                os._exit(1)
            return number * number

        return compute


class _Returning(ItemQueue[int]):
    """Numbers of which those that were lost come back, each on a worker that has nothing else."""

    def __init__(self) -> None:
        super().__init__(range(_ITEMS))
        self.taken: list[int] = []
        self.lost: list[int] = []

    @property
    def most_in_work(self) -> int:
        return 1 if len(self.taken) >= _ITEMS else 2

    def take(self) -> int | None:
        number = super().take() if len(self.taken) < _ITEMS else next(iter(self.lost), None)
        if number is not None:
            self.taken.append(number)
        if number in self.lost:
            self.lost.remove(number)
        return number


class EngineChecks(ComponentChecks[Engine]):
    """Checks an engine with small numbers."""

    def check_outputs(self) -> None:
        """Each item is computed once, and its output is yielded with its number."""
        outcomes = self._compute(_Squares())
        numbers = [done.number for done in outcomes]
        expect(sorted(numbers) == list(range(_ITEMS)), f"{self.name}: map must yield each item once, not {numbers}")
        wrong = [done for done in outcomes if done.output != done.number**2]
        expect(
            not wrong, f"{self.name}: map must yield what the work gives for the item of that number, not {wrong[:1]}"
        )

    def check_no_items(self) -> None:
        """Without items nothing is yielded."""
        outcomes = list(self.component.map(_Squares(), ItemQueue(()), Step()))
        expect(not outcomes, f"{self.name}: without items map must yield nothing, not {outcomes[:1]}")

    def check_reading_ahead(self) -> None:
        """Items are taken only when a worker is ready for them."""
        taken_numbers: list[int] = []

        def count_up() -> Iterator[int]:
            for number in range(10_000):
                taken_numbers.append(number)
                yield number

        outcomes = self.component.map(_Squares(), ItemQueue(count_up()), Step())
        next(outcomes)
        outcomes.close()
        count = len(taken_numbers)
        expect(
            count < 1000, f"{self.name}: a worker has two items at most, but {count:,} were taken before one was done"
        )

    def check_exception(self) -> None:
        """An exception of the work is raised as it is."""
        try:
            self._compute(_Squares("raise"))
        except ArithmeticError:
            return
        except Exception as error:
            kind = type(error).__name__
            message = f"{self.name}: an exception of the work must be raised as it is, not as {kind}: {error}."
            raise AssertionError(message) from error
        raise AssertionError(f"{self.name}: an exception of the work must be raised.")

    def check_unfit_workers(self) -> None:
        """Where no worker is fit for the work, CoveyError with the reason is raised, and nothing counts as lost."""
        try:
            outcomes = self._compute(_Squares("refuse"))
        except CoveyError as error:
            expect(_REFUSAL in str(error), f"{self.name}: the error must say why no worker is fit, not only: {error}")
            return
        raise AssertionError(f"{self.name}: where no worker is fit, CoveyError must be raised, not {outcomes[:1]}.")

    def check_lost_worker(self) -> None:
        """A worker that ends costs only the items that it had; these are yielded as lost, and given again if asked."""
        if not self.cls.isolates:
            return
        queue, lost_alone, settled = _Returning(), list[int](), set[int]()
        for done in self.component.map(_Squares("end"), queue, Step()):
            number = queue.taken[done.number]
            if done.output is not None:
                settled.add(number)
                continue
            expect(bool(done.lost), f"{self.name}: `lost` must say what happened to the worker")
            if done.number < _ITEMS:
                queue.lost.append(number)
            else:
                lost_alone.append(number)
        first_lost = len(queue.taken) - _ITEMS
        expect(first_lost <= 2, f"{self.name}: a worker has two items at most, but with one {first_lost} were lost")
        missing = set(range(_ITEMS)) - settled - {_ODD}
        expect(not missing, f"{self.name}: lost items must be yielded too, and items that come back be computed")
        expect(lost_alone == [_ODD], f"{self.name}: where a worker may have one item, only the guilty one is lost")

    def check_start(self) -> None:
        """A worker gets ready once, and ends with the generator."""
        processes = set(psutil.Process().children(recursive=True))
        outcomes = self._compute(_Squares(name=uuid.uuid4().hex))
        counts = {done.output for done in outcomes}
        expect(counts == {1}, f"{self.name}: a worker must call start once, not {max(filter(None, counts))} times")
        new = [child for child in psutil.Process().children(recursive=True) if child not in processes]
        remaining = [child for child in psutil.wait_procs(new, timeout=5)[1] if not _is_tracker(child)]
        expect(not remaining, f"{self.name}: {len(remaining)} processes are still there when the generator is closed")

    def check_output(self) -> None:
        """It prints nothing: what a person waits for is said through Progress."""
        printed_text = observe(lambda: self._compute(_Squares())).printed_text.strip()
        expect(not printed_text, f"{self.name}: nothing may be printed to standard output, not {printed_text[:80]!r}")

    def _compute(self, work: Work[int, int]) -> list[Done[int]]:
        return list(self.component.map(work, ItemQueue(range(_ITEMS)), Step()))


def _is_tracker(process: psutil.Process) -> bool:
    """Whether a process is the one of multiprocessing that stays as long as this one."""
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.Error:
        return False
