"""Names of tables and sound files that lead back to the recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from covey._base.digests import digest
from covey.data.path_index import split_path
from covey.data.recording_index import RecordingIndex
from covey.outputs.exchange.safe_filenames import fold_case, safe_path
from covey.outputs.exchange.selection_tables.audacity_tracks import as_cell

_MARK = re.compile(r"~[0-9a-f]{8}$")


def track_names(index: RecordingIndex, folder: str, read_name: Callable[[str], str]) -> dict[str, str]:
    """Return the path, without ending, of the table of each recording.

    It is the recording's own path where that is safe on every system and leads back to it, or else one with a mark.

    Args:
        index: the recordings.
        folder: the folder of the tables.
        read_name: returns what an import takes for the recording's name, from that of a table without its ending.
    """
    folded = Counter(map(fold_case, index.recordings))
    names = {}
    for recording in index.recordings:
        *inner, base = recording.split("/")
        plain = safe_path(recording) == recording and folded[fold_case(recording)] == 1
        leads_back = plain and find_recordings(index, read_name(base), (folder, *inner)) == [recording]
        names[recording] = recording if leads_back else "/".join([*inner, _marked(recording)])
    return names


def sound_path(index: RecordingIndex, recording: str, name: str) -> str:
    """Return the path of a recording's sound file for a table, such that `find_recordings` leads back to it.

    Args:
        index: all recordings of the dataset.
        recording: the recording.
        name: the path of the sound file.
    """
    candidates = [as_cell(name), f"./{as_cell(name)}"]
    leading_back = (path for path in candidates if find_recordings(index, path) == [recording])
    return next(leading_back, f"{_marked(recording)}.wav")


def find_recordings(index: RecordingIndex, path: str, folders: Sequence[str] = ()) -> list[str]:
    """Return the recordings that a sound file or table may be: as `RecordingIndex.find`, and by covey's own marks."""
    base = (split_path(path) or [""])[-1].removesuffix(".wav")
    marked = [recording for recording in index.recordings if _marked(recording) == base] if _MARK.search(base) else []
    return marked or index.find(path, folders)


def _marked(recording: str) -> str:
    return f"{safe_path(recording.rpartition('/')[2])}~{digest(recording)[:8]}"
