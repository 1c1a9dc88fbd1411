"""A spectrogram of what is around a clip, drawn from its recording."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from covey import CoveyError
from covey.frontend import Dataset, ImageAxes, Recipe, draw_spectrogram, evolve, parse_image_axes, read_like
from covey_dashboard.server.recording_audio import (
    UNREADABLE,
    Recordings,
    asked_recordings,
    read_around,
    recordings_address,
)
from covey_dashboard.server.thumbnails import HEADERS

WIDEST = 1600
"""Pixels of such a picture, at most."""
OVERLAP = 0.75
"""The share of its window that neighbouring ones have in common, where nothing tells the recipe."""

_PLACE = "/covey/surroundings"


def address(dataset: Dataset) -> str:
    """Return the address of a picture of what is around the clip of an image.

    Used like `recording_audio.address`, with "&around=2" for two seconds on both sides.
    """
    return recordings_address(_PLACE, dataset)


def find_recipe(recordings: Recordings, rate: int) -> Recipe:
    """Return the recipe of the images of a dataset for recordings of a rate, else one that shows all of their sound.

    It draws what it is given from start to end.
    """
    images = recordings.dataset.images
    try:
        recipe = read_like(images.root).recipe if images else None
    except CoveyError:
        recipe = None
    recipe = recipe or Recipe(rate=rate, window=window_of(rate), overlap=window_of(rate) * OVERLAP)
    return evolve(recipe, cut="whole", rate=min(rate, recipe.rate))


def window_of(rate: int) -> int:
    """Return a number of samples, a power of two, that lasts about as long as the window of covey's usual recipe."""
    usual: Recipe = Recipe()
    return max(8, 1 << round(math.log2(rate * usual.window / usual.rate)))


def draw_surroundings(recordings: Recordings, name: str, around_s: float) -> bytes | None:
    """Return a picture of a clip and what is around it as PNG; None where its recording is not there.

    Raises:
        BrokenRecording: the recording cannot be read.
        CoveyError: it is too short, or has not the channel that the recipe names.
    """
    stretch = recordings.find_stretch(name, around_s)
    if stretch is None:
        return None
    samples, rate = stretch.read()
    pixels = draw_spectrogram(samples, rate, find_recipe(recordings, rate))
    every = -(-pixels.shape[1] // WIDEST)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[:, ::every])).save(buffer, "PNG")
    return buffer.getvalue()


def axes_of(recordings: Recordings, rate: int) -> ImageAxes:
    """Return what the rows of such a picture show, for recordings of a rate."""
    return parse_image_axes(find_recipe(recordings, rate).parameters())


def _answer(request: Request) -> Response:
    recordings, name = asked_recordings(request)
    if recordings is None:
        return Response(status_code=404)
    try:
        picture = draw_surroundings(recordings, name, read_around(request))
    except UNREADABLE:
        picture = None
    return Response(picture, media_type="image/png", headers=HEADERS) if picture else Response(status_code=404)


ROUTES = (Route(_PLACE, _answer),)
