"""Power spectra of sound."""

from __future__ import annotations

from functools import cache

import numpy as np

from covey.components.contracts import Floats

TAPERS = (
    "hamming", "hann", "barthann", "bartlett", "blackman", "blackmanharris", "bohman", "boxcar", "cosine",
    "exponential", "flattop", "lanczos", "nuttall", "parzen", "taylor", "triang", "tukey",
)  # fmt: skip
"""The windows of `scipy.signal.get_window` that need no parameters."""


def power(samples: Floats, window: int, hop: int, taper: str = "hamming") -> Floats:
    """Return the power spectrum (window // 2, columns) float32, low frequencies first, without the Nyquist row.

    The same as scipy's `spectrogram(window=taper, detrend="constant", scaling="spectrum", mode="psd")`.
    """
    from scipy.fft import rfft

    windows = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    weights = _taper_weights(taper, window)
    frames = windows - windows.mean(axis=1, keepdims=True)
    frames *= weights
    spectrum = rfft(frames.T, axis=0)[: window // 2]
    power_spectrum: Floats = np.square(spectrum.real)
    power_spectrum += np.square(spectrum.imag)
    power_spectrum *= 2 / weights.sum() ** 2
    power_spectrum[0] /= 2
    return power_spectrum


@cache
def _taper_weights(taper: str, window: int) -> Floats:
    """Return a periodic window (window,) float32."""
    if taper == "hamming":  # without scipy.signal, which takes half a second to import
        return (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)
    from scipy.signal import get_window

    return np.asarray(get_window(taper, window), dtype=np.float32)
