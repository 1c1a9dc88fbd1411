"""Drawing profiles as pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from covey.analysis.profiles import Profile
from covey.components.options import Scalar

WIDTH, HEIGHT = 1200, 460
LEFT, RIGHT, TOP, BOTTOM = 80, 90, 70, 70
PAPER, INK, FAINT, SHADE = "#ffffff", "#333333", "#dddddd", "#e8eef7"
CLUSTERS, NOISE, LARGEST = "#1f5fa8", "#9a9a9a", "#d1701a"
TICKS = 9


def draw_profiles(profiles: Sequence[tuple[str, Profile]]) -> bytes:
    """Return a PNG file with a panel for each profile, one below the other.

    A panel shows, along the values of the option, the number of clusters (scale on the left), and noise and the largest
    cluster as shares of the images (scale on the right). Plateaus are shaded; a line marks the suggested value.

    Args:
        profiles: each with its title.
    """
    image = Image.new("RGB", (WIDTH, HEIGHT * max(1, len(profiles))), PAPER)
    for number, (title, profile) in enumerate(profiles):
        image.paste(_draw_panel(title, profile), (0, number * HEIGHT))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _draw_panel(title: str, profile: Profile) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((LEFT, 14), title, INK, _font(20))
    values = list(profile.values)
    count = len(values)
    for first, last in profile.plateaus:
        edges = _x(values.index(first), count), _x(values.index(last), count)
        pen.rectangle((edges[0], TOP, edges[1], HEIGHT - BOTTOM), SHADE)
    most = -4 * (-max(1, int(profile.clusters.max(initial=1))) // 4)
    _draw_grid(pen, values, most, profile.option)
    if profile.suggested is not None and profile.suggested in values:
        _draw_mark(pen, _x(values.index(profile.suggested), count), f"suggested: {profile.suggested}")
    curves = (profile.noise, NOISE), (profile.largest, LARGEST), (profile.clusters / most, CLUSTERS)
    for heights, colour in curves:
        _draw_curve(pen, heights.tolist(), colour)
    _draw_legend(pen)
    return image


def _draw_grid(pen: ImageDraw.ImageDraw, values: Sequence[Scalar], most: int, option: str) -> None:
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        pen.line((LEFT, y, WIDTH - RIGHT, y), FAINT)
        pen.text((LEFT - 10, y), f"{share * most:.0f}", CLUSTERS, _font(14), "rm")
        pen.text((WIDTH - RIGHT + 10, y), f"{share:.0%}", INK, _font(14), "lm")
    ticks: list[int] = np.unique(np.linspace(0, len(values) - 1, TICKS).round().astype(int)).tolist()
    for position in ticks:
        pen.text((_x(position, len(values)), HEIGHT - BOTTOM + 10), str(values[position]), INK, _font(14), "mt")
    pen.text((WIDTH / 2, HEIGHT - 22), option, INK, _font(16), "mm")


def _draw_mark(pen: ImageDraw.ImageDraw, x: float, text: str) -> None:
    pen.line((x, TOP, x, HEIGHT - BOTTOM), INK, 2)
    side = "r" if x > WIDTH / 2 else "l"
    pen.text((x + (-8 if side == "r" else 8), TOP + 4), text, INK, _font(14), side + "t")


def _draw_curve(pen: ImageDraw.ImageDraw, heights: Sequence[float], colour: str) -> None:
    points = [(_x(position, len(heights)), _y(height)) for position, height in enumerate(heights)]
    pen.line(points, colour, 3, joint="curve")


def _draw_legend(pen: ImageDraw.ImageDraw) -> None:
    x = float(LEFT)
    for text, colour in (("clusters", CLUSTERS), ("noise", NOISE), ("largest cluster", LARGEST)):
        pen.line((x, 54, x + 24, 54), colour, 3)
        pen.text((x + 30, 54), text, INK, _font(14), "lm")
        x += 60 + pen.textlength(text, _font(14))


def _x(position: int, count: int) -> float:
    """Return the pixel of the value at a position, of so many values."""
    return LEFT + (WIDTH - LEFT - RIGHT) * (position / (count - 1) if count > 1 else 0.5)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
