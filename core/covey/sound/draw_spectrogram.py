"""One spectrogram from sound in memory, as a preview of a recipe."""

from __future__ import annotations

import numpy as np

from covey._base.errors import CoveyError
from covey.components.contracts import Floats, Pixels
from covey.components.options import evolve
from covey.sound.channels import Mixer, channel_number, loudest_channel
from covey.sound.spectrograms import WHOLE, Recipe


def draw_spectrogram(sound: Floats, rate: int, recipe: Recipe) -> Pixels:
    """Return the image (rows, columns, 3) uint8 that a recipe makes of the beginning of some sound; no file is written.

    Args:
        sound: (n, channels) float32, 1.0 being full scale, as `read_stretch` returns it.
        rate: its sampling rate in Hz. Where it is below the recipe's, the image reaches up to half of it.
        recipe: how sound becomes images.

    Raises:
        CoveyError: the sound is shorter than a segment, or has not the channel.
    """
    import soxr

    recipe = evolve(recipe, rate=min(rate, recipe.rate))
    number = channel_number(recipe.channel) or (loudest_channel([sound]) if recipe.channel == "loudest" else None)
    if (number or 1) > sound.shape[1]:
        raise CoveyError(f"The sound has no channel {recipe.channel}: channels {sound.shape[1]}.")
    mono = Mixer(number).mix(sound)
    samples = soxr.resample(mono, rate, recipe.rate, quality="HQ") if rate != recipe.rate else mono
    shortest = recipe.window if recipe.cut == WHOLE or recipe.last == "pad" else recipe.length
    if len(samples) < shortest:
        raise CoveyError(f"{len(sound) / rate:g} s of sound are shorter than a segment of {recipe.segment:g} s.")
    with np.errstate(all="ignore"):
        return recipe.pixels(samples if recipe.cut == WHOLE else samples[: recipe.length])
