"""Decoding: a recording becomes mono sound, block by block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, cast

import attrs
import numpy as np

from covey.components.contracts import Floats
from covey.sound.channels import Mixer, channel_number, loudest_channel
from covey.sound.header_repair import PatchedFile, find_header_patches

_BLOCK = 2**16
"""Frames that are decoded at a time; fewer where there are more than 8 channels."""
_ENDLESS = 0x7FFFF000
"""Sizes from here on stand in headers that were written before the sound was."""
_LONGEST = 2**40
"""More frames than any recording has: the header does not say how many there are."""
_TOLERANCE = 0.02
"""The share of its length by which a header of compressed sound may be wrong."""
_SIZES = re.compile(
    r"^\s*(?P<chunk>RIFF|riff|Riff size|FORM|data|SSND|Data Size) *: (?P<claimed>-?\d+)(?!x)"
    r"(?: \(should be (?P<present>\d+)\))?",
    re.MULTILINE,
)
"""What libsndfile's log says about sizes in headers."""
_OGG_PAGE = 65307
"""The most bytes that a page of OGG has."""
_MP3_FRAME = 2880
"""The most bytes that a frame of MP3 has."""
_MENDED = "wasn't closed properly"
"""What libsndfile's log says of a header that it has completed itself."""
_DECISIVE = ("data", "SSND", "Data Size", "riff", "Riff size")
"""The sizes that show whether sound is missing; W64 and RF64 have only that of the whole file."""


_NO_SOUND = "it is no sound that can be read (WAV, FLAC, OGG and MP3 can)"


class SoundFile(Protocol):
    """What is used of an open file of the untyped library soundfile."""

    name: str
    format: str
    frames: int
    samplerate: int
    channels: int
    extra_info: str

    def seek(self, frames: int) -> int:
        """Go to a frame, counted from the beginning."""

    def read(self, *, out: Floats) -> Floats:
        """Fill an array (n, channels) with sound, and return the part that is filled."""


class BrokenRecording(Exception):
    """Why one recording cannot be used, in a few words. Before the first ":" stands the reason, then details."""


@attrs.frozen(kw_only=True)
class SoundHeader:
    """What the header of a recording says.

    `rate` is in Hz; `seconds` is the length, None if the header does not say.
    """

    rate: int
    channels: int
    seconds: float | None


@attrs.define(kw_only=True)
class Decoder:
    """Reads one recording as mono float32 at `rate` Hz, 1.0 being full scale.

    Rates are converted by soxr (its quality HQ), which takes off the highest frequencies. With `filtered` these are
    taken off a recording that has the right rate as well. `channel` is the recipe's.

    When `blocks()` has ended, `problem` says what is wrong with the recording, or "".
    """

    path: Path
    rate: int
    filtered: bool = False
    channel: str = "mean"
    problem: str = attrs.field(init=False, default="")

    def blocks(self) -> Iterator[Floats]:
        """Yield the sound bit by bit, up to where it cannot be read on.

        Raises:
            BrokenRecording: it cannot be read at all.
        """
        import soxr

        channel = channel_number(self.channel) or (self._loudest() if self.channel == "loudest" else None)
        with open_sound(self.path) as sound:
            sounds, source_rate = self._mono(sound, Mixer(channel)), sound.file.samplerate
            if source_rate == self.rate and not self.filtered:
                yield from sounds
                return
            if source_rate == self.rate:
                sounds, source_rate = map(_zero_stuffed, sounds), 2 * source_rate
            stream = soxr.ResampleStream(source_rate, self.rate, 1, dtype="float32", quality="HQ")
            yield from map(stream.resample_chunk, sounds)
            yield stream.resample_chunk(np.empty(0, dtype=np.float32), last=True)

    def _mono(self, sound: _OpenSound, mixer: Mixer) -> Iterator[Floats]:
        frames = 0
        for block in _read_blocks(sound.file):
            frames += len(block)
            yield mixer.mix(block)
        self.problem = _describe_length(sound, frames) or mixer.problem()

    def _loudest(self) -> int | None:
        with open_sound(self.path) as sound:
            return loudest_channel(_read_blocks(sound.file)) if sound.file.channels > 1 else None


def read_header(path: Path) -> SoundHeader:
    """Return what the header of a recording says.

    Raises:
        BrokenRecording: it is no sound, or holds none.
    """
    with open_sound(path) as sound:
        frames = sound.file.frames
        seconds = frames / sound.file.samplerate if frames < _LONGEST else None
        return SoundHeader(rate=sound.file.samplerate, channels=sound.file.channels, seconds=seconds)


@attrs.frozen
class _OpenSound:
    """A sound file that is open, and whether its header was unfinished and has been completed."""

    file: SoundFile
    repaired: bool = False


