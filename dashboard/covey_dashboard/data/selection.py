"""What a person has selected: how it was said is kept, so that the images follow when the clusters change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.frontend import NOISE
from covey_dashboard.widgets import map_view as map

Rows = NDArray[np.intp]


@attrs.frozen
class Selection:
    """All images, those of a cluster, with a label, in an area of the map, with a text in the name, or like others."""

    by: Literal["all", "cluster", "label", "area", "name", "like"] = "all"
    what: Any = None

    def rows(
        self,
        names: Sequence[str],
        clusters: NDArray[np.int32],
        places: NDArray[np.float32],
        by_image: Mapping[str, Any],
    ) -> Rows:
        """Return the rows of the images that are selected."""
        if self.by == "cluster":
            return np.flatnonzero(clusters == self.what)
        if self.by == "area":
            return map.inside(places, np.array(self.what))
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


def _rows(chosen: Any) -> Rows:
    return np.flatnonzero(np.fromiter(chosen, dtype=bool))


def picked(what: Any, clusters: NDArray[np.int32]) -> Selection:
    """Return what a person picked on the map: an area, the cluster of a point, or, beside all points, everything."""
    area = what.get("area") if isinstance(what, dict) else None
    if area:
        return Selection("area", tuple((float(x), float(y)) for x, y in area))
    row = int(what.get("row", -1)) if isinstance(what, dict) else -1
    return Selection("cluster", int(clusters[row])) if 0 <= row < len(clusters) else Selection()
