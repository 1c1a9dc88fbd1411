"""What rows and columns of images show, where the images are as high as their recipe says."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from PIL import Image

from covey.frontend import BrokenImage, ImageAxes, ImageFolder, read_image_axes

_UNREADABLE = (OSError, ValueError, SyntaxError, BrokenImage, Image.DecompressionBombError)
_SAMPLES = 20
"""Images of which the first that can be read shows how high all are."""


def find_axes(folder: ImageFolder | None, names: Sequence[str]) -> ImageAxes:
    """Return what rows and columns of some images show; no frequencies where nothing tells them, but why."""
    if folder is None:
        return ImageAxes(problem="the images are not here")
    axes = read_image_axes(folder.root)
    height = _measure_height(folder, names)
    if axes.scale and height and height != axes.rows:
        problem = f"the images are {height} pixels high, where those of their recipe are {axes.rows}"
        return attrs.evolve(axes, scale="", rows=0, column_step_s=0.0, problem=problem)
    return axes


def _measure_height(folder: ImageFolder, names: Sequence[str]) -> int:
    """Return the height of the first image that can be read, 0 if none can."""
    for name in names[:_SAMPLES]:
        try:
            with Image.open(folder.path(name)) as image:
                return image.height
        except _UNREADABLE:
            continue
    return 0
