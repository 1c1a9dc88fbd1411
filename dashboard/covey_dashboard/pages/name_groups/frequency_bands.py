"""The band of frequencies in which the sound of a group lies, where it is known how its images were drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from covey import Clustering, CoveyError
from covey.frontend import BrokenImage, Entry, ImageAxes, ImageFolder, read_like
from covey_dashboard.data.caching import cached
from covey_dashboard.data.clips.find_axes import find_axes
from covey_dashboard.data.datasets import image_folder, looks_at_files
from covey_dashboard.pages.name_groups.group_summaries import summarize_groups

Row = NDArray[np.float64]
Band = tuple[float, float]
"""The lowest and the highest frequency, in Hz."""
BRIGHTENING = ("viridis", "gray", "magma", "inferno", "plasma", "cividis")
"""Colour maps in which louder is brighter; reversed, darker."""
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""The share of red, green and blue in brightness (ITU-R BT.601)."""
_MOST_MEASURED = 400
"""Images that are measured, at most: 3 s."""
_BRIGHTEST = 0.95
"""The quantile of the brightness of an image above which there is sound."""
_LEAKAGE = 2
"""The lowest rows, in which the window leaks what is at 0 Hz."""
_SMOOTHED = 5
"""Rows over which brightness is averaged."""
_EDGE = 1 / 3
"""The part of the brightness of the loudest row that ends the band. With these numbers, sweeps in white noise are
measured within 400 Hz on each scale, with each way to reduce noise (tests/dashboard/test_name_groups.py)."""
_Warp = Callable[[Row], Row]
_WARPS: Mapping[str, tuple[_Warp, _Warp]] = {
    "linear": (np.positive, np.positive),
    "mel": (lambda hz: np.log1p(hz / 700), lambda mel: 700 * np.expm1(mel)),
    "log": (lambda hz: np.log(np.maximum(hz, 1)), np.exp),
}
"""By the scale of frequencies: to what is evenly spaced over the rows, and back."""


def describe_bands(location: str, entry: Entry[Clustering]) -> Mapping[int, str]:
    """Return the band of each group of a clustering in words, by its number; none where it is not known.

    Raises:
        CoveyError: a file cannot be read.
    """
    folder = image_folder(location)
    return _describe_bands(location, entry, str(folder.root)) if folder else {}


@looks_at_files
@cached(spinner="Measuring the frequencies of the groups", max_entries=4)
def _describe_bands(location: str, entry: Entry[Clustering], _images: str) -> Mapping[int, str]:
    folder, groups = image_folder(location), summarize_groups(location, entry)
    axes = find_axes(folder, [name for group in groups[:1] for name in group.examples])
    if folder is None or axes.scale not in _WARPS or not 0 <= axes.low_hz < axes.high_hz:
        return {}
    with suppress(CoveyError):
        colours = read_like(folder.root).recipe.colormap
        if colours.removesuffix("_r") in BRIGHTENING:
            sign, rows_hz = (-1 if colours.endswith("_r") else 1), list_row_frequencies(axes)
            count = max(1, _MOST_MEASURED // max(1, len(groups)))
            bands = {group.number: _measure_group(folder, group.examples[:count], sign, rows_hz) for group in groups}
            return {number: format_band(band) for number, band in bands.items() if band}
    return {}


def list_row_frequencies(axes: ImageAxes) -> Row:
    """Return the frequency of each row of an image (rows,) in Hz, lowest first."""
    warp, unwarp = _WARPS[axes.scale]
    low, high = warp(np.array([axes.low_hz, axes.high_hz]))
    return unwarp(np.linspace(low, high, axes.rows))


def _measure_group(folder: ImageFolder, names: Sequence[str], sign: int, rows_hz: Row) -> Band | None:
    """Return the median of the bands of some images; None if none of them has one."""
    bands = []
    for name in names:
        with suppress(BrokenImage):
            pixels = folder.pixels(name)
            if len(pixels) == len(rows_hz) and (band := measure_band(sign * (pixels @ _LUMINANCE), rows_hz)):
                bands.append(band)
    lows, highs = zip(*bands, strict=True) if bands else ((), ())
    return (float(np.median(lows)), float(np.median(highs))) if bands else None


def measure_band(loudness: NDArray[np.float32], rows_hz: Row) -> Band | None:
    """Return the band around the loudest row of an image.

    Args:
        loudness: of each pixel (rows, columns), the highest frequency first.
        rows_hz: the frequency of each row, lowest first.

    Returns:
        None if nothing stands out.
    """
    rows = loudness[::-1][_LEAKAGE:]
    if len(rows) <= _SMOOTHED:
        return None
    loud = np.maximum(rows - np.quantile(rows, _BRIGHTEST), 0).sum(axis=1)
    smooth = np.convolve(np.pad(loud, _SMOOTHED // 2, mode="reflect"), np.ones(_SMOOTHED) / _SMOOTHED, "valid")
    background, peak = np.quantile(smooth, 0.1), int(smooth.argmax())
    quiet = np.flatnonzero(smooth < background + _EDGE * (smooth[peak] - background))
    if not len(quiet):
        return None
    after = np.searchsorted(quiet, peak)
    low = quiet[after - 1] + 1 if after else 0
    high = quiet[after] - 1 if after < len(quiet) else len(rows) - 1
    return float(rows_hz[_LEAKAGE + low]), float(rows_hz[_LEAKAGE + high])


def format_band(band: Band) -> str:
    """Return a band in words: in kHz from 1 kHz on, else in Hz."""
    low, high = band
    return f"{low / 1000:.1f}-{high / 1000:.1f} kHz" if high >= 1000 else f"{low:.0f}-{high:.0f} Hz"
