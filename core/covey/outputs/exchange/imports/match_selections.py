"""Which images a selection labels, and why some label none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.balance import Balance
from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.components.contracts import Floats
from covey.data.path_index import find_conflicting_paths
from covey.data.recording_index import RecordingIndex
from covey.data.segment_names import xeno_canto_number
from covey.labelling.classes import class_name
from covey.outputs.exchange.selection_tables.image_segments import ImageSegment, recordings_of
from covey.outputs.exchange.selection_tables.selection_columns import rows_of
from covey.outputs.exchange.selection_tables.selections import SelectionRow, SelectionTable
from covey.outputs.exchange.selection_tables.track_names import find_recordings

SHARE = 0.5
"""The least share of a segment, or of the selection where that is shorter, that must lie in both."""
UNKNOWN = "in recordings of which there are no images"
AMBIGUOUS = "that may be in several recordings"
CONFLICT = "in files of one name in several folders, only one of which can be the recording"
HAS_LABELS = "of recordings that have labels"
BEYOND, BETWEEN = "beyond the end of the images", "between images"
NO_CLASS, BAD_CLASS, CLUSTERS = (
    "without a class",
    "with a class name that cannot be used",
    "that are clusters as covey exported them, no classes",
)
_ROUNDED = 2e-6
_CLUSTER = re.compile(r"cluster \d+")

_Sound = tuple[str, tuple[str, ...]]
"""The path of a sound file, and the folders of the table that has it."""


@attrs.frozen(eq=False)
class Clips:
    """The images of one recording in order of time, when each starts and ends, in seconds."""

    names: Sequence[str]
    starts: Floats
    ends: Floats

    def find(self, begin: float, end: float) -> list[str]:
        """Return the images that a selection labels.

        These are the images of which at least half, or half of the selection, lies in both. If the selection begins
        and ends exactly with images, as covey exports them, they are those that lie wholly in it. A point in time
        labels the images that show it; where one ends and the next begins, the next.
        """
        if end - begin <= _ROUNDED:
            is_labelled = self._contain(begin)
        elif self._is_edge(self.starts, begin) and self._is_edge(self.ends, end):
            is_labelled = (self.starts >= begin - _ROUNDED) & (self.ends <= end + _ROUNDED)
        else:
            shared_seconds = np.minimum(self.ends, end) - np.maximum(self.starts, begin)
            is_labelled = shared_seconds >= SHARE * np.minimum(self.ends - self.starts, end - begin) - _ROUNDED
        return [self.names[position] for position in np.flatnonzero(is_labelled).tolist()]

    def _contain(self, second: float) -> NDArray[np.bool_]:
        begun = self.starts <= second + _ROUNDED
        shown = begun & (second < self.ends - _ROUNDED)
        return shown if shown.any() else begun & (second <= self.ends + _ROUNDED)

    @staticmethod
    def _is_edge(edges: Floats, second: float) -> bool:
        return bool(np.abs(edges - second).min() <= _ROUNDED)


@attrs.frozen(eq=False)
class MatchedSelections:
    """The images in each class, and what became of the selections."""

    images_by_label: Mapping[str, Sequence[str]]
    balance: Balance


def match_empty_tables(
    tables: Sequence[SelectionTable], segments: Mapping[str, ImageSegment], labelled: Iterable[str]
) -> tuple[list[str], Balance]:
    """Return the images of the recordings in which, as tables without selections say, nothing is; and the balance.

    Args:
        tables: those without selections.
        segments: what each image of the dataset shows.
        labelled: images with a class: in their recordings something is.
    """
    index, balance = RecordingIndex.of_recordings(recordings_of(segments)), Balance("table", "without selections")
    recording_of_image = {name: segment.recording for name, segment in segments.items()}
    recordings_with_labels = {recording_of_image.get(name) for name in labelled}
    empty_recordings = set()
    for table in tables:
        recordings = find_recordings(index, table.looked_at, table.folders)
        if len(recordings) != 1:
            candidates = f"{table.path.name}: {' or '.join(recordings)}" if recordings else table.path.name
            balance.leave_out(AMBIGUOUS if recordings else UNKNOWN, candidates)
        elif recordings_with_labels.intersection(recordings):
            balance.leave_out(HAS_LABELS, table.path.name)
        else:
            balance.used += 1
            empty_recordings.update(recordings)
    return [name for name, recording in recording_of_image.items() if recording in empty_recordings], balance


def match_selections(
    tables: Sequence[SelectionTable], segments: Mapping[str, ImageSegment], classes: Iterable[str] | None
) -> MatchedSelections:
    """Return the images that the selections in some tables label.

    Args:
        tables: the selections.
        segments: what each image of the dataset shows.
        classes: the classes that the dataset has. "cluster 3" is no class unless it is one of them; with None it is.
    """
    table_rows, index = list(rows_of(tables)), RecordingIndex.of_recordings(recordings_of(segments))
    sound_keys = dict.fromkeys((row.sound, table.folders) for table, row in table_rows)
    recordings_by_sound = {sound: find_recordings(index, *sound) for sound in sound_keys}
    conflicting_sounds = find_conflicting_sounds(recordings_by_sound)
    clips_by_recording = _clips(segments)
    balance = Balance("selection", f"in {count_noun(len(tables), 'table')}")
    images_by_label: dict[str, dict[str, None]] = defaultdict(dict)
    for table, row in table_rows:
        recordings = recordings_by_sound[row.sound, table.folders]
        reason, example = (
            (CONFLICT, row.sound) if row.sound in conflicting_sounds else _problem(row, recordings, classes)
        )
        images = [] if reason else clips_by_recording[recordings[0]].find(row.begin, row.end)
        if images:
            balance.used += 1
            images_by_label[class_name(row.label)] |= dict.fromkeys(images)
        else:
            is_beyond_images = not reason and row.begin >= clips_by_recording[recordings[0]].ends.max() - _ROUNDED
            balance.leave_out(reason or (BEYOND if is_beyond_images else BETWEEN), example)
    return MatchedSelections({label: list(images) for label, images in images_by_label.items()}, balance)


def is_cluster(label: str) -> bool:
    """Say whether a label in a table is that of a cluster, which is no class: nobody has named it."""
    return bool(_CLUSTER.fullmatch(label))


def cluster_label(number: int) -> str:
    """Return what a cluster is called in a table."""
    return f"cluster {number}"


def _problem(row: SelectionRow, recordings: Sequence[str], classes: Iterable[str] | None) -> tuple[str, str]:
    """Return why a selection cannot be used, "" where it can, and what to call it in the balance."""
    if row.problem:
        return row.problem, row.row
    if not row.label:
        return NO_CLASS, row.row
    if classes is not None and is_cluster(row.label) and row.label not in classes:
        return CLUSTERS, row.label
    if not recordings:
        return UNKNOWN, row.sound
    if len(recordings) > 1:
        return AMBIGUOUS, f"{row.sound}: {' or '.join(recordings)}"
    try:
        class_name(row.label)
    except CoveyError:
        return BAD_CLASS, row.row
    return "", row.row


def find_conflicting_sounds(recordings_by_sound: Mapping[_Sound, Sequence[str]]) -> set[str]:
    """Return the paths of which several, in different folders, seem to be one recording: only one of them can be it."""
    return find_conflicting_paths(
        (sound, recordings[0])
        for (sound, _), recordings in recordings_by_sound.items()
        if len(recordings) == 1 and not xeno_canto_number(recordings[0])
    )


def _clips(segments: Mapping[str, ImageSegment]) -> dict[str, Clips]:
    by_recording: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for name, segment in segments.items():
        by_recording[segment.recording].append((segment.start, segment.end, name))
    return {recording: _clips_of(sorted(pieces)) for recording, pieces in by_recording.items()}


def _clips_of(pieces: Sequence[tuple[float, float, str]]) -> Clips:
    starts, ends, names = zip(*pieces, strict=True)
    return Clips(names, np.array(starts), np.array(ends))


def unknown_sounds(matched: MatchedSelections) -> Iterator[str]:
    """Yield the sound files of which there are no images."""
    yield from dict.fromkeys(matched.balance.left_out.get(UNKNOWN, ()))
