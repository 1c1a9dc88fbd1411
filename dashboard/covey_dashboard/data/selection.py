"""Which images a person has selected: the rule is kept, so that the images follow when the clusters change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Labels
from covey.frontend import NOISE

Rows = NDArray[np.intp]


@attrs.frozen
class Selection:
    """All images, those of a cluster, with a label, in an area of the map, with a text in the name, or like others.

    `what` is the number of the cluster, the name of the class, the corners of the area, the text, or the rows.
    """

    by: Literal["all", "cluster", "label", "area", "name", "like"] = "all"
    what: Any = None

    def rows(
        self, names: Sequence[str], clusters: Labels, places: NDArray[np.float32], by_image: Mapping[str, Any]
    ) -> Rows:
        """Return the rows of the images that are selected.

        Args:
            names: the images (n,).
            clusters: the cluster of each image (n,).
            places: where each image lies on the map (n, 2).
            by_image: the classes of each image that has any.
        """
        if self.by == "cluster":
            return np.flatnonzero(clusters == self.what)
        if self.by == "area":
            return rows_inside(places, np.array(self.what))
        if self.by == "like":
            return np.array(self.what, dtype=np.intp)
        if self.by == "label":
            return _rows(self.what in by_image.get(name, ()) for name in names)
        if self.by == "name":
            return _rows(self.what.casefold() in name.casefold() for name in names)
        return np.arange(len(names))

    @property
    def title(self) -> str:
        """What is selected, in words."""
        if self.by == "cluster":
            return "Noise" if self.what == NOISE else f"Cluster {self.what}"
        titles = {"all": "All images", "area": "The encircled area", "like": "More like these"}
        return titles.get(self.by) or (f"Label {self.what}" if self.by == "label" else f"Names with {self.what!r}")


def _rows(selected: Iterable[bool]) -> Rows:
    return np.flatnonzero(np.fromiter(selected, dtype=bool))


def rows_inside(places: NDArray[np.float32], area: NDArray[np.float64]) -> Rows:
    """Return the rows of the places (n, 2) within a polygon (m, 2), by the even-odd rule."""
    near = np.flatnonzero(((places >= area.min(axis=0)) & (places <= area.max(axis=0))).all(axis=1))
    x, y = places[near].T.astype(np.float64)
    within = np.zeros(len(near), dtype=bool)
    for (x0, y0), (x1, y1) in zip(area, np.roll(area, -1, axis=0), strict=True):
        if y0 != y1:
            within ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return near[within]


def read_pick(pick: object, clusters: Labels) -> Selection:
    """Return what a person picked on the map: an area, the cluster of a point, or, beside all points, everything.

    Args:
        pick: what the browser sends: {"row": row}, row -1 for no point, or {"area": [[x, y], ...]}.
        clusters: the cluster of each image (n,).
    """
    area = pick.get("area") if isinstance(pick, dict) else None
    if area:
        return Selection("area", tuple((float(x), float(y)) for x, y in area))
    row = int(pick.get("row", -1)) if isinstance(pick, dict) else -1
    return Selection("cluster", int(clusters[row])) if 0 <= row < len(clusters) else Selection()
