"""Selections: what people marked in recordings with Raven, as labels of images."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base import csvs
from covey._base.errors import CoveyError, did_you_mean
from covey.data.segment_names import parse_segment_names, xeno_canto_number
from covey.outputs.exchange.raven_audacity import BEGIN, END, FILE, LABEL

SHARE = 0.5
"""The least share of a segment, or of the selection where that is shorter, that must lie in both."""
_LABELS = (LABEL, "Class", "Annotation", "Species")
_ROUNDED = 1e-6


@attrs.frozen
class RavenSelection:
    """A stretch of a recording, in seconds, its class, and the name of the sound file as the table has it."""

    sound: str
    begin: float
    end: float
    label: str


def find_selection_tables(paths: Iterable[Path]) -> list[Path]:
    """Return these files, and the .txt files in these folders. Raises CoveyError when there are none."""
    table_paths = [table for path in paths for table in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])]
    if not table_paths:
        raise CoveyError("There are no selection tables (.txt) in the folders: name the folder that holds them.")
    return table_paths


def read_selections(path: Path, column: str | None = None) -> list[RavenSelection]:
    """Return the selections in a Raven table.

    Args:
        path: a tab-separated table with `Begin Time (s)` and `End Time (s)`. Without `Begin File` the name of the table
            up to ".Table." is that of the recording.
        column: the column with the classes; by default the first of Label, Class, Annotation and Species.

    Raises:
        CoveyError: the file cannot be read, lacks a column, or holds what is no time.
    """
    rows = csvs.read_csv_rows(path, "selections")
    _, heads = next(rows, (0, []))
    label_column = column or next((head for head in _LABELS if head in heads), LABEL)
    for head in (BEGIN, END, label_column):
        if head not in heads:
            near = did_you_mean(head, heads) if head == column else ""
            present = ", ".join(heads) or "nothing"
            more = "" if head in (BEGIN, END) else " Name the one with classes with --column."
            raise CoveyError(f"The selections {path} have no column {head!r}.{near} There is: {present}.{more}")
    own = path.name.split(".Table.")[0].removesuffix(".txt")
    return [_selection(path, line, dict(zip(heads, row, strict=False)), label_column, own) for line, row in rows]


def images_of(selections: Iterable[RavenSelection], names: Sequence[str], segment: float) -> dict[str, list[str]]:
    """Return the images in each class: those of which at least half, or half of the selection, lies in both.

    Args:
        selections: of any recordings; those without a class, or of other recordings, count for nothing.
        names: all images; those that are not named as cuts are left out.
        segment: length of the segments in seconds.
    """
    starts, by_sound = _recordings(names), recordings_by_sound(names)
    images_by_label: dict[str, dict[str, None]] = defaultdict(dict)
    for selection in selections:
        for recording in recordings_of(selection.sound, by_sound) if selection.label else ():
            images_by_label[selection.label] |= dict.fromkeys(_within(selection, *starts[recording], segment))
    return {label: list(images) for label, images in images_by_label.items()}


def recordings_by_sound(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the recordings of these images by what a table may call them."""
    recordings_by_sound: dict[str, list[str]] = defaultdict(list)
    for recording in dict.fromkeys(cut.recording for cut in parse_segment_names(names).values()):
        number = xeno_canto_number(recording)
        for name in {recording, PurePosixPath(recording).name, *([f"XC{number}"] if number else [])}:
            recordings_by_sound[name].append(recording)
    return recordings_by_sound


def recordings_of(sound: str, recordings_by_sound: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Return the recordings that a sound file is: by its name with or without ending, or its number at xeno-canto."""
    name = PurePosixPath(sound.replace("\\", "/")).name
    ways = (name, PurePosixPath(name).stem, f"XC{xeno_canto_number(name)}")
    return next((recordings_by_sound[way] for way in ways if way in recordings_by_sound), ())


def _selection(path: Path, line: int, cells: Mapping[str, str], label_column: str, own: str) -> RavenSelection:
    try:
        begin, end = float(cells[BEGIN]), float(cells[END])
        if not (math.isfinite(begin) and begin <= end < math.inf):
            raise ValueError("the end is not after the begin")
    except (ValueError, KeyError) as error:
        times = f"{cells.get(BEGIN)!r} to {cells.get(END)!r}"
        raise CoveyError(f"The selections {path} cannot be read: {times} are no times (line {line}).") from error
    return RavenSelection(cells.get(FILE) or own, begin, end, cells.get(label_column, "").strip())


def _recordings(names: Iterable[str]) -> dict[str, tuple[list[str], NDArray[np.float64]]]:
    """Return the images of each recording in order of time, and when they start."""
    segments_by_recording: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for name, cut in parse_segment_names(names).items():
        segments_by_recording[cut.recording].append((cut.start, name))
    ordered = {recording: sorted(images) for recording, images in segments_by_recording.items()}
    return {
        recording: ([name for _, name in images], np.array([start for start, _ in images]))
        for recording, images in ordered.items()
    }


def _within(
    selection: RavenSelection, names: Sequence[str], starts: NDArray[np.float64], segment: float
) -> Iterator[str]:
    first, last = np.searchsorted(starts, [selection.begin - segment, selection.end + _ROUNDED])
    near = starts[first:last]
    shared = np.minimum(near + segment, selection.end) - np.maximum(near, selection.begin)
    enough = shared >= SHARE * min(segment, selection.end - selection.begin) - _ROUNDED
    return (names[first + at] for at in np.flatnonzero(enough))
