"""Recordings: which there are, what is wrong with them, their sound."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import numpy as np

from covey._base.errors import CoveyError, reason
from covey.components.contracts import Floats

SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".m4a", ".aac", ".wma")
"""What counts as a recording. The last three cannot be read: they are listed, and reported."""
_BLOCK = 2**16
_UNKNOWN_LENGTH = 0x7FFFF000
_SHORT_DATA = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)


class BrokenRecording(Exception):
    """Why one recording cannot be used, in a few words."""


@attrs.frozen(kw_only=True)
class Recording:
    """One recording as it lies on disk.

    `name` is its path relative to the folder, with "/"; `time` its modification time in nanoseconds; `rate` its own
    sampling rate in Hz. `problem` says why it cannot be used; the rate is then 0.
    """

    path: Path
    name: str
    bytes: int = 0
    time: int = 0
    rate: int = 0
    problem: str = ""

    @property
    def stub(self) -> str:
        """The name without its suffix: what the names of its images begin with."""
        return self.name.removesuffix(self.path.suffix)


def find_recordings(folder: Path) -> list[Path]:
    """Return all recordings in a folder, at any depth, sorted; hidden ones are left out.

    Raises CoveyError: it is no folder, or there are none.
    """
    if not folder.is_dir():
        raise CoveyError(f"{folder} is not a folder: give the folder that holds the recordings.")
    paths = sorted(_walk(folder))
    if not paths:
        raise CoveyError(f"There are no recordings in {folder}: covey looks for {', '.join(SUFFIXES[:3])}, .mp3 files.")
    return paths


def examine_recording(path: Path, folder: Path) -> Recording:
    """Return what the header of a recording says."""
    name = path.relative_to(folder).as_posix()
    try:
        status = _status(path)
        return Recording(path=path, name=name, bytes=status.st_size, time=status.st_mtime_ns, rate=_rate(path))
    except BrokenRecording as error:
        return Recording(path=path, name=name, problem=str(error))


def blocks(path: Path, rate: int, filtered: bool = False) -> Iterator[Floats]:
    """Yield a recording bit by bit as mono float32 at `rate` Hz, 1.0 being full scale.

    Channels are averaged, rates converted by soxr (its quality HQ), which takes off the highest frequencies. With
    `filtered` these are taken off a recording that has the right rate as well.

    Raises BrokenRecording at the place where it cannot be read on.
    """
    import soundfile
    import soxr

    with (
        _translate_errors("it cannot be read to its end: it is truncated or damaged"),
        soundfile.SoundFile(str(path)) as sound,
    ):
        sounds, own = _mono(sound), sound.samplerate
        if own == rate and not filtered:
            yield from sounds
            return
        if own == rate:
            sounds, own = map(_zero_stuffed, sounds), 2 * own
        stream = soxr.ResampleStream(own, rate, 1, dtype="float32", quality="HQ")
        yield from map(stream.resample_chunk, sounds)
        yield stream.resample_chunk(np.empty(0, dtype=np.float32), last=True)


def _zero_stuffed(samples: Floats) -> Floats:
    """Double the rate without a filter: what appears above the old Nyquist frequency is for the next filter."""
    doubled = np.zeros(2 * len(samples), dtype=np.float32)
    doubled[::2] = 2 * samples
    return doubled


def _walk(folder: Path) -> Iterator[Path]:
    for place, inner, files in os.walk(folder):
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield from (Path(place, name) for name in files if name.lower().endswith(SUFFIXES) and not name.startswith("."))


def _status(path: Path) -> os.stat_result:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise BrokenRecording("it is empty")
            return os.fstat(file.fileno())
    except OSError as error:
        raise BrokenRecording(reason(error)) from error


def _rate(path: Path) -> int:
    import soundfile

    with (
        _translate_errors("it is no sound that can be read (WAV, FLAC, OGG and MP3 can)"),
        soundfile.SoundFile(str(path)) as sound,
    ):
        _check_length(sound.extra_info)
        if sound.frames == 0:
            raise BrokenRecording("it holds no sound")
        return int(sound.samplerate)


def _check_length(header: str) -> None:
    """Compare the length that a WAV file claims with what is there; one that was streamed claims to be endless."""
    short = _SHORT_DATA.search(header)
    claimed, present = map(int, short.groups()) if short else (0, 0)
    if present < claimed < _UNKNOWN_LENGTH:
        raise BrokenRecording(f"it is truncated: {present:,} of {claimed:,} bytes of sound are there")


def _mono(sound: soundfile.SoundFile) -> Iterator[Floats]:  # type: ignore[name-defined]  # noqa: F821
    while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
        yield block.mean(axis=1)


@contextmanager
def _translate_errors(what: str) -> Iterator[None]:
    """Turn what soundfile and soxr raise over a bad file into BrokenRecording."""
    try:
        yield
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise BrokenRecording(what) from error
