"""The recordings of a dataset in its catalogue."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import numpy as np

from covey.data.catalogue.image_rows import NO_CONTENT, format_content
from covey.data.catalogue.part_store import Columns, PartStore, TableLayout
from covey.data.formats.arrow_columns import TextColumn
from covey.data.recording_files import list_recordings
from covey.data.recording_index import strip_sound_suffix

LAYOUT = TableLayout(
    name="recordings",
    key="path",
    columns=("path", "name", "bytes", "time", "changed", "content", "rate", "channels", "seconds", "problem"),
    dictionary=("problem",),
)
_NUMBERS = {"bytes": np.int64, "time": np.int64, "changed": np.int64, "rate": np.int32, "channels": np.int16}


@attrs.frozen(kw_only=True)
class CataloguedRecording:
    """One recording, as it was when it was last read.

    Attributes:
        path: leads to it from the folder of the dataset, with "/".
        name: its path in the folder of recordings, with "/".
        bytes: size of the file.
        time: of modification, in nanoseconds.
        changed: time of change by the system, in nanoseconds.
        content: SHA-256 of the file, "" if it could not be read.
        rate: its own sampling rate in Hz, 0 if it is not known.
        channels: how many it has.
        seconds: its length, NaN if its header does not tell.
        problem: why it cannot be read, "" if it can.
    """

    path: str
    name: str
    bytes: int
    time: int
    changed: int
    content: str = ""
    rate: int = 0
    channels: int = 0
    seconds: float = float("nan")
    problem: str = ""

    @property
    def stub(self) -> str:
        """The name without the ending."""
        return strip_sound_suffix(self.name)

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Size and times of its file when it was read."""
        return self.bytes, self.time, self.changed

    def locate(self, home: Path) -> Path:
        """Return where it lies, if the dataset is in the folder `home`."""
        return Path(os.path.normpath(home / self.path))


def read_recordings(store: PartStore) -> list[CataloguedRecording]:
    """Return the recordings in a catalogue. Raises DamagedStoreError."""
    columns = store.read(LAYOUT, LAYOUT.columns)
    if not columns:
        return []
    lists = {
        name: column.texts() if isinstance(column, TextColumn) else column.tolist()
        for name, column in columns.items()
        if name != "content"
    }
    contents = map(format_content, np.asarray(columns["content"]))
    rows = zip(*lists.values(), contents, strict=True)
    return [CataloguedRecording(**dict(zip([*lists, "content"], row, strict=True))) for row in rows]


def as_columns(recordings: Sequence[CataloguedRecording]) -> Columns:
    """Return the columns of recordings."""
    contents = [bytes.fromhex(recording.content) or NO_CONTENT for recording in recordings]
    return {
        **{name: TextColumn.of([getattr(each, name) for each in recordings]) for name in ("path", "name", "problem")},
        **{name: np.array([getattr(each, name) for each in recordings], kind) for name, kind in _NUMBERS.items()},
        "content": np.frombuffer(b"".join(contents), "V32"),
        "seconds": np.array([each.seconds for each in recordings], np.float64),
    }


def list_files(folder: Path, home: Path) -> Iterator[CataloguedRecording]:
    """Yield the recordings in a folder, sorted, without what is in them; paths count from the folder `home`."""
    for path in list_recordings(folder).paths:
        try:
            status = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield CataloguedRecording(
                path=_relative(path, home),
                name=path.relative_to(folder).as_posix(),
                bytes=status.st_size,
                time=status.st_mtime_ns,
                changed=status.st_ctime_ns,
            )


def _relative(path: Path, home: Path) -> str:
    try:
        return Path(os.path.relpath(path, home)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()
