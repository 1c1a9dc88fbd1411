"""Synthetic recordings with known calls, to try covey without any data."""

from __future__ import annotations

import csv
import io
import wave
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey._base.files import make_folder, replace_file
from covey._base.progress import SILENT, Progress
from covey.data.segment_names import image_name
from covey.sound.spectrograms import Recipe

RATE = 24000
_REPEATS = 3
Sound = NDArray[np.float64]
Call = Callable[[Generator], Sound]
"""Makes one singer's call, of 0.1 to 0.19 s at RATE, about 1 loud."""


def synthesize(folder: Path, recordings: int = 304, seed: int = 0, progress: Progress = SILENT) -> Path:
    """Write synthetic recordings of eight types of call into `folder`/audio, as many of each.

    Each recording is one singer that repeats its call three times in a second, so that every segment of the default
    recipe holds one call. Pitch, length, level, noise and the background singer differ between recordings; equal seeds
    give equal files. Existing files are left as they are.

    Returns:
        The path of the true classes: `folder`/labels.csv with the columns filename (of the image), label (type of call)
        and group (recording).

    Raises:
        CoveyError: the folder holds other files of these names, or cannot be written.
    """
    make_folder(folder / "audio")
    rows = []
    with progress.step("Making recordings", recordings, "recording") as step:
        for index in range(recordings):
            label = list(CALLS)[index % len(CALLS)]
            stub = f"{label}-{index // len(CALLS):03d}"
            sound = recording(label, np.random.default_rng([seed, index]))
            _write_once(folder / "audio" / f"{stub}.wav", _wav(sound))
            rows += [[image_name(stub, start), label, stub] for start in _call_starts(len(sound))]
            step.advance()
    truth = folder / "labels.csv"
    _write_once(truth, _csv([["filename", "label", "group"], *sorted(rows)]))
    return truth


def recording(label: str, rng: Generator) -> NDArray[np.int16]:
    """Return one recording of a singer with calls of the type `label`, mono at RATE."""
    recipe = Recipe()
    centres: NDArray[np.float64] = recipe.segment / 2 + recipe.interval * np.arange(_REPEATS, dtype=np.float64)
    length = round((centres[-1] + recipe.segment / 2 + 0.02) * RATE)
    sound = _singer(label, centres, length, rng)
    if rng.random() < 0.4:  # a second singer, further away
        sound += rng.uniform(0.03, 0.15) * _singer(str(rng.choice(list(CALLS))), centres, length, rng)
    sound += _noise(length, rng)
    level = 10 ** (rng.uniform(-30, -6) / 20)
    return np.asarray(np.round(sound * level / abs(sound).max() * 32767), dtype=np.int16)


def whistle(rng: Generator) -> Sound:
    """One steady tone with a little vibrato."""
    t = _times(rng)
    return _tone(_pitch(rng) * (1 + rng.uniform(0, 0.015) * np.sin(2 * np.pi * rng.uniform(5, 15) * t)))


def trill(rng: Generator) -> Sound:
    """One tone in fast beats."""
    t = _times(rng)
    return _tone(np.full_like(t, _pitch(rng))) * (np.sin(2 * np.pi * rng.uniform(25, 50) * t) > rng.uniform(-0.3, 0.3))


def stack(rng: Generator) -> Sound:
    """A low tone and its harmonics, slightly arched."""
    t = _times(rng)
    base = rng.uniform(500, 1300) * (1 + rng.uniform(-0.1, 0.1) * np.sin(np.pi * t / t[-1]))
    weights = rng.uniform(0.3, 1, size=int(rng.integers(5, 9)))
    return sum((w * _tone(base * (k + 1)) for k, w in enumerate(weights)), np.zeros_like(t)) / 2


def buzz(rng: Generator) -> Sound:
    """A band of rough noise."""
    t = _times(rng)
    wander = np.cumsum(rng.standard_normal(len(t))) * rng.uniform(0.12, 0.25)
    return np.sin(2 * np.pi * _pitch(rng) * t + wander) * _edges(len(t))


