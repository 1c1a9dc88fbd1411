"""Segments: the pieces of a recording that become one image each."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from operator import attrgetter

import attrs
import numpy as np

from covey.components.contracts import Floats
from covey.sound.spectrograms import Recipe


@attrs.frozen(kw_only=True, eq=False)
class Segment:
    """A piece of sound: `start` in seconds, `samples` mono float32, `level` as `level_of` has it.

    The last one of a recording may be shorter than the recipe's segments.
    """

    start: float
    samples: Floats
    level: float


def level_of(samples: Floats) -> float:
    """Return the RMS of sound without its mean, in dB of full scale.

    Minus infinity for silence, NaN for samples with infinity or NaN among them.
    """
    spread = float(samples.std(dtype=np.float64))
    return 20 * math.log10(spread) if spread else -math.inf


@attrs.define
class SegmentCutter:
    """Cuts one recording into segments. When it is cut, `rest` says what none shows at its end, in seconds."""

    recipe: Recipe
    rest: float = attrs.field(init=False, default=0)

    def cut(self, blocks: Iterable[Floats]) -> Iterator[Segment]:
        """Yield the segments of a recording that comes in blocks, in order.

        What is left at the end becomes a shorter segment if the recipe asks for it.
        """
        recipe = self.recipe
        pending, origin, index = np.empty(0, dtype=np.float32), 0, 0
        for block in blocks:
            pending = np.concatenate([pending, block])
            while (begin := self._start(index) - origin) + recipe.length <= len(pending):
                yield self._segment(index, pending[begin : begin + recipe.length])
                index += 1
            pending, origin = pending[begin:], origin + min(begin, len(pending))
        piece = pending[max(self._start(index) - origin, 0) :]
        covered = max(self._start(index - 1) + recipe.length, self._start(index)) if index else 0
        rest = max(origin + len(pending) - covered, 0)
        if recipe.last == "pad" and min(rest, len(piece)) >= recipe.window:
            yield self._segment(index, piece)
            rest = 0
        self.rest = rest / recipe.rate

    def _start(self, index: int) -> int:
        return round(index * self.recipe.interval * self.recipe.rate)

    def _segment(self, index: int, samples: Floats) -> Segment:
        return Segment(start=index * self.recipe.interval, samples=samples.copy(), level=level_of(samples))


def choose_segments(segments: Iterable[Segment], recipe: Recipe) -> Iterable[Segment]:
    """Return the segments that the recipe asks for, in order: all, or the loudest. Only those stay in memory."""
    if not recipe.loudest:
        return segments
    return sorted(heapq.nlargest(recipe.loudest, segments, key=attrgetter("level")), key=attrgetter("start"))
