"""What a fetched file really is: sound that can be decoded to its end, or not."""

from __future__ import annotations

from pathlib import Path

import attrs

from covey._base.digests import hash_file
from covey.sound.decoder import BrokenRecording, Decoder, open_sound, read_header

SUFFIXES = {
    "WAV": ".wav", "WAVEX": ".wav", "RF64": ".wav", "W64": ".w64", "FLAC": ".flac", "OGG": ".ogg", "MP3": ".mp3",
    "MPEG": ".mp3", "AIFF": ".aiff", "AU": ".au", "CAF": ".caf", "NIST": ".sph", "VOC": ".voc",
}  # fmt: skip
"""Endings of files by the format that their contents have."""


@attrs.frozen(kw_only=True)
class CheckedRecording:
    """What a file contains: its SHA-256, its ending by its contents, its rate in Hz, its length in seconds."""

    content: str
    suffix: str
    rate: int
    seconds: float


def check_recording(path: Path) -> CheckedRecording:
    """Decode a file to its end.

    Raises:
        BrokenRecording: it is no sound that can be read, or is cut off.
        OSError: the file cannot be read.
    """
    with open_sound(path) as sound:
        suffix = SUFFIXES.get(sound.file.format)
    if suffix is None:
        raise BrokenRecording("it is sound of a kind that covey does not store")
    header = read_header(path)
    decoder = Decoder(path=path, rate=header.rate)
    samples = sum(len(block) for block in decoder.blocks())
    if "truncated" in decoder.problem:
        raise BrokenRecording(decoder.problem)
    return CheckedRecording(content=hash_file(path), suffix=suffix, rate=header.rate, seconds=samples / header.rate)
