"""Audacity label tracks: begin, end and label, tab-separated, one track a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey.outputs.exchange.selection_tables.intervals import Interval
from covey.outputs.exchange.selection_tables.selections import (
    NO_TIMES,
    ForeignTableError,
    SelectionRow,
    SelectionTable,
    parse_seconds,
    read_lines,
)

AUDACITY = ".txt"
"""How covey ends the name of a label track."""


def audacity_track(intervals: Sequence[Interval]) -> str:
    """Return intervals as a label track."""
    return "".join(f"{interval.begin:.6f}\t{interval.end:.6f}\t{as_cell(interval.label)}\n" for interval in intervals)


def as_cell(text: str) -> str:
    """Return a text for a cell that is not quoted: control characters, such as tabs, become spaces."""
    return "".join(sign if sign.isprintable() or ord(sign) >= 0xA0 else " " for sign in text)


def read_audacity_track(path: Path) -> SelectionTable:
    """Read a label track of the recording that has its name; lines with frequencies, which begin with \\, are skipped.

    An empty file is a recording in which nothing was labelled.

    Raises:
        CoveyError: the file cannot be read, or is no label track.
    """
    lines = read_lines(path)
    rows = [
        (line_number, line) for line_number, line in enumerate(lines, 1) if line.strip() and not line.startswith("\\")
    ]
    selections = [_selection(path, line_number, line) for line_number, line in rows]
    if rows and all(selection.problem for selection in selections):
        raise ForeignTableError(f"{path} is no label track of Audacity: {selections[0].row}.")
    return SelectionTable(path=path, selections=selections, looked_at="" if selections else path.stem)


def _selection(path: Path, number: int, line: str) -> SelectionRow:
    cells = [*line.split("\t"), "", ""]
    try:
        begin, end = parse_seconds(cells[0]), parse_seconds(cells[1])
        if not 0 <= begin <= end:
            raise ValueError("the end is before the begin")
    except ValueError:
        row = f"{path.name} line {number}: {line[:40]!r} has no times"
        return SelectionRow(sound=path.stem, row=row, problem=NO_TIMES)
    return SelectionRow(sound=path.stem, begin=begin, end=end, label=cells[2].strip(), row=f"{path.name} line {number}")
