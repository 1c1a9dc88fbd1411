"""From sound to spectrogram images: the recipe."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components import options
from covey.components.contracts import Component, Floats, Pixels
from covey.components.options import component, option
from covey.data.picture_decoding import MOST_PIXELS
from covey.sound.channels import CHANNELS, channel_number
from covey.sound.colour_maps import COLOURS

EPS = 1e-10
"""What is added to the power before its logarithm is taken."""


@component
class Recipe(Component):
    """How sound becomes images. The defaults are the original tools' recipe: 128 x 256 pixels.

    Each segment: Hamming windows, the mean taken off each, power spectrum, Nyquist row dropped, median equaliser,
    log10, stretched from its least to its greatest value over 256 colours, high frequencies on top.

    Raises CoveyError for options that do not go together.
    """

    name = "spectrograms"
    requires: ClassVar = {"soundfile": "covey[audio]", "soxr": "covey[audio]"}

    rate: int = option(
        default=24000,
        ge=100,
        le=1_000_000,
        help="Sampling rate in Hz that sound is converted to; images reach up to half of it. Larger values show higher"
        " frequencies.",
    )
    segment: float = option(
        default=0.394,
        gt=0,
        le=60,
        help="Length of the sound in one image, in seconds. Larger values make wider images.",
    )
    step: float = option(
        default=0.8,
        gt=0,
        le=1000,
        help="From the start of one segment to the next, as a fraction of the segment. Larger values give fewer images;"
        " above 1 they leave gaps.",
    )
    window: int = option(
        default=256,
        ge=8,
        le=65536,
        help="Samples in one Fourier transform. Larger values resolve frequency better and time worse.",
    )
    overlap: int = option(
        default=220, ge=0, help="Samples that neighbouring windows share. Larger values make wider images."
    )
    equalize: bool = option(
        default=True, help="Take stationary background noise off each frequency: its median over the segment."
    )
    colormap: str = option(default="viridis", choices=tuple(COLOURS), help="How power becomes colour.")
    scale: str = option(
        default="linear", choices=("linear", "mel"), help="The frequency axis: mel gives low frequencies more room."
    )
    loudest: int = option(
        default=0,
        ge=0,
        help="Take only so many segments of each recording, the loudest; 0 takes all. Larger values give more images.",
    )
    silence: float = option(
        default=-90,
        le=0,
        help="Leave out segments whose level (RMS) is not above this many dB of full scale. Larger values leave out"
        " more.",
    )
    channel: str = option(
        default="mean",
        help="Channel of a recording that is shown: mean, left, right, loudest, or its number (1 is the first).",
    )
    last: str = option(
        default="drop",
        choices=("drop", "pad"),
        help="What becomes of the end of a recording that is shorter than a segment: no image (drop), or one that is"
        " filled up with the lowest level (pad).",
    )
    band: str = option(
        default="common",
        choices=("common", "full"),
        help="What images show where recordings differ in rate: the band that all of them have (common), or all up to"
        " half of the rate asked for, with an empty band in some (full).",
    )

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if problem := next(self._problems(), ""):
            raise CoveyError(problem)

    @property
    def length(self) -> int:
        """Samples in a segment."""
        return round(self.segment * self.rate)

    @property
    def interval(self) -> float:
        """Seconds from the start of one segment to the start of the next."""
        return self.step * self.segment

    @property
    def columns(self) -> int:
        """Width of an image; its height is half the window."""
        return (self.length - self.window) // self._hop + 1

    @property
    def _hop(self) -> int:
        return self.window - self.overlap

    def pixels(self, samples: Floats) -> Pixels:
        """Return the image (window // 2, columns, 3) uint8 of one segment: `length` samples, mono float32.

        That of fewer samples is filled up with the lowest level.
        """
        power_spectrum = power(samples, self.window, self._hop)
        if self.scale == "mel":
            power_spectrum = mel_weights(self.rate, self.window) @ power_spectrum
        if self.equalize:
            power_spectrum = equalized(power_spectrum)
        colour_indices = levels(np.log10(power_spectrum + np.float32(EPS)))[::-1]
        return np.take(
            COLOURS[self.colormap],
            np.pad(colour_indices, ((0, 0), (0, self.columns - colour_indices.shape[1]))),
            axis=0,
        )

    def parameters(self) -> dict[str, str | int | float | bool]:
        """Return what the parameter file beside the images says, under the original tools' names and covey's own."""
        times = (np.arange(self.columns) * self._hop + self.window / 2) / self.rate
        return {
            "sampling_frequency": self.rate,
            "segment_duration_sec": self.segment,
            "segment_step_size": self.step,
            "fft_window_size_bins": self.window,
            "fft_window_overlap_bins": self.overlap,
            "colormap": self.colormap,
            "equalize": self.equalize,
            "max_segm_per_file": self.loudest or None,
            "eps": EPS,
            "covey": {"version": self.version, "options": options.option_values(self)},
            "frequency_axis": frequencies(self.rate, self.window, self.scale).tolist(),
            "time_axis": times.tolist(),
        }

    def _problems(self) -> Iterator[str]:
        if self.channel not in CHANNELS and not channel_number(self.channel):
            yield f"The channel must be {', '.join(CHANNELS)} or a number from 1, not {self.channel!r}."
        if self.overlap >= self.window:
            yield f"An overlap of {self.overlap} samples needs a window longer than {self.window}."
        elif self.length < self.window:
            yield (
                f"A segment of {self.segment:g} s at {self.rate} Hz has {self.length} samples, fewer than the window of"
                f" {self.window}: take a longer segment or a shorter window."
            )
        elif self.columns * self.window // 2 > MOST_PIXELS:
            yield f"An image would have {self.columns:,} columns: take a shorter segment or less overlap."
        elif self.interval < 0.001:
            yield "Segments would start less than a millisecond apart: take a larger step."


def power(samples: Floats, window: int, hop: int) -> Floats:
    """Return the power spectrum (window // 2, columns) float32, low frequencies first, without the Nyquist row.

    The same as scipy's `spectrogram(window="hamming", detrend="constant", scaling="spectrum", mode="psd")`.
    """
    from scipy.fft import rfft

    windows = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    taper = _hamming(window)
    frames = windows - windows.mean(axis=1, keepdims=True)
    frames *= taper
    spectrum = rfft(frames.T, axis=0)[: window // 2]
    power_spectrum: Floats = np.square(spectrum.real)
    power_spectrum += np.square(spectrum.imag)
    power_spectrum *= 2 / taper.sum() ** 2
    power_spectrum[0] /= 2
    return power_spectrum


def equalized(power_spectrum: Floats) -> Floats:
    """Return a power spectrum (rows, columns) float32 without its stationary noise, at least 1 everywhere.

    For each frequency: the power above its median, in units of median minus minimum. The median equaliser of
    C. Bedoya et al. (2017), "Automatic identification of rainfall in acoustic recordings", as scikit-maad has it.
    """
    sorted_power = np.sort(power_spectrum, axis=1)  # much faster than a median: numpy sorts with SIMD
    column_count = power_spectrum.shape[1]
    median = (sorted_power[:, (column_count - 1) // 2] + sorted_power[:, column_count // 2]) / 2
    spread = median - sorted_power[:, 0]
    spread[spread <= 0] = max(power_spectrum.max(), np.finfo(np.float32).tiny)
    equalized_spectrum = power_spectrum - median[:, None]
    equalized_spectrum /= spread[:, None]
    return np.maximum(equalized_spectrum, 1, out=equalized_spectrum)


def levels(values: Floats) -> NDArray[np.uint8]:
    """Return an array scaled to 0 to 255, uint8, from its least to its greatest value; a flat one becomes 0."""
    values = values - values.min()
    highest = values.max()
    values *= 256 / highest if highest > 0 else 0
    return np.minimum(values, 255, out=values).astype(np.uint8)


def frequencies(rate: int, window: int, scale: str = "linear") -> NDArray[np.float64]:
    """Return the frequency of each row in Hz, lowest first; on the linear scale the Nyquist frequency comes last."""
    linear_frequencies_hz: NDArray[np.float64] = np.fft.rfftfreq(window, 1 / rate).astype(np.float64)
    if scale == "linear":
        return linear_frequencies_hz
    rows = window // 2
    mels = np.linspace(0, _mel(rate / 2), rows + 2)[1:-1]
    return 700 * np.expm1(mels / 1127)


@cache
def mel_weights(rate: int, window: int) -> Floats:
    """Return the weights (window // 2, window // 2) float32 that turn linear rows into as many rows on the mel scale.

    Triangles around frequencies evenly spaced in mel (D. O'Shaughnessy 1987), each with weights that sum to 1, and
    nowhere narrower than the linear rows are apart, so that none is empty.
    """
    linear_frequencies_hz = frequencies(rate, window)[: window // 2]
    centres_hz = frequencies(rate, window, "mel")
    half_widths_hz = np.maximum(np.gradient(centres_hz), linear_frequencies_hz[1])
    weights = np.maximum(1 - abs(linear_frequencies_hz[None] - centres_hz[:, None]) / half_widths_hz[:, None], 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights, dtype=np.float32)


@cache
def _hamming(window: int) -> Floats:
    """Return the periodic Hamming window (window,) float32."""
    return (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


def _mel(frequency: float) -> float:
    return 1127 * math.log1p(frequency / 700)
