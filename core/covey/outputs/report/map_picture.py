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
"""Factor by which the picture is drawn larger and then reduced, so that points are round."""
OUTLIERS = 0.5
"""Percent of the points at each end of an axis that may lie outside the picture."""
MOST_NUMBERS = 60
"""Largest clusters whose numbers are written on the picture."""


def draw_map_picture(places: Floats, labels: Labels) -> Image.Image:
    """Draw the map on a transparent picture (RGBA).

    Args:
        places: the position of each image, (n, 2) float32.
        labels: the cluster of each image, (n,) int32; -1, noise, is grey.
    """
    image = Image.new("RGBA", (WIDTH * FINER, HEIGHT * FINER))
    pen = ImageDraw.Draw(image)
    spots = _scale_places(places)
    radius = FINER * float(np.clip(60 / np.sqrt(max(len(labels), 1)) + 1, 1.5, 4))
    inside: NDArray[np.bool_] = labels != NOISE
    order: NDArray[np.intp] = np.argsort(inside, kind="stable")  # noise below the clusters
    coordinates: list[tuple[float, float]] = spots[order].tolist()
    clusters: list[int] = labels[order].tolist()
    for (x, y), cluster in zip(coordinates, clusters, strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), cluster_colour(cluster))
    for cluster in _largest_clusters(labels[inside]):
        _write_number(pen, spots[labels == cluster], cluster)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def _scale_places(places: Floats) -> NDArray[np.float64]:
    """Return the pixel of each point, (n, 2), with the same scale on both axes."""
    if not len(places):
        return np.empty((0, 2))
    low: NDArray[np.float64] = np.percentile(places, OUTLIERS, axis=0)
    high: NDArray[np.float64] = np.percentile(places, 100 - OUTLIERS, axis=0)
    size: NDArray[np.float64] = np.array([WIDTH * FINER, HEIGHT * FINER], dtype=np.float64)
    scale = 0.9 * float((size / np.maximum(high - low, 1e-9)).min())
    spots: NDArray[np.float64] = (places - (low + high) / 2) * scale * np.array([1, -1]) + size / 2
    return np.clip(spots, 0, size)


def _largest_clusters(labels: Labels) -> list[int]:
    clusters, counts = np.unique(labels, return_counts=True)
    largest: list[int] = clusters[np.argsort(-counts, kind="stable")][:MOST_NUMBERS].tolist()
    return largest


def _write_number(pen: ImageDraw.ImageDraw, spots: NDArray[np.float64], cluster: int) -> None:
    """Write the number of a cluster above its points."""
    font, edge = ImageFont.load_default(13 * FINER), 3 * FINER
    spot = float(np.median(spots[:, 0])), float(np.percentile(spots[:, 1], 5)) - 12 * FINER
    left_edge, top, right, bottom = pen.textbbox(spot, str(cluster), font, "mm")
    pen.rounded_rectangle((left_edge - edge, top - edge, right + edge, bottom + edge), edge, "#202020c0")
    pen.text(spot, str(cluster), "#ffffff", font, "mm")
