"""Recipes with names."""

from __future__ import annotations

from collections.abc import Mapping

from covey.components.options import Setting, build, option_values, options
from covey.sound.spectrograms import Recipe

PRESETS: Mapping[str, Recipe] = {
    "birds": Recipe(rate=24000, segment=1.0, overlap=163, noise="subtract"),
    "bats": Recipe(rate=256000, segment=0.05, window=512, overlap=464, noise="subtract"),
    "insects": Recipe(rate=48000, segment=1.0, window=512, overlap=326, noise="none"),
    "frogs": Recipe(rate=16000, segment=1.5, window=512, overlap=420, noise="subtract", scale="mel"),
    "original-2024": Recipe(),
    "original-2025": Recipe(
        segment=1.738, step=0.95, overlap=220.5, noise="subtract", scale="log", log_min=0.02, colormap="viridis"
    ),
}
"""The first four give 256 columns of what these animals are heard in: birds up to 12 kHz, bats up to 128 kHz in pieces
of 50 ms, insects up to 24 kHz with their steady song left in, frogs up to 8 kHz with more room for low calls. The
others are those of the original tools in 2024 and since July 2025."""


def change_recipe(base: Recipe, changes: Mapping[str, Setting]) -> Recipe:
    """Return a recipe with some options changed; of the others those that now make no difference have their default.

    Raises:
        CoveyError: the options do not go together, or one that is changed makes no difference beside the others.
    """
    values = {**option_values(base), **changes}
    names = [option.name for option in options(Recipe) if option.name in changes or option.counts(values)]
    return build(Recipe, {name: values[name] for name in names})
