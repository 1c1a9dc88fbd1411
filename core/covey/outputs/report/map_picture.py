"""A picture of the map: every image a point, coloured by its cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from covey.components.contracts import Floats, Labels
from covey.data.cluster_colours import cluster_colour
from covey.data.tables import NOISE

WIDTH, HEIGHT = 1000, 700
FINER = 2
"""The picture is drawn so many times larger, and then made smaller, so that points are round."""
OUTLIERS = 0.5
"""Percent at each end of an axis that may lie outside."""
MOST_NUMBERS = 60
"""Clusters, the largest first, whose numbers are written."""


def draw(places: Floats, labels: Labels) -> Image.Image:
    """Return the map as a picture that is transparent where nothing lies.

    Args:
        places: where each image lies, (n, 2) float32.
        labels: the cluster of each image, (n,) int32; -1, noise, is grey.
    """
    image = Image.new("RGBA", (WIDTH * FINER, HEIGHT * FINER))
    pen = ImageDraw.Draw(image)
    spots = _spots(places)
    radius = FINER * float(np.clip(60 / np.sqrt(max(len(labels), 1)) + 1, 1.5, 4))
    for row in np.argsort(labels != NOISE, kind="stable").tolist():
        x, y = spots[row].tolist()
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), cluster_colour(int(labels[row])))
    for cluster in _largest(labels):
        _write(pen, spots[labels == cluster], cluster)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _spots(places: Floats) -> NDArray[np.float64]:
    """Return where the points are drawn, (n, 2), the axes to one scale."""
    if not len(places):
        return np.empty((0, 2))
    low, high = np.percentile(places, [OUTLIERS, 100 - OUTLIERS], axis=0)
    size = np.array([WIDTH, HEIGHT]) * FINER
    scale = 0.9 * (size / np.maximum(high - low, 1e-9)).min()
    spots = (places - (low + high) / 2) * scale * [1, -1] + size / 2
    return np.asarray(np.clip(spots, 0, size), dtype=np.float64)


def _largest(labels: Labels) -> list[int]:
    clusters, counts = np.unique(labels[labels != NOISE], return_counts=True)
    largest: list[int] = clusters[np.argsort(-counts, kind="stable")][:MOST_NUMBERS].tolist()
    return largest


def _write(pen: ImageDraw.ImageDraw, spots: NDArray[np.float64], cluster: int) -> None:
    """Write the number of a cluster above its points."""
    font, edge = ImageFont.load_default(13 * FINER), 3 * FINER
    spot = float(np.median(spots[:, 0])), float(np.percentile(spots[:, 1], 5)) - 12 * FINER
    edge_left, top, right, bottom = pen.textbbox(spot, str(cluster), font, "mm")
    pen.rounded_rectangle((edge_left - edge, top - edge, right + edge, bottom + edge), edge, "#202020c0")
    pen.text(spot, str(cluster), "#ffffff", font, "mm")
