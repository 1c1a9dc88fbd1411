"""What the recordings in a folder are like, before images are made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from covey._base.progress import SILENT, Progress
from covey.data.images import THREADS
from covey.sound.decoder import BrokenRecording, SoundHeader, read_header

MOST_HEADERS = 2000
"""Recordings whose headers are read; where there are more, the others are taken to be like these."""


@attrs.frozen(kw_only=True)
class RecordingSummary:
    """What some recordings are like.

    Attributes:
        paths: all of them, sorted.
        rates: how many of those that were read have each sampling rate, in Hz.
        lengths_s: seconds of each that was read and says them.
        unreadable: how many of those that were read cannot be used.
        read: how many were read.
    """

    paths: Sequence[Path]
    rates: Counter[int]
    lengths_s: Sequence[float]
    unreadable: int
    read: int

    @property
    def is_estimate(self) -> bool:
        """Whether not all of them were read."""
        return self.read < len(self.paths)

    @property
    def hours(self) -> float:
        """How long they are together."""
        return sum(self.lengths_s) * self._scale / 3600

    def count_segments(self, segment_s: float, interval_s: float, most: int = 0) -> int:
        """Return how many pieces of a length there are, one starting each interval, `most` of each recording."""
        counts = (int((length - segment_s) / interval_s) + 1 for length in self.lengths_s if length >= segment_s)
        return round(sum(min(count, most or count) for count in counts) * self._scale)

    def count_shorter(self, segment_s: float) -> int:
        """Return how many of those that were read are shorter than a piece."""
        return sum(length < segment_s for length in self.lengths_s)

    @property
    def _scale(self) -> float:
        return len(self.paths) / self.read if self.read else 0.0


def summarize_recordings(paths: Sequence[Path], progress: Progress = SILENT) -> RecordingSummary:
    """Return what recordings are like; of more than MOST_HEADERS a part is read, spread evenly."""
    read_paths = paths[:: -(-len(paths) // MOST_HEADERS)] if paths else paths
    step = progress.step("Looking at the recordings", len(read_paths), "recording")
    with step as counter, ThreadPoolExecutor(THREADS) as pool:
        headers = [counter.tick(header) for header in pool.map(_try_header, read_paths)]
    return RecordingSummary(
        paths=paths,
        rates=Counter(header.rate for header in headers if header),
        lengths_s=[header.seconds for header in headers if header and header.seconds is not None],
        unreadable=sum(header is None for header in headers),
        read=len(headers),
    )


def _try_header(path: Path) -> SoundHeader | None:
    try:
        return read_header(path)
    except (BrokenRecording, OSError):
        return None
