"""Raven selection tables: the intervals of one recording, tab-separated and not quoted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from covey.outputs.exchange.selection_tables.audacity_tracks import as_cell
from covey.outputs.exchange.selection_tables.intervals import Interval
from covey.outputs.exchange.selection_tables.selection_columns import BEGIN, BEGIN_FILE, BEGIN_PATH, END, LABEL, OFFSET

RAVEN = ".Table.1.selections.txt"
"""How Raven ends the name of a selection table."""
_HEADS = ("Selection", "View", "Channel", BEGIN, END)
_BAND = ("Low Freq (Hz)", "High Freq (Hz)")


def raven_table(intervals: Sequence[Interval], sound: str, rate: float | None) -> str:
    """Return intervals as a selection table, with the band of frequencies where the rate is known.

    Args:
        intervals: those of one recording.
        sound: the path of its file, as it leads back to the recording.
        rate: its sampling rate in Hz.
    """
    band = ["0.0", f"{rate / 2:.1f}"] if rate else []
    lines = [[*_HEADS, *_BAND[: len(band)], BEGIN_FILE, BEGIN_PATH, OFFSET, LABEL]]
    for row_number, interval in enumerate(intervals, 1):
        begin, end = f"{interval.begin:.6f}", f"{interval.end:.6f}"
        file = [PurePosixPath(sound).name, sound, begin]
        lines.append([str(row_number), "Spectrogram 1", "1", begin, end, *band, *file, as_cell(interval.label)])
    return "".join("\t".join(line) + "\n" for line in lines)