def upsweep(rng: Generator) -> Sound:
    """One tone that rises."""
    return downsweep(rng)[::-1]


def downsweep(rng: Generator) -> Sound:
    """One tone that falls."""
    t = _times(rng)
    low, range_ = rng.uniform(2000, 4500), rng.uniform(1500, 4000)
    return _tone(low + range_ * (1 - t / t[-1]) ** rng.uniform(0.7, 1.5))


def twonote(rng: Generator) -> Sound:
    """Two steady tones, the second lower."""
    t, first = _times(rng), _pitch(rng)
    half = len(t) // 2
    second = first * rng.uniform(0.6, 0.8)
    return np.concatenate([_tone(np.full(half, first)), _tone(np.full(half, second))])


def clicks(rng: Generator) -> Sound:
    """A few short clicks, each over a wide band."""
    t = _times(rng)
    sound = np.zeros_like(t)
    for start in np.linspace(0, len(t) - 400, int(rng.integers(3, 8))) + rng.uniform(0, 150):
        sound[int(start) : int(start) + 240] += rng.standard_normal(240) * np.exp(-np.arange(240) / rng.uniform(20, 50))
    return sound


CALLS: Mapping[str, Call] = {
    call.__name__: call for call in (whistle, trill, stack, buzz, upsweep, downsweep, twonote, clicks)
}
"""The types of call by name."""


def _singer(label: str, centres: NDArray[np.float64], length: int, rng: Generator) -> Sound:
    """Return one call repeated around `centres` (seconds), each a little louder or softer, earlier or later."""
    call, sound = CALLS[label](rng), np.zeros(length)
    for centre in centres:
        start = max(round((centre + rng.uniform(-0.05, 0.05)) * RATE) - len(call) // 2, 0)
        end = min(start + len(call), length)
        sound[start:end] += call[: end - start] * rng.uniform(0.6, 1)
    return sound


def _noise(length: int, rng: Generator) -> Sound:
    """Return noise that falls by 0 to 6 dB an octave, of a random level."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 200)
    noise = np.fft.irfft(spectrum / frequencies ** rng.uniform(0, 1), length)
    return np.asarray(noise / noise.std() * 10 ** (rng.uniform(-28, -10) / 20))


def _times(rng: Generator) -> Sound:
    """Return the times of a call's samples in seconds; the median equaliser removes tones as long as half a segment."""
    return np.arange(round(rng.uniform(0.1, 0.19) * RATE)) / RATE


def _pitch(rng: Generator) -> float:
    return float(np.exp(rng.uniform(np.log(2500), np.log(6500))))


def _tone(frequency: Sound) -> Sound:
    """Return a tone that follows a frequency in Hz, one value a sample."""
    return np.sin(2 * np.pi * np.cumsum(frequency) / RATE) * _edges(len(frequency))


def _edges(length: int) -> Sound:
    """Fade in and out over 15 ms."""
    ramp = np.arange(length) / (0.015 * RATE)
    return np.sin(np.pi / 2 * np.minimum(1, np.minimum(ramp, ramp[::-1]))) ** 2


def _call_starts(samples: int) -> list[float]:
    """Return where the segments of a recording start under the default recipe, in seconds."""
    recipe = Recipe()
    count = int((samples / RATE - recipe.segment) / recipe.interval) + 1
    return [index * recipe.interval for index in range(count)]


def _wav(sound: NDArray[np.int16]) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())
    return buffer.getvalue()


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _write_once(path: Path, content: bytes) -> None:
    """Write a file, unless it exists with the same content. Raises CoveyError when its content is another."""
    if not path.exists():
        with replace_file(path) as file:
            file.write(content)
    elif path.read_bytes() != content:
        raise CoveyError(f"{path} is there already and holds something else: choose another folder.")
