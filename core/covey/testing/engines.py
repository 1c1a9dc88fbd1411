"""Checks of the contract of engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import attrs

from covey._base.progress import Step
from covey.components.engine_contract import Done, Engine, Work
from covey.testing.assertions import expect, observe
from covey.testing.component_checks import ComponentChecks

_ITEMS = 12
_ODD = 5
"""The item at which the work of some checks breaks."""


@attrs.frozen
class _Squares(Work[int, int]):
    """Squares numbers; at one of them it raises, or ends its process, if it is told to."""

    breaks: str = ""

    def start(self) -> Callable[[int], int]:
        def compute(number: int) -> int:
            if number == _ODD and self.breaks == "raise":
                raise ArithmeticError("the work is wrong")
            if number == _ODD and self.breaks == "end":
                os._exit(1)
            return number * number

        return compute


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
        outcomes = list(self.component.map(_Squares(), iter(()), Step()))
        expect(not outcomes, f"{self.name}: without items map must yield nothing, not {outcomes[:1]}")

    def check_reading_ahead(self) -> None:
        """Items are taken only when a worker is ready for them."""
        taken_numbers: list[int] = []

        def count_up() -> Iterator[int]:
            for number in range(10_000):
                taken_numbers.append(number)
                yield number

        outcomes = self.component.map(_Squares(), count_up(), Step())
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

    def check_lost_worker(self) -> None:
        """A worker that ends costs only the items that it had; these are yielded as lost, with the reason."""
        if not self.cls.isolates:
            return
        outcomes = self._compute(_Squares("end"))
        lost = {done.number: done.lost for done in outcomes if done.output is None}
        expect(len(outcomes) == _ITEMS, f"{self.name}: lost items must be yielded too, once each")
        expect(_ODD in lost, f"{self.name}: the item that ended a worker must be yielded as lost")
        expect(len(lost) <= 2, f"{self.name}: a worker has two items at most, but with one {len(lost)} were lost")
        expect(all(lost.values()), f"{self.name}: `lost` must say what happened to the worker")

    def check_output(self) -> None:
        """It prints nothing: what a person waits for is said through Progress."""
        printed_text = observe(lambda: self._compute(_Squares())).printed_text.strip()
        expect(not printed_text, f"{self.name}: nothing may be printed to standard output, not {printed_text[:80]!r}")

    def _compute(self, work: Work[int, int]) -> list[Done[int]]:
        return list(self.component.map(work, iter(range(_ITEMS)), Step()))
