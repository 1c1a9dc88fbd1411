"""Six spectrograms as a recipe makes them, with axes in Hz and seconds, before any image is made."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from covey import CoveyError, Floats
from covey.frontend import BrokenRecording, Recipe, draw_spectrogram, evolve, read_stretch
from covey_dashboard.data.caching import cached
from covey_dashboard.data.table_titles import as_utf8
from covey_dashboard.pages.start.recordings_here import find_recordings_here

SHOWN = 6
LONGEST_S = 60.0
"""Seconds at the beginning of a recording among which the loudest piece is looked for."""
MOST_SAMPLES = 2_000_000
"""Samples of one recording that are kept for previews: 8 MB."""
_MARGIN_S = 0.1
"""Seconds beside a piece that resampling takes."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@attrs.frozen(eq=False)
class PreviewSound:
    """The beginning of a recording: its name, its sound (n, channels) float32, and its sampling rate in Hz."""

    name: str
    sound: Floats
    rate: int


@cached(spinner="Reading some recordings", max_entries=2)
def read_samples(location: str) -> list[PreviewSound]:
    """Return the beginnings of recordings that are spread evenly over those of a dataset.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    recordings = find_recordings_here(location)
    if recordings is None:
        return []
    paths = recordings.summary.paths
    chosen = [paths[row] for row in np.linspace(0, len(paths) - 1, min(SHOWN, len(paths))).round().astype(int)]
    return [stretch for path in chosen if (stretch := _try_stretch(path))]


def _try_stretch(path: Path) -> PreviewSound | None:
    try:
        sound, rate = read_stretch(path, 0.0, LONGEST_S, MOST_SAMPLES)
    except (BrokenRecording, OSError):
        return None
    return PreviewSound(path.name, sound, rate) if len(sound) else None


def draw_previews(stretches: Sequence[PreviewSound], recipe: Recipe) -> str:
    """Return HTML with a spectrogram of each recording, its loudest piece, with axes."""
    return f'<div class="covey-previews">{"".join(_draw_figure(stretch, recipe) for stretch in stretches)}</div>'


def _draw_figure(stretch: PreviewSound, recipe: Recipe) -> str:
    name = escape(as_utf8(stretch.name))
    first = _find_loudest(stretch, recipe.segment)
    count = round((recipe.segment + _MARGIN_S) * stretch.rate)
    try:
        drawn_recipe = evolve(recipe, rate=min(stretch.rate, recipe.rate))
        pixels = draw_spectrogram(stretch.sound[first : first + count], stretch.rate, recipe)
    except CoveyError as error:
        return f"<figure><p>{escape(str(error))}</p><figcaption>{name}</figcaption></figure>"
    caption = f"<figcaption>{name}, from {first / stretch.rate:.1f} s</figcaption>"
    return f"<figure>{_draw_axes(pixels, drawn_recipe)}{caption}</figure>"


def _find_loudest(stretch: PreviewSound, segment_s: float) -> int:
    """Return the first sample of the loudest piece of a recording."""
    length = round(segment_s * stretch.rate)
    energy = np.concatenate([[0.0], np.cumsum(np.square(stretch.sound[:, 0], dtype=np.float64))])
    if len(energy) <= length + 1:
        return 0
    sums = energy[length:] - energy[:-length]
    return int(np.argmax(sums[:: max(1, length // 8)])) * max(1, length // 8)


def _draw_axes(pixels: NDArray[np.uint8], recipe: Recipe) -> str:
    """Return HTML with an image, ticks in kHz beside it and in seconds below it."""
    heights = _place_frequencies(recipe, len(pixels))
    hz = "".join(f'<i style="bottom:{height:.1%}">{frequency / 1000:g}</i>' for frequency, height in heights)
    seconds = [tick for tick in _choose_ticks(recipe.segment) if tick <= recipe.segment * 0.97]
    s = "".join(f'<i style="left:{tick / recipe.segment:.1%}">{tick:g}</i>' for tick in seconds)
    image = f'<img src="data:image/png;base64,{_encode(pixels)}" alt="spectrogram">'
    return f'<div class="axes"><b>kHz</b><div class="hz">{hz}</div>{image}<div class="s">{s}</div><em>s</em></div>'


def _place_frequencies(recipe: Recipe, row_count: int) -> list[tuple[float, float]]:
    """Return frequencies in Hz to write beside an image, and how high each lies, 0 to 1."""
    frequencies = np.asarray(recipe.parameters()["frequency_axis"], dtype=np.float64)[:row_count]
    middles = (np.arange(row_count) + 0.5) / row_count
    ticks = [tick for tick in _choose_ticks(float(frequencies[-1])) if frequencies[0] <= tick <= frequencies[-1]]
    return [(tick, float(np.interp(tick, frequencies, middles))) for tick in ticks]


def _choose_ticks(highest: float) -> list[float]:
    """Return round numbers from 0 to `highest`, about five."""
    size = 10.0 ** np.floor(np.log10(highest / 5))
    step = float(next(size * factor for factor in _STEPS if size * factor * 5 >= highest))
    return [round(step * number, 9) for number in range(int(highest / step + 1e-9) + 1)]


def _encode(pixels: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
