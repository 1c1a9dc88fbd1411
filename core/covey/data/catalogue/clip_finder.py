"""Which piece of which recording each image shows.

A table `clips.csv` tells it where somebody cut the images with another tool; else the names of the images, the
parameter file beside them, and the ledger in which covey writes down what it made of which recording.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import attrs

from covey._base.balance import Balance
from covey._base.csvs import read_csv_rows
from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import read_text
from covey._base.text import preview
from covey.data.catalogue.recording_rows import CataloguedRecording
from covey.data.image_axes import ImageAxes, parse_image_axes
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.data.recording_index import RecordingIndex, strip_sound_suffix
from covey.data.segment_names import parse_segment_names
from covey.labelling.clips import RecordingClip

LEDGER = "_recordings.jsonl"
CLIPS_FILE = "clips.csv"
CLIPS_HEADS = ("filename", "recording", "start_s", "duration_s")
_MOST_S = 1e6
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)
NO_CLIP = "its name does not tell a recording, and no clips.csv lists it"


@attrs.frozen
class ImageClip:
    """The piece of a recording that an image shows.

    Attributes:
        recording: name of the recording: its path in the folder of recordings, without the ending if no file is known.
        start_s: where the clip starts, in seconds.
        duration_s: how long it is, in seconds; 0 if nothing tells it.
        content: SHA-256 of the recording, "" if it is not known.
        path: leads to the recording from the folder of the dataset, "" if it is not there.
        problem: why no file is known, "" if one is.
    """

    recording: str
    start_s: float
    duration_s: float
    content: str = ""
    path: str = ""
    problem: str = ""

    @property
    def stub(self) -> str:
        """The name of the recording without its ending."""
        return strip_sound_suffix(self.recording)

    def at(self, start_s: float, duration_s: float) -> ImageClip:
        """Return another clip of the same recording; quicker than `attrs.evolve`, for there may be very many."""
        return ImageClip(self.recording, start_s, duration_s, self.content, self.path, self.problem)

    def as_label_clip(self) -> RecordingClip:
        """Return the clip as labels keep it."""
        return RecordingClip(self.content, round(self.start_s * 1000), round(self.duration_s * 1000))


class _Cut(NamedTuple):
    """What names or tables tell: recording as it is written there, start and duration in seconds."""

    recording: str
    start_s: float
    duration_s: float


@attrs.frozen(eq=False)
class ClipFinder:
    """Finds the clips of a dataset's images.

    Names decide only where exactly one recording bears the name: else no file is named, and the candidates are told.

    Attributes:
        duration_s: length of images that are named as covey names them, 0 if nothing tells it.
        axes: what rows and columns of the images show.
        fingerprint: another one whenever clips may be others.
        balance: of the rows of `clips.csv`.
    """

    duration_s: float
    axes: ImageAxes
    fingerprint: str
    balance: Balance
    _cuts: Mapping[str, _Cut]
    _ledger: Mapping[str, tuple[str, str]]
    _recordings: Sequence[CataloguedRecording]
    _by_stub: Mapping[str, Sequence[CataloguedRecording]] = attrs.field(
        init=False, default=attrs.Factory(lambda self: _group_by_stub(self._recordings), takes_self=True)
    )
    _index: RecordingIndex = attrs.field(
        init=False, default=attrs.Factory(lambda self: RecordingIndex.of_recordings(self._by_stub), takes_self=True)
    )
    _by_content: Mapping[str, CataloguedRecording] = attrs.field(
        init=False,
        default=attrs.Factory(
            lambda self: {each.content: each for each in reversed(self._recordings) if each.content}, takes_self=True
        ),
    )
    _by_path: Mapping[str, CataloguedRecording] = attrs.field(
        init=False, default=attrs.Factory(lambda self: {each.path: each for each in self._recordings}, takes_self=True)
    )

    @classmethod
    def of(cls, folders: Sequence[Path], images: Path, recordings: Sequence[CataloguedRecording]) -> ClipFinder:
        """Return the finder of a dataset.

        Args:
            folders: where a table `clips.csv` may lie.
            images: the folder of the images.
            recordings: those that are there; earlier ones are preferred.
        """
        listing = [[recording.path, recording.content] for recording in recordings]
        cuts, balance = _read_cuts(folders)
        duration_s, axes = _read_parameters(images / PARAMETERS_FILE)
        return cls(
            duration_s, axes, digest([read_stamps(cls.sources(folders, images)), listing]),
            balance, cuts, _read_ledger(images / LEDGER), recordings,
        )  # fmt: skip

    @classmethod
    def sources(cls, folders: Sequence[Path], images: Path) -> list[Path]:
        """Return the files from which clips follow, which may not be there; arguments as for `of`."""
        return [images / LEDGER, images / PARAMETERS_FILE, *(folder / CLIPS_FILE for folder in folders)]

    def find(self, names: Collection[str]) -> dict[str, ImageClip]:
        """Return the clips of those of these images that show one."""
        listed = {name: self._cuts[name] for name in names if name in self._cuts}
        segments = parse_segment_names([name for name in names if name not in listed])
        cuts = {name: _Cut(segment.recording, segment.start, self.duration_s) for name, segment in segments.items()}
        resolved: dict[str, ImageClip] = {}
        clips: dict[str, ImageClip] = {}
        for name, cut in (listed | cuts).items():
            base = resolved.get(cut.recording) or resolved.setdefault(cut.recording, self._resolve(cut.recording))
            clips[name] = base.at(cut.start_s, cut.duration_s)
        return clips

    def is_current(self, clip: ImageClip, home: Path) -> bool:
        """Whether the recording of a clip is still the one whose content is known; `home` is the dataset's folder."""
        recording = self._by_path.get(clip.path)
        if recording is None or clip.stub in self._ledger:
            return True
        try:
            status = recording.locate(home).stat()
        except OSError:
            return False
        return recording.stamp == (status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def _resolve(self, written: str) -> ImageClip:
        """Return a clip of the recording that a name or a table means, with start and duration 0."""
        name, content = self._ledger.get(written, ("", ""))
        by_content = self._by_content.get(content) if content else None
        if by_content:
            return _clip_of(by_content)
        candidates = self._find_recordings(written)
        if content:  # covey made the images of a recording that is no longer there, or is another one now
            problem = "the recording is gone" if not candidates else "the recording is another one now"
            return ImageClip(name, 0, 0, content, "", problem)
        if len(candidates) == 1:
            return _clip_of(candidates[0])
        if candidates:
            places = preview([candidate.path for candidate in candidates])
            return ImageClip(written, 0, 0, problem=f"several recordings are called so: {places}")
        return ImageClip(written, 0, 0, problem="there is no recording of that name")

    def _find_recordings(self, written: str) -> Sequence[CataloguedRecording]:
        stub = strip_sound_suffix(written)
        candidates = [each for each in self._by_stub.get(stub, ()) if each.name == written]
        candidates = candidates or list(self._by_stub.get(written, ())) or list(self._by_stub.get(stub, ()))
        if candidates:
            return candidates[:1]  # of recordings that lie alike in several folders the first folder's counts
        candidates = [each for near in self._index.find(written) for each in self._by_stub[near]]
        distinct = {each.content or each.path: each for each in reversed(candidates)}
        return list(distinct.values())


def _group_by_stub(recordings: Sequence[CataloguedRecording]) -> dict[str, list[CataloguedRecording]]:
    by_stub: dict[str, list[CataloguedRecording]] = defaultdict(list)
    for recording in recordings:
        by_stub[recording.stub].append(recording)
    return by_stub


def _clip_of(recording: CataloguedRecording) -> ImageClip:
    return ImageClip(recording.name, 0, 0, recording.content, recording.path)


def read_stamps(paths: Iterable[Path]) -> tuple[tuple[int, ...], ...]:
    """Return size, times and inode of each file, nothing for one that is not there."""
    return tuple(map(_read_stamp, paths))


def _read_stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _read_parameters(path: Path) -> tuple[float, ImageAxes]:
    """Return the length of the images in seconds, 0 if it is not known, and their rows and columns."""
    try:
        document = json.loads(read_text(path))
        duration_s = _as_seconds(document["segment_duration_sec"])
    except _UNREADABLE:
        return 0.0, ImageAxes()
    return duration_s if duration_s > 0 else 0.0, parse_image_axes(document)


def _as_seconds(value: object) -> float:
    """Return a number of seconds. Raises ValueError, TypeError."""
    seconds = float(value) if isinstance(value, str | int | float) else math.nan
    if not 0 <= seconds < _MOST_S:
        raise ValueError(f"{value!r} is no number of seconds")
    return seconds


def _read_ledger(path: Path) -> dict[str, tuple[str, str]]:
    """Return name and SHA-256 of each recording by its name without the ending; odd lines are left out."""
    recordings = {}
    try:
        lines = read_text(path, "replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            entry = json.loads(line)
            recordings[str(PurePosixPath(entry["name"]).with_suffix(""))] = str(entry["name"]), str(entry["content"])
        except _UNREADABLE:
            continue
    return recordings


def _read_cuts(folders: Sequence[Path]) -> tuple[dict[str, _Cut], Balance]:
    """Return what the first `clips.csv` says of each image, and how many of its rows can be used."""
    path = next((folder / CLIPS_FILE for folder in folders if (folder / CLIPS_FILE).is_file()), None)
    balance, cuts = Balance("row", f"of {CLIPS_FILE}"), dict[str, _Cut]()
    try:
        rows = read_csv_rows(path, "clips") if path else iter(())
        heads = [head.strip().lower() for head in next(rows, (0, []))[1]]
        for line, row in rows:
            cells = dict(zip(heads, row, strict=False))
            try:
                name = cells["filename"].replace("\\", "/")
                cuts[name] = _Cut(cells["recording"], _as_seconds(cells["start_s"]), _as_seconds(cells["duration_s"]))
                balance.used += 1
            except (ValueError, TypeError, LookupError):
                balance.leave_out(f"without {', '.join(CLIPS_HEADS)} in seconds", f"line {line}")
    except CoveyError as error:
        balance.leave_out(str(error), CLIPS_FILE)
    return cuts, balance