@contextmanager
def open_sound(path: Path) -> Iterator[_OpenSound]:
    """Open a sound file; one whose header was never finished is read to its end.

    Raises:
        BrokenRecording: it is no sound, or holds none.
    """
    import soundfile

    with ExitStack() as stack:
        try:
            with _translate_errors(_NO_SOUND):
                sound = _OpenSound(cast(SoundFile, stack.enter_context(soundfile.SoundFile(str(path)))))
        except BrokenRecording:
            sound = None
        if sound is None or sound.file.frames == 0:
            sound = _open_repaired(path, stack) or sound
        if sound is None:
            raise BrokenRecording(_NO_SOUND)
        if sound.file.frames == 0:
            raise BrokenRecording("it holds no sound")
        yield sound


def _open_repaired(path: Path, stack: ExitStack) -> _OpenSound | None:
    """Open a sound file with its header completed; None if there is nothing to complete."""
    import soundfile

    with _translate_errors(_NO_SOUND):
        patches = find_header_patches(path)
        if not patches:
            return None
        file = stack.enter_context(path.open("rb"))
        sound = stack.enter_context(soundfile.SoundFile(PatchedFile(file, patches)))
        return _OpenSound(cast(SoundFile, sound), repaired=True)


def _read_blocks(sound: SoundFile) -> Iterator[Floats]:
    """Yield sound (n, channels) float32 up to where it cannot be read on."""
    frames = _BLOCK * 8 // max(sound.channels, 8)
    while True:
        block = np.full((frames, sound.channels), np.nan, dtype=np.float32)
        try:
            decoded = sound.read(out=block)
        except (OSError, RuntimeError):
            if len(decoded := _filled(block)):
                yield decoded
            return
        if len(decoded) == 0:
            return
        yield decoded


def _filled(block: Floats) -> Floats:
    """Return the rows of a block that the decoder had filled when it failed."""
    filled_rows = np.flatnonzero(~np.isnan(block).all(axis=1))
    return block[: filled_rows[-1] + 1] if len(filled_rows) else block[:0]


def _describe_length(sound: _OpenSound, frames: int) -> str:
    """Return in words what is wrong with the length of a recording of which `frames` could be read, or ""."""
    seconds = frames / sound.file.samplerate
    promised = _promised_frames(sound)
    if promised is None:
        return f"header not finished: {seconds:.1f} s read"
    if sound.file.format == "MP3" and not _has_length(Path(sound.file.name)):
        return ""
    if sound.file.format == "OGG" and not _has_last_page(Path(sound.file.name)):
        return f"it is truncated: {seconds:.1f} s could be read"
    if frames < promised * (1 - _TOLERANCE if sound.file.format == "MP3" else 1):
        return f"it is truncated or damaged: {seconds:.1f} of {promised / sound.file.samplerate:.1f} s could be read"
    return ""


def _promised_frames(sound: _OpenSound) -> float | None:
    """Return how many frames the header of a recording promises, None if it was written before the sound was."""
    frames, log = sound.file.frames, sound.file.extra_info
    if sound.repaired or frames > _LONGEST or _MENDED in log:
        return None
    for size_match in _SIZES.finditer(log):
        claimed_bytes, present_bytes = int(size_match["claimed"]), int(size_match["present"] or 0)
        if claimed_bytes <= 0 or (claimed_bytes >= _ENDLESS and present_bytes):
            return None
        if size_match["chunk"] in _DECISIVE and 0 < present_bytes < claimed_bytes:
            return frames * claimed_bytes / present_bytes
    return frames


def _has_length(path: Path) -> bool:
    """Say whether an MP3 file says how long it is; that of any other is guessed from its first frame, often wrongly."""
    with path.open("rb") as file:
        id3_head = file.read(10)
        tag_size = sum(byte << shift for byte, shift in zip(id3_head[6:10], (21, 14, 7, 0), strict=True))
        file.seek(10 + tag_size if id3_head.startswith(b"ID3") else 0)
        first_frame = file.read(_MP3_FRAME)
    return any(mark in first_frame for mark in (b"Xing", b"Info", b"VBRI"))


def _has_last_page(path: Path) -> bool:
    """Say whether the last page of an OGG file says that it is the last (RFC 3533, 6: header_type_flag)."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 2 * _OGG_PAGE, 0))
        last_bytes = file.read()
    flag_position = last_bytes.rfind(b"OggS") + 5
    return flag_position >= len(last_bytes) or bool(last_bytes[flag_position] & 4)


def _zero_stuffed(samples: Floats) -> Floats:
    """Double the rate without a filter: what appears above the old Nyquist frequency is for the next filter."""
    doubled = np.zeros(2 * len(samples), dtype=np.float32)
    doubled[::2] = 2 * samples
    return doubled


@contextmanager
def _translate_errors(problem: str) -> Iterator[None]:
    """Turn what soundfile raises over a bad file into BrokenRecording."""
    try:
        yield
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise BrokenRecording(problem) from error
