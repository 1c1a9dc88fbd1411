"""Stationary background noise, taken off spectrograms."""

from __future__ import annotations

import math

import numpy as np

from covey.components.contracts import Floats

NOISE = ("equalize", "subtract", "pcen", "none")
FULL_SCALE = 2.0**31
"""What a magnitude of 1 counts in PCEN, whose other constants suppose whole numbers of 32 bits."""
GAIN, BIAS, POWER, TIME_CONSTANT_S, PCEN_EPS = 0.98, 2.0, 0.5, 0.4, 1e-6
"""PCEN's constants, as librosa has them."""


def equalized(power_spectrum: Floats) -> Floats:
    """Return a power spectrum (rows, columns) float32 without its stationary noise, at least 1 everywhere.

    For each frequency: the power above its median, in units of median minus minimum. The median equaliser of
    C. Bedoya et al. (2017), "Automatic identification of rainfall in acoustic recordings", as scikit-maad has it.
    """
    sorted_power = np.sort(power_spectrum, axis=1)  # much faster than a median: numpy sorts with SIMD
    median = _middle(sorted_power)
    spread = median - sorted_power[:, 0]
    spread[spread <= 0] = max(power_spectrum.max(), np.finfo(np.float32).tiny)
    equalized_spectrum: Floats = power_spectrum - median[:, None]
    equalized_spectrum /= spread[:, None]
    np.maximum(equalized_spectrum, 1, out=equalized_spectrum)
    return equalized_spectrum


def subtracted(log_spectrum: Floats) -> Floats:
    """Return the logarithm of a power spectrum (rows, columns) float32 above its median in each row, at least 0.

    Spectral subtraction as the original tools have it since 2025.
    """
    above_noise: Floats = log_spectrum - _middle(np.sort(log_spectrum, axis=1))[:, None]
    np.maximum(above_noise, 0, out=above_noise)
    return above_noise


def pcen(magnitude: Floats, column_s: float) -> Floats:
    """Return the per-channel energy normalisation (rows, columns) float32 of a magnitude spectrum.

    Each row is divided by its own slowly smoothed level, and compressed by a root: V. Lostanlen et al. (2019),
    "Per-Channel Energy Normalization: Why and How". The smoothing begins with the median of the row, not with silence,
    as segments are short.

    Args:
        magnitude: (rows, columns) float32, 1.0 being full scale.
        column_s: seconds from one column to the next.
    """
    from scipy.signal import lfilter

    scaled: Floats = magnitude * np.float32(FULL_SCALE)
    frames = TIME_CONSTANT_S / column_s
    pace = (math.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    begin = (1 - pace) * _middle(np.sort(scaled, axis=1))[:, None]
    level, _ = lfilter(
        np.array([pace], np.float32), np.array([1, pace - 1], np.float32), scaled, zi=begin.astype(np.float32)
    )
    gains = np.exp(-GAIN * np.log(np.asarray(level + PCEN_EPS, dtype=np.float32)))
    return np.asarray((scaled * gains + BIAS) ** POWER - BIAS**POWER, dtype=np.float32)


def _middle(sorted_rows: Floats) -> Floats:
    """Return the median of each sorted row (rows,)."""
    column_count = sorted_rows.shape[1]
    middle_columns = sorted_rows[:, (column_count - 1) // 2], sorted_rows[:, column_count // 2]
    return np.asarray((middle_columns[0] + middle_columns[1]) / 2, dtype=np.float32)
