"""Recordings: what their names, files and headers say, and what is wrong with them."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import attrs

from covey._base.errors import reason
from covey._base.text import count_noun
from covey.data.images import escapes_folder
from covey.data.recording_files import UNREADABLE_SOUNDS
from covey.data.segment_names import image_name
from covey.sound.channels import channel_number
from covey.sound.decoder import BrokenRecording, read_header
from covey.sound.spectrograms import Recipe

_LONGEST_NAME = 255
"""Bytes that file systems allow in the name of a file."""
_LOWEST_RATE, _HIGHEST_RATE = 100, 10_000_000
"""Hz: what lies outside is a damaged header, and converting it would take any amount of memory."""
_CLOCK = 10_000_000
"""Nanoseconds: FAT and exFAT, which recorders' cards have, keep no finer times."""


@attrs.frozen
class Stamp:
    """What the file system says about a file: size in bytes, times of change in nanoseconds, inode.

    `changed` is the time at which the system last saw the file change, which no program can set.
    """

    bytes: int = 0
    time: int = 0
    changed: int = 0
    inode: int = 0

    @property
    def decides(self) -> bool:
        """Whether a file with this stamp cannot be another than before, so that it need not be read again.

        On cards (FAT, exFAT) a recorder sets all times itself, and on Windows `changed` is the time of creation.
        """
        return os.name != "nt" and self.changed % _CLOCK != 0


@attrs.frozen(kw_only=True)
class Recording:
    """One recording as it lies on disk.

    `name` is its path relative to the folder, with "/"; `rate` its own sampling rate in Hz, `seconds` its length, None
    if its header does not say. `problem` says why it cannot be used; the rate is then 0.
    """

    path: Path
    name: str
    stamp: Stamp = Stamp()
    rate: int = 0
    channels: int = 1
    seconds: float | None = None
    problem: str = ""

    @property
    def stub(self) -> str:
        """The name without its suffix: what the names of its images begin with."""
        return self.name.removesuffix(self.path.suffix)


def examine_recording(path: Path, folder: Path, recipe: Recipe) -> Recording:
    """Return what a recording is, with a problem if the recipe cannot use it."""
    recording = Recording(path=path, name=path.relative_to(folder).as_posix())
    try:
        _check_name(recording)
        recording = attrs.evolve(recording, stamp=_read_stamp(path))
        header = read_header(path)
        recording = attrs.evolve(recording, rate=header.rate, channels=header.channels, seconds=header.seconds)
        _check_length_of_name(recording)
        _check_against_recipe(recording, recipe)
    except BrokenRecording as error:
        return attrs.evolve(recording, rate=0, problem=str(error))
    return recording


def mark_namesakes(recordings: Iterable[Recording]) -> Iterator[Recording]:
    """Yield recordings; of those whose images would bear the same names, all but the first with a problem."""
    first_names: dict[str, str] = {}
    for recording in recordings:
        folded = unicodedata.normalize("NFC", recording.stub).casefold()
        first = recording.name if recording.problem else first_names.setdefault(folded, recording.name)
        if first == recording.name:
            yield recording
        else:
            problem = f"its images would be named like those of another: rename it or {first}"
            yield attrs.evolve(recording, rate=0, problem=problem)


def _check_name(recording: Recording) -> None:
    """Check that images can be named after a recording, here and on other systems."""
    name = recording.name
    if recording.path.suffix.lower() in UNREADABLE_SOUNDS:
        raise BrokenRecording(f"covey cannot read {recording.path.suffix.lower()} files: convert it to WAV or FLAC")
    if any("\udc80" <= sign <= "\udcff" for sign in name):
        raise BrokenRecording("its name is no valid UTF-8: rename it")
    if escapes_folder(name):
        raise BrokenRecording("its name has a backslash, or begins like a drive of Windows: rename it")
    if any(unicodedata.category(sign) == "Cc" for sign in name):
        raise BrokenRecording("its name has control characters: rename it")


def _check_length_of_name(recording: Recording) -> None:
    last_image = image_name(PurePosixPath(recording.stub).name, recording.seconds or 0)
    if (excess := len(last_image.encode()) - _LONGEST_NAME) > 0:
        raise BrokenRecording(f"its name is too long: shorten it by {count_noun(excess, 'byte')}")


def _check_against_recipe(recording: Recording, recipe: Recipe) -> None:
    if not _LOWEST_RATE <= recording.rate <= _HIGHEST_RATE:
        raise BrokenRecording(f"its header claims a rate that cannot be: {recording.rate:,} Hz")
    if recipe.band != "full" and recording.rate * recipe.segment < recipe.window:
        raise BrokenRecording(
            f"at its rate of {recording.rate} Hz a segment is shorter than the window of {recipe.window} samples: take"
            " longer segments or a shorter window"
        )
    if (channel_number(recipe.channel) or 1) > recording.channels:
        raise BrokenRecording(f"it has no channel {recipe.channel}: channels {recording.channels}")


def _read_stamp(path: Path) -> Stamp:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BrokenRecording("it is no regular file")
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
    except FileNotFoundError as error:
        raise BrokenRecording("it is a link that leads nowhere, or has just been removed") from error
    except OSError as error:
        raise BrokenRecording(reason(error)) from error
    if status.st_size == 0:
        raise BrokenRecording("it is empty")
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
