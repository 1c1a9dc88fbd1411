"""Bringing the recordings and clips in a dataset's catalogue up to date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from covey._base.digests import hash_file
from covey._base.errors import reason
from covey._base.progress import Progress
from covey._base.text import count_noun, preview
from covey.data.catalogue import recording_rows
from covey.data.catalogue.describe_changes import describe_changes
from covey.data.catalogue.part_store import Change
from covey.data.catalogue.recording_rows import CataloguedRecording, as_columns, list_files, read_recordings
from covey.data.images import THREADS
from covey.sound.decoder import BrokenRecording, read_header

_PORTION = 1000
"""Recordings that are read before what they contain is written down."""


@attrs.frozen
class RecordingChanges:
    """What became of the recordings of a dataset since they were last looked at, by name.

    `renamed` has pairs of an old and a new name, which are not among the others.
    """

    recordings: Sequence[CataloguedRecording]
    replaced: Sequence[str] = ()
    renamed: Sequence[tuple[str, str]] = ()
    gone: Sequence[str] = ()

    def describe(self) -> Iterator[str]:
        """Yield a sentence for each kind of change that a person should know about."""
        yield from describe_changes("recording", self.renamed, self.replaced)
        if self.gone:
            verb = "is" if len(self.gone) == 1 else "are"
            yield f"{count_noun(len(self.gone), 'recording')} {verb} gone since the last look: {preview(self.gone)}."


def refresh_recordings(
    change: Change,
    home: Path,
    folders: Sequence[Path],
    contents: Mapping[tuple[int, int, int], str],
    progress: Progress,
    check: bool,
) -> RecordingChanges:
    """Look at all recordings, and read those whose size or times are not as they were.

    Args:
        change: of the catalogue.
        home: the folder of the dataset.
        folders: those with recordings.
        contents: SHA-256 of recordings that were read before, by size and times.
        progress: shows the steps.
        check: whether to read all of them.

    Raises:
        CoveyError: the catalogue cannot be written.
    """
    earlier = {recording.path: recording for recording in read_recordings(change.store)}
    listed = {recording.path: recording for folder in folders for recording in list_files(folder, home)}
    unread = [
        recording
        for path, recording in listed.items()
        if check or path not in earlier or earlier[path].stamp != recording.stamp or not earlier[path].content
    ]
    read = _read_all(change, unread, home, contents, progress) if unread else {}
    current = [read.get(path) or earlier[path] for path in listed]
    if earlier.keys() - listed.keys():
        change.replace(recording_rows.LAYOUT, as_columns(current))
    return _compare(earlier, read, current)


def _read_all(
    change: Change,
    unread: Sequence[CataloguedRecording],
    home: Path,
    contents: Mapping[tuple[int, int, int], str],
    progress: Progress,
) -> dict[str, CataloguedRecording]:
    """Return what recordings contain, by path; it is written down portion by portion."""
    read: dict[str, CataloguedRecording] = {}
    step = progress.step("Looking at the recordings", len(unread), "recording")
    with step as counter, ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(unread), _PORTION):
            portion = unread[start : start + _PORTION]
            examined = [counter.tick(each) for each in pool.map(lambda each: _examine(each, home, contents), portion)]
            read.update((recording.path, recording) for recording in examined)
            change.append(recording_rows.LAYOUT, as_columns(examined), replaces=True)
            change.finish()
    return read


def _examine(
    recording: CataloguedRecording, home: Path, contents: Mapping[tuple[int, int, int], str]
) -> CataloguedRecording:
    path = recording.locate(home)
    try:
        recording = attrs.evolve(recording, content=contents.get(recording.stamp) or hash_file(path))
        header = read_header(path)
    except (BrokenRecording, OSError, ImportError) as error:
        return attrs.evolve(recording, problem=reason(error))
    seconds = float("nan") if header.seconds is None else header.seconds
    return attrs.evolve(recording, rate=header.rate, channels=header.channels, seconds=seconds)


def _compare(
    earlier: dict[str, CataloguedRecording],
    read: dict[str, CataloguedRecording],
    current: Sequence[CataloguedRecording],
) -> RecordingChanges:
    gone = {path: recording for path, recording in earlier.items() if path not in {each.path for each in current}}
    replaced = [
        recording.name
        for path, recording in read.items()
        if path in earlier and earlier[path].content not in ("", recording.content)
    ]
    old_by_content = {recording.content: recording for recording in gone.values() if recording.content}
    pairs = [
        (old_by_content.pop(recording.content), recording)
        for path, recording in read.items()
        if path not in earlier and recording.content in old_by_content
    ]
    moved = {old.path for old, _ in pairs}
    return RecordingChanges(
        current,
        tuple(replaced),
        tuple((old.name, new.name) for old, new in pairs),
        tuple(recording.name for path, recording in gone.items() if path not in moved),
    )
