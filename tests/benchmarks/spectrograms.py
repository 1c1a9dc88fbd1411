"""Images per second: covey's recipe against the same recipe in scipy, matplotlib and Pillow, one process each.

Run it by `python tests/benchmarks/spectrograms.py`; it needs matplotlib.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import wavfile
from scipy.signal import spectrogram

from covey.components.contracts import Floats
from covey.data.images import THREADS
from covey.sound import png
from covey.sound.conversion import convert_recordings
from covey.sound.spectrograms import EPS, Recipe
from covey.sound.synthesis import CALLS, RATE, recording, synthesize

SEGMENTS = 200
ROUNDS = 5


def main() -> None:
    """Print the tables."""
    print(f"Drawing only: {SEGMENTS} segments of 0.394 s, one thread, processor time, best of {ROUNDS} rounds\n")
    print(
        "| equalised | plain images/s | covey images/s | ratio | plain KB | covey KB | pixels that differ | at most |"
    )
    print("|---|---|---|---|---|---|---|---|")
    segments = [_segment(index) for index in range(SEGMENTS)]
    for equalize in (True, False):
        print(_drawn(segments, equalize))
    print(f"\nFrom recordings to files on disk: one process each, covey with {THREADS} threads, wall time\n")
    print("| plain images/s | covey images/s | ratio |")
    print("|---|---|---|")
    print(_converted())


def _drawn(segments: list[Floats], equalize: bool) -> str:
    recipe = Recipe(equalize=equalize)
    theirs, their_time = _run(lambda samples: _plain(samples, equalize), segments)
    ours, our_time = _run(lambda samples: png.encode(recipe.pixels(samples)), segments)
    apart = abs(_levels(theirs) - _levels(ours))
    sizes = [sum(map(len, files)) / len(files) / 1000 for files in (theirs, ours)]
    return (
        f"| {equalize} | {SEGMENTS / their_time:.0f} | {SEGMENTS / our_time:.0f} | {their_time / our_time:.1f}"
        f" | {sizes[0]:.1f} | {sizes[1]:.1f} | {100 * np.mean(apart > 0):.4f} % | {apart.max()} level |"
    )


def _converted() -> str:
    with tempfile.TemporaryDirectory() as folder:
        synthesize(Path(folder))
        begin = time.perf_counter()
        theirs = _plainly(Path(folder) / "audio", Path(folder) / "plain")
        middle = time.perf_counter()
        ours = convert_recordings(Path(folder) / "audio", Path(folder)).new
        end = time.perf_counter()
    speeds = theirs / (middle - begin), ours / (end - middle)
    return f"| {speeds[0]:.0f} | {speeds[1]:.0f} | {speeds[1] / speeds[0]:.1f} |"


def _plainly(source: Path, folder: Path) -> int:
    """Return the number of images made by the plain recipe."""
    folder.mkdir()
    recipe, count = Recipe(), 0
    for path in sorted(source.iterdir()):
        _, sound = wavfile.read(path)
        begin = 0.0
        while round(begin * RATE) + recipe.length <= len(sound):
            samples = sound[round(begin * RATE) :][: recipe.length] / np.float32(32768)
            (folder / f"{path.stem}_{begin:08.3f}.png").write_bytes(_plain(samples, True))
            begin, count = begin + recipe.interval, count + 1
    return count


def _plain(samples: Floats, equalize: bool) -> bytes:
    _, _, S = spectrogram(samples, RATE, "hamming", 256, 220, detrend="constant", scaling="spectrum", mode="psd")
    S = S[:-1][::-1]
    if equalize:
        middle = np.median(S, axis=1)
        spread = middle - S.min(axis=1)
        spread[spread <= 0] = S.max()
        S = np.maximum((S - middle[:, None]) / spread[:, None], 1)
    S = np.log10(S + EPS)
    S -= S.min()
    S /= S.max()
    colours = (matplotlib.colormaps["viridis"](S)[:, :, :3] * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return file.getvalue()


def _segment(index: int) -> Floats:
    label = list(CALLS)[index % len(CALLS)]
    sound = recording(label, np.random.default_rng([1, index]))[: Recipe().length]
    return np.asarray(sound / 32768, dtype=np.float32)


def _run(draw: Callable[[Floats], bytes], segments: list[Floats]) -> tuple[list[bytes], float]:
    """Return the files and the processor's seconds in the fastest round."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        files = [draw(samples) for samples in segments]
        times.append(time.process_time() - begin)
    return files, min(times)


def _levels(files: list[bytes]) -> NDArray[np.int64]:
    """Return images as levels of viridis, of whose 256 colours 254 differ."""
    table = (matplotlib.colormaps["viridis"](np.arange(256))[:, :3] * 255).astype(np.uint8)
    level_of = {colour: level for level, colour in enumerate(dict.fromkeys(map(tuple, table.tolist())))}
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(file))) for file in files]).reshape(-1, 3)
    colours, where = np.unique(pixels, axis=0, return_inverse=True)
    return np.array([level_of[tuple(colour)] for colour in colours.tolist()])[where.reshape(-1)]


if __name__ == "__main__":
    main()
