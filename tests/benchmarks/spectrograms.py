"""Images per second: covey's recipe against the same recipe in scipy, matplotlib and Pillow, one process each.

Run it by `python tests/benchmarks/spectrograms.py`; it needs matplotlib.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.interpolate import interp1d
from scipy.io import wavfile
from scipy.signal import lfilter, spectrogram

from covey.components.contracts import Floats
from covey.data.images import THREADS
from covey.sound import png
from covey.sound.conversion import convert_recordings
from covey.sound.frequency_scales import mel_weights
from covey.sound.recipe_presets import PRESETS
from covey.sound.spectrograms import EPS, Recipe
from covey.sound.synthesis import CALLS, RATE, recording, synthesize

SHORT = ()

SEGMENTS = 24
ROUNDS = 5
RECIPES = {
    **PRESETS,
    "noise none": Recipe(noise="none"),
    "noise subtract": Recipe(noise="subtract"),
    "noise pcen": Recipe(noise="pcen"),
    "scale mel": Recipe(scale="mel"),
    "scale log": Recipe(scale="log"),
    "window hann": Recipe(taper="hann"),
    "colormap inferno_r": Recipe(colormap="inferno_r"),
}


def main() -> None:
    """Print the tables."""
    print(f"Drawing only: {SEGMENTS} segments, one thread, processor time, median of {ROUNDS} rounds of both in turn\n")
    print(
        "| recipe | pixels | plain images/s | covey images/s | ratio | plain KB | covey KB | pixels differ | at most |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, recipe in RECIPES.items():
        print(_time_drawing(name, recipe), flush=True)
    print(f"\nFrom recordings to files on disk: one process each, covey with {THREADS} threads, wall time\n")
    print("| plain images/s | covey images/s | ratio |")
    print("|---|---|---|")
    print(_converted())


def _time_drawing(name: str, recipe: Recipe) -> str:
    segments = [_segment(index, recipe.length) for index in range(SEGMENTS)]
    draw = (lambda samples: _plain(samples, recipe)), (lambda samples: png.encode(recipe.pixels(samples)))
    rounds = [[_run(one, segments) for one in draw] for _ in range(ROUNDS)]
    theirs, ours = (files for files, _ in rounds[0])
    their_time, our_time = (median(times) for times in zip(*([s for _, s in pair] for pair in rounds), strict=True))
    apart = abs(_levels(theirs, recipe.colormap) - _levels(ours, recipe.colormap))
    sizes = [sum(map(len, files)) / len(files) / 1000 for files in (theirs, ours)]
    return (
        f"| {name} | {recipe.window // 2} x {recipe.columns} | {SEGMENTS / their_time:.0f} | {SEGMENTS / our_time:.0f}"
        f" | {their_time / our_time:.1f} | {sizes[0]:.1f} | {sizes[1]:.1f} | {100 * np.mean(apart > 0):.4f} %"
        f" | {apart.max()} |"
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
            (folder / f"{path.stem}_{begin:08.3f}.png").write_bytes(_plain(samples, recipe))
            begin, count = begin + recipe.interval, count + 1
    return count


def _plain(samples: Floats, recipe: Recipe) -> bytes:
    """Return the file that scipy, matplotlib and Pillow make by a recipe, in double precision."""
    window, hop, eps = recipe.window, recipe.hop, EPS
    _, _, S = spectrogram(
        samples.astype(float), recipe.rate, recipe.taper, window, window - hop, detrend="constant", scaling="spectrum"
    )
    S = S[:-1]
    if recipe.scale == "mel":
        S = mel_weights(recipe.rate, window).astype(float) @ S
    middle = np.median(S, axis=1, keepdims=True)
    if recipe.noise == "equalize":
        spread = middle - S.min(axis=1, keepdims=True)
        spread[spread <= 0] = S.max()
        S = np.maximum((S - middle) / spread, 1)
    S = _plain_pcen(np.sqrt(S), hop / recipe.rate) if recipe.noise == "pcen" else np.log10(S + eps)
    if recipe.noise == "subtract":
        S = np.maximum(S - np.median(S, axis=1, keepdims=True), 0)
    if recipe.scale == "log":
        linear, rows = np.linspace(0, 0.5, len(S)), np.logspace(np.log10(recipe.log_min), np.log10(0.5), len(S))
        S = interp1d(linear, S, axis=0, bounds_error=False, fill_value=0.0)(rows)
    S = S[::-1] - S.min()
    S /= S.max()
    colours = (matplotlib.colormaps[recipe.colormap](S)[:, :, :3] * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).save(file, "PNG")
    return file.getvalue()


def _plain_pcen(S: NDArray[np.float64], column_s: float) -> NDArray[np.float64]:
    """Return what librosa's `pcen` returns, smoothed from the median of each row on."""
    S, frames = S * 2.0**31, 0.4 / column_s
    b = (np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    M, _ = lfilter([b], [1, b - 1], S, zi=(1 - b) * np.median(S, axis=1, keepdims=True))
    smooth = np.exp(-0.98 * (np.log(1e-6) + np.log1p(M / 1e-6)))
    return np.asarray(2.0**0.5 * np.expm1(0.5 * np.log1p(S * smooth / 2)))


def _segment(index: int, length: int) -> Floats:
    label = list(CALLS)[index % len(CALLS)]
    sound = np.concatenate(
        [recording(label, np.random.default_rng([1, index, part])) for part in range(1 + length // RATE)]
    )
    return np.asarray(sound[:length] / 32768, dtype=np.float32)


def _run(draw: Callable[[Floats], bytes], segments: list[Floats]) -> tuple[list[bytes], float]:
    """Return the files, and the processor's seconds that they took."""
    begin = time.process_time()
    files = [draw(samples) for samples in segments]
    return files, time.process_time() - begin


def _levels(files: list[bytes], colormap: str) -> NDArray[np.int64]:
    """Return images as levels of a colour map, of whose 256 colours nearly all differ."""
    table = (matplotlib.colormaps[colormap](np.arange(256))[:, :3] * 255).astype(np.uint8)
    level_of = np.zeros(1 << 24, dtype=np.int64)
    level_of[_number(table)[::-1]] = np.arange(256)[::-1]
    return np.stack([level_of[_number(np.asarray(Image.open(io.BytesIO(file))))] for file in files])


def _number(colours: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return colours (..., 3) as whole numbers."""
    return np.asarray(colours.astype(np.int64) @ [1 << 16, 1 << 8, 1])


if __name__ == "__main__":
    main()
