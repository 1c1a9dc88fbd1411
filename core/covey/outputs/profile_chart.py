"""Pictures of profiles."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from covey.analysis.profiles import Profile

WIDTH, HEIGHT = 1200, 460
LEFT, RIGHT, TOP, BOTTOM = 80, 90, 70, 70
PAPER, INK, FAINT, SHADE = "#ffffff", "#333333", "#dddddd", "#e8eef7"
CLUSTERS, NOISE, LARGEST = "#1f5fa8", "#9a9a9a", "#d1701a"
TICKS = 9


def chart(profiles: Sequence[tuple[str, Profile]]) -> bytes:
    """Return profiles, each with its title, one below the other as a PNG file.

    Along the values of the option: the number of clusters (scale on the left), noise and the largest cluster as shares
    of the images (scale on the right). Plateaus are shaded, the suggested value is a line.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT * max(1, len(profiles))), PAPER)
    for number, (title, profile) in enumerate(profiles):
        image.paste(_panel(title, profile), (0, number * HEIGHT))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _panel(title: str, profile: Profile) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((LEFT, 14), title, INK, _font(20))
    values = list(profile.values)
    for first, last in profile.plateaus:
        pen.rectangle((_x(values.index(first), values), TOP, _x(values.index(last), values), HEIGHT - BOTTOM), SHADE)
    most = -4 * (-max(1, int(profile.clusters.max(initial=1))) // 4)
    _grid(pen, values, most, profile.option)
    if profile.suggested in values:
        _mark(pen, _x(values.index(profile.suggested), values), f"suggested: {profile.suggested}")
    curves = (profile.noise, NOISE), (profile.largest, LARGEST), (profile.clusters / most, CLUSTERS)
    for heights, colour in curves:
        _line(pen, heights, colour)
    _legend(pen)
    return image


def _grid(pen: ImageDraw.ImageDraw, values: Sequence[Any], most: int, option: str) -> None:
    for share in np.linspace(0, 1, 5):
        y = _y(share)
        pen.line((LEFT, y, WIDTH - RIGHT, y), FAINT)
        pen.text((LEFT - 10, y), f"{share * most:.0f}", CLUSTERS, _font(14), "rm")
        pen.text((WIDTH - RIGHT + 10, y), f"{share:.0%}", INK, _font(14), "lm")
    for place in np.unique(np.linspace(0, len(values) - 1, TICKS).round().astype(int)).tolist():
        pen.text((_x(place, values), HEIGHT - BOTTOM + 10), str(values[place]), INK, _font(14), "mt")
    pen.text((WIDTH / 2, HEIGHT - 22), option, INK, _font(16), "mm")


def _mark(pen: ImageDraw.ImageDraw, x: float, text: str) -> None:
    pen.line((x, TOP, x, HEIGHT - BOTTOM), INK, 2)
    side = "r" if x > WIDTH / 2 else "l"
    pen.text((x + (-8 if side == "r" else 8), TOP + 4), text, INK, _font(14), side + "t")


def _line(pen: ImageDraw.ImageDraw, heights: NDArray[np.float64], colour: str) -> None:
    points = [(_x(place, heights), _y(height)) for place, height in enumerate(heights.tolist())]
    pen.line(points, colour, 3, joint="curve")


def _legend(pen: ImageDraw.ImageDraw) -> None:
    x = float(LEFT)
    for text, colour in (("clusters", CLUSTERS), ("noise", NOISE), ("largest cluster", LARGEST)):
        pen.line((x, 54, x + 24, 54), colour, 3)
        pen.text((x + 30, 54), text, INK, _font(14), "lm")
        x += 60 + pen.textlength(text, _font(14))


def _x(place: int, values: Sequence[Any] | NDArray[np.float64]) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (place / (len(values) - 1) if len(values) > 1 else 0.5)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
