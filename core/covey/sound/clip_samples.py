"""The sound of a clip: where its recording lies, and the samples of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from covey.components.contracts import Floats
from covey.data.catalogue.clip_finder import ImageClip
from covey.sound.decoder import BrokenRecording, SoundFile, open_sound

_MARGIN_S = 0.1
"""Seconds of sound on either side from which resampling takes what it needs at the edges."""


def locate_recording(home: Path, clip: ImageClip) -> Path | None:
    """Return where the recording of a clip lies, None where it is not known.

    Args:
        home: the folder of the dataset.
        clip: one of its clips.
    """
    return home / clip.path if clip.path else None


def read_stretch(path: Path, start_s: float, duration_s: float, most_samples: int | None = None) -> tuple[Floats, int]:
    """Return a stretch of a recording (n, channels) float32, 1.0 being full scale, and its sampling rate in Hz.

    What lies before the beginning or beyond the end is left out.

    Args:
        path: the recording.
        start_s: where the stretch begins, in seconds.
        duration_s: how long it is, in seconds.
        most_samples: at most so many samples of all channels together are read.

    Raises:
        BrokenRecording: it cannot be read.
    """
    with open_sound(path) as sound:
        return _read_frames(sound.file, start_s, duration_s, most_samples), sound.file.samplerate


def read_centred(path: Path, clip: ImageClip, rate: int, seconds: float) -> Floats:
    """Return the sound around the middle of a clip as mono (n,) float32 at a rate of its own.

    It is the recording's own sound; only what lies before its beginning or beyond its end is silence.

    Args:
        path: the recording.
        clip: the clip.
        rate: Hz of the samples.
        seconds: how long the sound is.

    Raises:
        BrokenRecording: the recording cannot be read, or ends before the clip begins.
    """
    import soxr

    start_s = clip.start_s + clip.duration_s / 2 - seconds / 2
    with open_sound(path) as sound:
        source_rate = sound.file.samplerate
        if clip.start_s * source_rate >= sound.file.frames:
            raise BrokenRecording("its clip begins after the end of the recording")
        block = _read_frames(sound.file, start_s - _MARGIN_S, seconds + 2 * _MARGIN_S)
    margin, total = round(_MARGIN_S * source_rate), round((seconds + 2 * _MARGIN_S) * source_rate)
    before = max(0, margin - round(start_s * source_rate))
    mono = np.zeros(max(total, before + len(block)), dtype=np.float32)
    mono[before : before + len(block)] = block.mean(axis=1) if block.shape[1] > 1 else block[:, 0]
    resampled = soxr.resample(mono, source_rate, rate, quality="HQ") if source_rate != rate else mono
    first, count = round(_MARGIN_S * rate), round(seconds * rate)
    samples = np.zeros(count, dtype=np.float32)
    stretch = resampled[first : first + count]
    samples[: len(stretch)] = stretch
    return samples


def _read_frames(file: SoundFile, start_s: float, duration_s: float, most_samples: int | None = None) -> Floats:
    """Return a stretch of an open recording (n, channels), as far as it is there."""
    first, end = (max(0, round(second * file.samplerate)) for second in (start_s, start_s + duration_s))
    count = min(end - first, max(0, file.frames - first))
    if most_samples is not None:
        count = min(count, most_samples // file.channels)
    block = np.zeros((count, file.channels), dtype=np.float32)
    if count:
        file.seek(first)
        block = block[: len(file.read(out=block))]
    return block
