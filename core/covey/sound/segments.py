"""Segments: the pieces of a recording that become one image each."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import attrs
import numpy as np

from covey.components.contracts import Floats
from covey.data.picture_decoding import MOST_PIXELS
from covey.sound.spectrograms import FLOOR, WHOLE, Recipe


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


@attrs.frozen
class Event:
    """A stretch of a recording that somebody annotated, in seconds."""

    begin: float
    end: float


@attrs.frozen
class Span:
    """A piece to be cut: its start in seconds, its first sample, how many there are, and the first that must be there.

    A piece that reaches beyond the end of the recording is moved back, so that it ends there.
    """

    start: float
    first: int
    length: int
    needed: int


@attrs.define
class SegmentCutter:
    """Cuts one recording into segments: one after the other, or around `events`.

    When it is cut, `rest` says what no segment shows at its end, in seconds, and `left_out` how many events no segment
    shows, by reason.
    """

    recipe: Recipe
    events: Sequence[Event] | None = None
    rest: float = attrs.field(init=False, default=0)
    left_out: Counter[str] = attrs.field(init=False, factory=Counter)

    def cut(self, blocks: Iterable[Floats]) -> Iterator[Segment]:
        """Yield the segments of a recording that comes in blocks, in order."""
        return self._cut_grid(blocks) if self.events is None else self._cut_events(blocks, self.events)

    def _cut_grid(self, blocks: Iterable[Floats]) -> Iterator[Segment]:
        """Yield one segment after the other; what is left becomes a shorter one if the recipe asks for it."""
        recipe = self.recipe
        pending, origin, index = np.empty(0, dtype=np.float32), 0, 0
        for block in blocks:
            pending = np.concatenate([pending, block])
            while (begin := self._first_sample(index) - origin) + recipe.length <= len(pending):
                yield _segment(self._start(index), pending[begin : begin + recipe.length])
                index += 1
            pending, origin = pending[begin:], origin + min(begin, len(pending))
        piece = pending[max(self._first_sample(index) - origin, 0) :]
        covered = max(self._first_sample(index - 1) + recipe.length, self._first_sample(index)) if index else 0
        rest = max(origin + len(pending) - covered, 0)
        if recipe.last == "pad" and min(rest, len(piece)) >= recipe.window:
            yield _segment(self._start(index), piece)
            rest = 0
        self.rest = rest / recipe.rate

    def _cut_events(self, blocks: Iterable[Floats], events: Sequence[Event]) -> Iterator[Segment]:
        """Yield a segment for each event, as soon as all of it is there."""
        spans = deque(self._spans(events))
        pending, origin = np.empty(0, dtype=np.float32), 0
        for block in blocks:
            pending = np.concatenate([pending, block])
            while spans and spans[0].first + spans[0].length <= origin + len(pending):
                span = spans.popleft()
                yield _segment(span.start, pending[span.first - origin :][: span.length])
            if not spans:
                return
            dropped = max(min(spans[0].first, origin + len(pending) - self.recipe.length) - origin, 0)
            pending, origin = pending[dropped:], origin + dropped
        for span in spans:
            yield from self._last_segment(span, pending, origin)

    def _spans(self, events: Sequence[Event]) -> list[Span]:
        """Return the pieces to be cut, in order; of two whose images would have one name the longer."""
        spans = sorted(filter(self._fits, map(self._span, events)), key=lambda span: (span.first, -span.length))
        return list({round(span.start, 3): span for span in reversed(spans)}.values())[::-1]

    def _fits(self, span: Span) -> bool:
        """Whether a piece can be drawn; one that cannot is counted."""
        if span.length < self.recipe.window:
            self.left_out[f"shorter than a window of {self.recipe.window / self.recipe.rate:.3g} s"] += 1
        elif self.recipe.count_columns(span.length) * self.recipe.window // 2 > MOST_PIXELS:
            self.left_out["too long for one image"] += 1
        else:
            return True
        return False

    def _last_segment(self, span: Span, pending: Floats, origin: int) -> Iterator[Segment]:
        """Yield the segment of an event that reaches beyond the end of the recording, unless it begins there."""
        end = origin + len(pending)
        if span.needed >= end:
            self.left_out["beyond its end"] += 1
        elif self.recipe.cut == WHOLE:
            span = attrs.evolve(span, length=end - span.first)
            if self._fits(span):
                yield _segment(span.start, pending[span.first - origin :])
        elif len(pending) >= self.recipe.length or self.recipe.last == "pad":
            piece = pending[-self.recipe.length :]
            yield _segment((end - len(piece)) / self.recipe.rate, piece)
        else:
            self.left_out["in a recording shorter than a segment"] += 1

    def _span(self, event: Event) -> Span:
        """Return the piece that shows an event: the recipe's length around its middle, or all of it."""
        recipe = self.recipe
        needed = recipe.sample_at(event.begin)
        if recipe.cut == WHOLE:
            return Span(event.begin, needed, recipe.sample_at(event.end) - needed, needed)
        start = max((event.begin + event.end) / 2 - recipe.segment / 2, 0)
        return Span(start, recipe.sample_at(start), recipe.length, needed)

    def _start(self, index: int) -> float:
        """Return where a segment of the grid starts in seconds; the original tools form the product in this order."""
        recipe = self.recipe
        return index * recipe.step * recipe.segment if recipe.starts == FLOOR else index * recipe.interval

    def _first_sample(self, index: int) -> int:
        return self.recipe.sample_at(self._start(index))


def _segment(start: float, samples: Floats) -> Segment:
    return Segment(start=start, samples=samples.copy(), level=level_of(samples))


def choose_segments(segments: Iterable[Segment], recipe: Recipe) -> Iterable[Segment]:
    """Return the segments that the recipe asks for, in order: all, the first, or the loudest of these.

    Only the loudest stay in memory.
    """
    if recipe.first:
        segments = itertools.islice(segments, recipe.first)
    if not recipe.loudest:
        return segments
    return sorted(heapq.nlargest(recipe.loudest, segments, key=attrgetter("level")), key=attrgetter("start"))
