"""From sound to spectrogram images: the recipe."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Component, Floats, Pixels
from covey.components.options import Setting, component, option, option_values
from covey.data.picture_decoding import MOST_PIXELS
from covey.sound.channels import CHANNELS, channel_number
from covey.sound.colour_maps import COLOUR_MAPS, colour_table
from covey.sound.frequency_scales import SCALES, mel_weights, resample_rows, row_frequencies
from covey.sound.noise_reduction import NOISE, equalized, pcen, subtracted
from covey.sound.power_spectra import TAPERS, power

EPS = 1e-10
"""What is added to the power before its logarithm is taken."""
GRID, MIDDLE, WHOLE = CUTS = ("grid", "middle", "whole")
FLOOR, NEAREST = STARTS = ("floor", "nearest")


@component
class Recipe(Component):
    """How sound becomes images: the one place where all that is declared.

    Each segment: windows, the mean taken off each, power spectrum, Nyquist row dropped, noise taken off, log10,
    stretched from its least to its greatest value over 256 colours, high frequencies on top. The defaults give 128 x
    256 pixels, as the original tools did in 2024.

    Raises CoveyError for options that do not go together.
    """

    name = "spectrograms"
    version = 2
    requires: ClassVar = {"soundfile": "covey[audio]", "soxr": "covey[audio]"}

    rate: int = option(
        default=24000,
        title="Sampling rate",
        ge=100,
        le=1_000_000,
        help="Sampling rate in Hz that sound is converted to; images reach up to half of it. Larger values show higher"
        " frequencies.",
    )
    segment: float = option(
        default=0.394,
        title="Length of a piece",
        gt=0,
        le=60,
        step=0.01,
        help="Length of the sound in one image, in seconds. Larger values make wider images.",
    )
    step: float = option(
        default=0.8,
        title="Next piece starts after",
        gt=0,
        le=1000,
        step=0.05,
        help="From the start of one segment to the next, as a fraction of the segment. Larger values give fewer images;"
        " above 1 they leave gaps.",
    )
    window: int = option(
        default=256,
        title="Frequency detail",
        ge=8,
        le=65536,
        help="Samples in one Fourier transform. Larger values resolve frequency better and time worse.",
    )
    overlap: float = option(
        default=220,
        title="Time detail",
        ge=0,
        help="Samples that neighbouring windows share; a fraction of a sample is cut off. Larger values make wider"
        " images.",
    )
    taper: str = option(
        default="hamming",
        title="Window shape",
        choices=TAPERS,
        expert=True,
        help="The shape of the window, by its name in scipy.",
    )
    noise: str = option(
        default="equalize",
        title="Background noise",
        choices=NOISE,
        help="How stationary noise is taken off each frequency: in units of its median above its minimum (equalize), by"
        " subtracting the median of its logarithm (subtract), by its own slowly changing level (pcen), or not (none).",
    )
    colormap: str = option(
        default="viridis",
        title="Colours",
        choices=lambda recipe: COLOUR_MAPS,
        help="How power becomes colour: the name of any colormap of matplotlib, such as gray, magma or inferno_r.",
    )
    scale: str = option(
        default="linear",
        title="Frequency axis",
        choices=SCALES,
        help="The frequency axis: mel and log give low frequencies more room.",
    )
    log_min: float = option(
        default=0.02,
        title="Lowest frequency",
        ge=0.0005,
        lt=0.5,
        when={"scale": "log"},
        help="The lowest frequency, as a fraction of the rate. Larger values leave out more of the low frequencies.",
    )
    first: int = option(
        default=0,
        title="Only the first pieces",
        ge=0,
        help="Take only so many segments of each recording, the first that are not silent; 0 takes all. Larger values"
        " give more images.",
    )
    loudest: int = option(
        default=0,
        title="Only the loudest pieces",
        ge=0,
        help="Take only so many segments of each recording, the loudest; 0 takes all. Larger values give more images.",
    )
    silence: float = option(
        default=-90,
        title="Silence below",
        le=0,
        help="Leave out segments whose level (RMS) is not above this many dB of full scale. Larger values leave out"
        " more.",
    )
    channel: str = option(
        default="mean",
        title="Channel",
        help="Channel of a recording that is shown: mean, left, right, loudest, or its number (1 is the first).",
    )
    last: str = option(
        default="drop",
        title="End of a recording",
        choices=("drop", "pad"),
        help="What becomes of the end of a recording that is shorter than a segment: no image (drop), or one that is"
        " filled up with the lowest level (pad).",
    )
    band: str = option(
        default="common",
        title="Recordings of different rates",
        choices=("common", "full"),
        help="What images show where recordings differ in rate: the band that all of them have (common), or all up to"
        " half of the rate asked for, with an empty band in some (full).",
    )
    cut: str = option(
        default=GRID,
        title="Pieces",
        choices=CUTS,
        help="Which pieces become images: one after the other (grid), or one for each event in a table: a segment"
        " around its middle (middle), or the event from its start to its end (whole).",
    )
    starts: str = option(
        default=FLOOR,
        title="First sample",
        choices=STARTS,
        expert=True,
        help="At which sample a segment begins whose start lies between two: the one before (floor), or the nearest, as"
        " in images of covey's first recipe.",
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
    def hop(self) -> int:
        """Samples from the start of one window to the start of the next."""
        return self.window - int(self.overlap)

    @property
    def columns(self) -> int:
        """Width of an image of a segment; its height is half the window."""
        return self.count_columns(self.length)

    def count_columns(self, sample_count: int) -> int:
        """Return the width of an image of so many samples."""
        return (sample_count - self.window) // self.hop + 1

    def sample_at(self, start_s: float) -> int:
        """Return the sample at which a segment begins that starts so many seconds into a recording."""
        return math.floor(self.rate * start_s) if self.starts == FLOOR else round(start_s * self.rate)

    def pixels(self, samples: Floats) -> Pixels:
        """Return the image (window // 2, columns, 3) uint8 of one segment: `length` samples, mono float32.

        That of fewer samples is filled up with the lowest level; whole events have images of their own width.
        """
        colour_indices = levels(self._intensities(samples))[::-1]
        if self.cut != WHOLE and (missing := self.columns - colour_indices.shape[1]):
            colour_indices = np.pad(colour_indices, ((0, 0), (0, missing)))
        return np.take(colour_table(self.colormap), colour_indices, axis=0)

    def _intensities(self, samples: Floats) -> Floats:
        """Return what is drawn (window // 2, columns) float32, low frequencies first."""
        power_spectrum = power(samples, self.window, self.hop, self.taper)
        if self.scale == "mel":
            power_spectrum = mel_weights(self.rate, self.window) @ power_spectrum
        if self.noise == "pcen":
            intensities = pcen(np.sqrt(power_spectrum), self.hop / self.rate)
        else:
            power_spectrum = equalized(power_spectrum) if self.noise == "equalize" else power_spectrum
            intensities = np.log10(power_spectrum + np.float32(EPS))
        intensities = subtracted(intensities) if self.noise == "subtract" else intensities
        return resample_rows(intensities, self.log_min) if self.scale == "log" else intensities

    def parameters(self) -> dict[str, object]:
        """Return what the parameter file beside the images says, under the original tools' names and covey's own."""
        return {
            "sampling_frequency": self.rate,
            "segment_duration_sec": self.segment,
            "segment_step_size": self.step,
            "fft_window_size_bins": self.window,
            "fft_window_overlap_bins": self.overlap,
            "colormap": self.colormap,
            "equalize": self.noise == "equalize",
            "specsub": self.noise == "subtract",
            "log_f_min": self.log_min if self.scale == "log" else None,
            "max_segm_per_file": self.first or None,
            "eps": EPS,
            "covey": {"version": self.version, "options": option_values(self), "axes": self._axes()},
            "frequency_axis": [*self._frequencies.tolist(), *([self.rate / 2] if self.scale == "linear" else [])],
            "time_axis": self._times.tolist(),
        }

    def _axes(self) -> dict[str, Setting]:
        """Return what it takes to draw the axes of the images, frequencies in Hz and times in seconds."""
        frequencies_hz = self._frequencies
        return {
            "scale": self.scale,
            "f_min": float(frequencies_hz[0]),
            "f_max": float(frequencies_hz[-1]),
            "rate": self.rate,
            "hop": self.hop,
            "rows": len(frequencies_hz),
            "columns": None if self.cut == WHOLE else self.columns,
            "first_column": self.window / 2 / self.rate,
            "column_step": self.hop / self.rate,
        }

    @property
    def _frequencies(self) -> NDArray[np.float64]:
        return row_frequencies(self.rate, self.window, self.scale, self.log_min)

    @property
    def _times(self) -> NDArray[np.float64]:
        """The middle of each column of a segment in seconds (columns,)."""
        return np.asarray((np.arange(self.columns) * self.hop + self.window / 2) / self.rate, dtype=np.float64)

    def _problems(self) -> Iterator[str]:
        if self.colormap not in COLOUR_MAPS:
            colour_table(self.colormap)  # raises a sentence that names the nearest
        if self.channel not in CHANNELS and not channel_number(self.channel):
            yield f"The channel must be {', '.join(CHANNELS)} or a number from 1, not {self.channel!r}."
        if self.overlap >= self.window:
            yield f"An overlap of {self.overlap:g} samples needs a window longer than {self.window}."
        elif self.length < self.window:
            yield (
                f"A segment of {self.segment:g} s at {self.rate} Hz has {self.length} samples, fewer than the window of"
                f" {self.window}: take a longer segment or a shorter window."
            )
        elif self.columns * self.window // 2 > MOST_PIXELS:
            yield f"An image would have {self.columns:,} columns: take a shorter segment or less overlap."
        elif self.interval < 0.001:
            yield "Segments would start less than a millisecond apart: take a larger step."


def levels(values: Floats) -> NDArray[np.uint8]:
    """Return an array scaled to 0 to 255, uint8, from its least to its greatest value; a flat one becomes 0."""
    values = values - values.min()
    highest = values.max()
    values *= 256 / highest if highest > 0 else 0
    return np.minimum(values, 255, out=values).astype(np.uint8)
