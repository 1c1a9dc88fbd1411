"""Intervals: from when to when in a recording a class was heard, from the segments that have it."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import read_text
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.data.segment_names import parse_segment_names

ROUNDED = 0.002
"""Seconds by which two starts may be wrong together, being rounded in file names."""


@attrs.frozen(order=True)
class Interval:
    """A stretch of a recording, in seconds, and its class."""

    begin: float
    end: float
    label: str


@attrs.frozen
class Timing:
    """How recordings were cut: length of a segment, seconds from start to start, and sampling rate in Hz if known."""

    segment: float
    step: float
    rate: float | None = None


def read_timing(root: Path | None, segment: float | None) -> Timing:
    """Return how the recordings of the images in `root` were cut, as the file of parameters beside them says.

    `segment`, where given, is the length instead; without the file segments are taken to follow one another.

    Raises:
        CoveyError: neither tells the length, or the file is damaged.
    """
    path = root / PARAMETERS_FILE if root else None
    if path and path.is_file():
        recorded = _read(path)
        return attrs.evolve(recorded, segment=segment) if segment else recorded
    if segment is None:
        raise CoveyError(
            f"How long is a segment? There is no {PARAMETERS_FILE} beside the images: give --segment SECONDS."
        )
    return Timing(segment, segment)


def merge_segments(
    classes: Mapping[str, Sequence[str]], timing: Timing, names: Iterable[str] = ()
) -> dict[str, list[Interval]]:
    """Return the intervals in each recording, in order of time; consecutive segments of one class make one.

    Segments are consecutive when one begins a step after the other, they leave no gap, and no other segment begins
    between them.

    Args:
        classes: the classes of each image; images that are not named as cuts are left out.
        timing: how the recordings were cut.
        names: the other images of the dataset.
    """
    starts: dict[tuple[str, str], list[float]] = defaultdict(list)
    all_starts: dict[str, set[float]] = defaultdict(set)
    for cut in parse_segment_names([*classes, *names]).values():
        all_starts[cut.recording].add(cut.start)
    image_numbers = {
        recording: {start: position for position, start in enumerate(sorted(all_starts[recording]))}
        for recording in all_starts
    }
    for name, cut in parse_segment_names(classes).items():
        for label in classes[name]:
            starts[cut.recording, label].append(cut.start)
    intervals_by_recording: dict[str, list[Interval]] = defaultdict(list)
    for (recording, label), begins in starts.items():
        intervals_by_recording[recording] += [
            Interval(begin, end, label) for begin, end in _merged(begins, timing, image_numbers[recording])
        ]
    return {recording: sorted(intervals_by_recording[recording]) for recording in sorted(intervals_by_recording)}


def _merged(starts: Iterable[float], timing: Timing, numbers: Mapping[float, int]) -> list[tuple[float, float]]:
    reach = min(timing.step, timing.segment) + ROUNDED
    spans: list[tuple[float, float]] = []  # the starts of the first segment and of the last
    for start in sorted(starts):
        if spans and start - spans[-1][1] <= reach and numbers[start] - numbers[spans[-1][1]] <= 1:
            spans[-1] = spans[-1][0], start
        else:
            spans.append((start, start))
    return [(first, last + timing.segment) for first, last in spans]


def _read(path: Path) -> Timing:
    try:
        parameters = json.loads(read_text(path))
        segment = float(parameters["segment_duration_sec"])
        step = float(parameters["segment_step_size"]) * segment
        rate = float(parameters["sampling_frequency"])
        if not all(math.isfinite(value) and value > 0 for value in (segment, step, rate)):
            raise ValueError("a length or rate is not above 0")
        return Timing(segment, step, rate)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): delete it and give --segment.") from error
