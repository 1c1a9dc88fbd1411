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
    """A piece of sound: `start` in seconds, `samples` mono float32, `level` as `level_of` has it."""

    start: float
    samples: Floats
    level: float


def level_of(samples: Floats) -> float:
    """Return the RMS of sound without its mean, in dB of full scale.

    Minus infinity for silence, not a number for sound that holds infinity or what is no number.
    """
    spread = float(samples.std(dtype=np.float64))
    return 20 * math.log10(spread) if spread else -math.inf


def cut_segments(blocks: Iterable[Floats], recipe: Recipe) -> Iterator[Segment]:
    """Yield the segments of a recording that comes in blocks, in order; what is left at the end makes none."""
    pending, origin, index = np.empty(0, dtype=np.float32), 0, 0
    for block in blocks:
        pending = np.concatenate([pending, block])
        while (begin := round(index * recipe.interval * recipe.rate) - origin) + recipe.length <= len(pending):
            samples = pending[begin : begin + recipe.length].copy()
            yield Segment(start=index * recipe.interval, samples=samples, level=level_of(samples))
            index += 1
        pending, origin = pending[begin:], origin + min(begin, len(pending))


def choose_segments(segments: Iterable[Segment], recipe: Recipe) -> Iterable[Segment]:
    """Return the segments that the recipe wants, in order: all, or the loudest. Only those are held in memory."""
    if not recipe.loudest:
        return segments
    return sorted(heapq.nlargest(recipe.loudest, segments, key=attrgetter("level")), key=attrgetter("start"))
