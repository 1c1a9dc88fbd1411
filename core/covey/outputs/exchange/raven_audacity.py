"""Tracks: the intervals of one recording as a Raven selection table or an Audacity label track."""

from __future__ import annotations

import re
from collections.abc import Sequence

from covey.outputs.exchange.intervals import Interval

RAVEN = ".Table.1.selections.txt"
"""How Raven ends the name of a selection table."""
AUDACITY = ".txt"
BEGIN, END, FILE, LABEL = "Begin Time (s)", "End Time (s)", "Begin File", "Label"
LOW, HIGH = "Low Freq (Hz)", "High Freq (Hz)"
_CLUSTER = re.compile(r"cluster \d+")


def cluster_label(number: int) -> str:
    """Return what a cluster is called in a track."""
    return f"cluster {number}"


def is_cluster(label: str) -> bool:
    """Say whether a label in a track is that of a cluster, which is no class: nobody has named it."""
    return bool(_CLUSTER.fullmatch(label))


def raven_table(intervals: Sequence[Interval], sound: str, rate: float | None) -> str:
    """Return intervals as a selection table: tab-separated, with the band of frequencies where the rate is known.

    Args:
        intervals: those of one recording.
        sound: the name of its file.
        rate: its sampling rate in Hz.
    """
    band = [(LOW, "0.0"), (HIGH, f"{rate / 2:.1f}")] if rate else []
    lines = [["Selection", "View", "Channel", BEGIN, END, *(head for head, _ in band), FILE, LABEL]]
    for number, interval in enumerate(intervals, 1):
        times = [f"{interval.begin:.6f}", f"{interval.end:.6f}"]
        lines.append(
            [
                str(number),
                "Spectrogram 1",
                "1",
                *times,
                *(value for _, value in band),
                _cell(sound),
                _cell(interval.label),
            ]
        )
    return "".join("\t".join(line) + "\n" for line in lines)


def audacity_track(intervals: Sequence[Interval]) -> str:
    """Return intervals as a label track: begin, end and label, tab-separated."""
    return "".join(f"{one.begin:.6f}\t{one.end:.6f}\t{_cell(one.label)}\n" for one in intervals)


def _cell(text: str) -> str:
    return " ".join(text.split())
