"""The band of frequencies that recordings of different sampling rates share."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import attrs

from covey._base.progress import SILENT, Progress
from covey.components.options import build, option_values
from covey.sound.recordings import Recording
from covey.sound.spectrograms import Recipe

NARROWEST = 0.5
"""The least share of the band of frequencies that a recording of a low rate may leave to all others."""
_OWN_DATASET = "put it into a dataset of its own"
_REMEDY = f"{_OWN_DATASET}, or set band to full"
WIDE = 2
"""A recording whose rate is more than so many times the recipe's holds sound that people may miss: bats, say."""


def choose_band(
    recordings: Sequence[Recording], recipe: Recipe, earlier: Recipe | None, progress: Progress = SILENT
) -> tuple[list[Recording], Recipe]:
    """Return recordings, some of them with a new problem, and the recipe with the band that the others share.

    Args:
        recordings: all that were found.
        recipe: what the user asks for.
        earlier: the recipe of images that are there already. Where it differs only in the band, it is continued, and
            recordings that have another band are left out.
        progress: shows notes.
    """
    if earlier and _continues(recipe, earlier):
        return [_check_against_images(recording, recipe, earlier) for recording in recordings], earlier
    recordings = _with_band(recordings, recipe)
    usable = [recording for recording in recordings if not recording.problem]
    return recordings, in_common_band(recipe, usable, progress) if usable else recipe


def in_common_band(recipe: Recipe, usable: Sequence[Recording], progress: Progress = SILENT) -> Recipe:
    """Return the recipe with a rate and band in which recordings of different rates look alike.

    A recording has no sound above half of its own rate, and fades below that when its rate is converted. So the rate is
    lowered to the lowest among the recordings, and in the band "common" all pass the same filter. Where all have the
    recipe's rate no filter is needed: the band is then "full".
    """
    lowest, highest = min(usable, key=attrgetter("rate")), max(usable, key=attrgetter("rate"))
    if highest.rate > WIDE * recipe.rate:
        progress.note(
            f"Sound above {recipe.rate / 2:g} Hz is not shown; {highest.name} has some up to {highest.rate / 2:g} Hz:"
            f" a rate of {highest.rate} shows it."
        )
    if recipe.band == "full" or lowest.rate == highest.rate == recipe.rate:
        return build(Recipe, {**option_values(recipe), "band": "full"})
    if lowest.rate != highest.rate or lowest.rate < recipe.rate:
        recipe = build(Recipe, {**option_values(recipe), "rate": min(recipe.rate, lowest.rate)})
        progress.note(_describe_band(lowest, highest, recipe.rate))
    return recipe


def _describe_band(lowest: Recording, highest: Recording, rate: int) -> str:
    if lowest.rate == highest.rate:
        return f"All recordings have a rate of {lowest.rate} Hz, so that the images show 0 to {rate / 2:g} Hz."
    sentences = [
        f"The recordings have rates from {lowest.rate} Hz ({lowest.name}) to {highest.rate} Hz ({highest.name}).",
        f"All images show the band that each of them has, 0 to {rate / 2:g} Hz.",
    ]
    if rate == lowest.rate:
        sentences.append(f"For more, put {lowest.name} into a dataset of its own, or set band to full.")
    return " ".join(sentences)


def _continues(recipe: Recipe, earlier: Recipe) -> bool:
    """Say whether a recipe gives images like those of an earlier one if it takes its band."""
    settings, earlier_settings = option_values(recipe), option_values(earlier)
    if recipe.band == "full" or earlier.rate > recipe.rate:
        return settings == earlier_settings
    return {**settings, "rate": earlier.rate, "band": earlier.band} == earlier_settings


def _check_against_images(recording: Recording, recipe: Recipe, earlier: Recipe) -> Recording:
    """Return a recording, with a problem if its images would differ from the earlier ones by its rate."""
    if recording.problem or recipe.band == "full":
        return recording
    if recording.rate == earlier.rate or (earlier.band == "common" and recording.rate > earlier.rate):
        return recording
    effect = f"its rate is {recording.rate} Hz, and the images that are there show sound of {earlier.rate} Hz"
    return attrs.evolve(recording, rate=0, problem=f"{effect}: {_REMEDY if earlier.band == 'full' else _OWN_DATASET}")


def _with_band(recordings: Sequence[Recording], recipe: Recipe) -> list[Recording]:
    """Return recordings, with a problem for those whose low rate would cost all others most of their band."""
    rates = [min(recording.rate, recipe.rate) for recording in recordings if not recording.problem]
    least = max(rates, default=0) * NARROWEST
    return [_checked_band(recording, least) if recipe.band == "common" else recording for recording in recordings]


def _checked_band(recording: Recording, least: float) -> Recording:
    if recording.problem or recording.rate >= least:
        return recording
    effect = f"at its rate of {recording.rate} Hz all images would end at {recording.rate / 2:g} Hz"
    return attrs.evolve(recording, rate=0, problem=f"{effect}: {_REMEDY}")
