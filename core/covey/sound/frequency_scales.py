"""The frequency axis of spectrograms: linear, mel or logarithmic."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

SCALES = ("linear", "mel", "log")


def row_frequencies(rate: int, window: int, scale: str, log_min: float) -> NDArray[np.float64]:
    """Return the frequency of each row of an image in Hz (window // 2,) float64, lowest first.

    Args:
        rate: sampling rate in Hz.
        window: samples in one Fourier transform.
        scale: one of SCALES.
        log_min: the lowest frequency of a logarithmic axis, as a fraction of the rate.
    """
    rows = window // 2
    if scale == "mel":
        return mel_frequencies(rate, window)
    positions = log_positions(rows, log_min) if scale == "log" else np.arange(rows, dtype=np.float64)
    return np.asarray(positions * rate / window, dtype=np.float64)


def mel_frequencies(rate: int, window: int) -> NDArray[np.float64]:
    """Return the frequency in Hz of each of window // 2 rows on the mel scale (D. O'Shaughnessy 1987), lowest first."""
    mels = np.linspace(0, 1127 * math.log1p(rate / 1400), window // 2 + 2)[1:-1]
    return 700 * np.expm1(mels / 1127)


@cache
def mel_weights(rate: int, window: int) -> Floats:
    """Return the weights (window // 2, window // 2) float32 that turn linear rows into as many rows on the mel scale.

    Triangles around frequencies evenly spaced in mel, each with weights that sum to 1, and nowhere narrower than the
    linear rows are apart, so that none is empty.
    """
    linear_frequencies_hz = np.arange(window // 2) * rate / window
    centres_hz = mel_frequencies(rate, window)
    half_widths_hz = np.maximum(np.gradient(centres_hz), linear_frequencies_hz[1])
    weights = np.maximum(1 - abs(linear_frequencies_hz[None] - centres_hz[:, None]) / half_widths_hz[:, None], 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights, dtype=np.float32)


@cache
def log_positions(rows: int, log_min: float) -> NDArray[np.float64]:
    """Return where the rows of a logarithmic axis lie among as many linear rows (rows,) float64, lowest first.

    As the original tools have it: relative frequencies spaced evenly in the logarithm from `log_min` to 0.5, where the
    linear rows are taken to reach from 0 to 0.5.
    """
    relative_frequencies = np.logspace(math.log10(log_min), math.log10(0.5), rows)
    return np.asarray(np.minimum(relative_frequencies * 2, 1) * (rows - 1), dtype=np.float64)


def resample_rows(values: Floats, log_min: float) -> Floats:
    """Return linear rows (rows, columns) on a logarithmic axis, as many, by linear interpolation."""
    positions = log_positions(len(values), log_min)
    lower = np.minimum(positions.astype(int), len(values) - 2)
    shares = (positions - lower).astype(np.float32)[:, None]
    resampled: Floats = values[lower + 1]
    resampled -= values[lower]
    resampled *= shares
    resampled += values[lower]
    return resampled
