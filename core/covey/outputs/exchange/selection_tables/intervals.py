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
from covey.outputs.exchange.selection_tables.image_segments import ImageSegment

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
    """How recordings were cut: seconds from start to start, and their sampling rate in Hz; None where not known."""

    step: float | None = None
    rate: float | None = None


def read_timing(root: Path | None) -> Timing:
    """Return how the recordings of the images in `root` were cut, as the file of parameters beside them says.

    Raises:
        CoveyError: the file is damaged.
    """
    path = root / PARAMETERS_FILE if root else None
    return _read(path) if path and path.is_file() else Timing()


def merge_segments(
    classes: Mapping[str, Sequence[str]], segments: Mapping[str, ImageSegment], step: float | None = None
) -> dict[str, list[Interval]]:
    """Return the intervals in each recording, in order of time; consecutive segments of one class make one.

    Segments are consecutive when one begins a step after the other, they leave no gap, and no other segment begins
    between them.

    Args:
        classes: the classes of each image; images without a segment are left out.
        segments: what each image of the dataset shows.
        step: seconds from start to start, if they are known.
    """
    labelled: dict[tuple[str, str], list[ImageSegment]] = defaultdict(list)
    all_starts: dict[str, set[float]] = defaultdict(set)
    for segment in segments.values():
        all_starts[segment.recording].add(segment.start)
    image_numbers = {
        recording: {start: position for position, start in enumerate(sorted(starts))}
        for recording, starts in all_starts.items()
    }
    for name in classes.keys() & segments.keys():
        for label in classes[name]:
            labelled[segments[name].recording, label].append(segments[name])
    intervals_by_recording: dict[str, list[Interval]] = defaultdict(list)
    for (recording, label), pieces in labelled.items():
        intervals_by_recording[recording] += [
            Interval(begin, end, label) for begin, end in _merged(pieces, step, image_numbers[recording])
        ]
    return {recording: sorted(intervals_by_recording[recording]) for recording in sorted(intervals_by_recording)}


def _merged(
    segments: Iterable[ImageSegment], step: float | None, numbers: Mapping[float, int]
) -> list[tuple[float, float]]:
    spans: list[tuple[ImageSegment, ImageSegment]] = []  # the first segment and the last
    for segment in sorted(segments, key=lambda segment: segment.start):
        last = spans[-1][1] if spans else segment
        reach = min(step or last.length, last.length) + ROUNDED
        if spans and segment.start - last.start <= reach and numbers[segment.start] - numbers[last.start] <= 1:
            spans[-1] = spans[-1][0], segment
        else:
            spans.append((segment, segment))
    return [(first.start, last.end) for first, last in spans]


def _read(path: Path) -> Timing:
    try:
        parameters = json.loads(read_text(path))
        segment = float(parameters["segment_duration_sec"])
        step = float(parameters["segment_step_size"]) * segment
        rate = float(parameters["sampling_frequency"])
        if not all(math.isfinite(value) and value > 0 for value in (segment, step, rate)):
            raise ValueError("a length or rate is not above 0")
        return Timing(step, rate)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CoveyError(
            f"{path} cannot be read ({reason(error)}): delete it and set segment, the length in s."
        ) from error
