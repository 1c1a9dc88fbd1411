"""The map: every image a point that a person can hover, click and encircle."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey.frontend import GREY, NOISE, PALETTE
from covey_dashboard.browser.binary_payload import packed
from covey_dashboard.browser.browser_component import component
from covey_dashboard.data.image_labels import ImageLabels

HEIGHT = 480
HIDDEN, FADED, PALE, FULL = range(4)
"""How an image is drawn: the values of `states`."""
_NAMED = 60
"""Groups that are named where they lie."""
_LISTED = 10
"""Groups in the legend."""
_TICKS = 5
"""Steps of a scale in the legend."""

_component = component("map")


@attrs.frozen(kw_only=True, eq=False)
class Colouring:
    """What the colours say: the group of each image as `codes` (n,) int32, -1 for none, and what each is called."""

    title: str
    codes: NDArray[np.int32]
    names: Mapping[int, str] | Sequence[str]
    palette: Sequence[str] = (GREY, *PALETTE)
    named: bool = True
    """Whether the names of groups stand where these lie."""
    ordered: bool = False
    """Whether the groups are steps of a scale."""
    listed: bool = True
    """Whether the largest groups are in the legend."""
    more: bool = False
    """Whether the groups say more than cluster, label and recording, which are told under the pointer anyhow."""


def points(
    identity: str,
    names: Sequence[str],
    places: NDArray[np.float32],
    sources: NDArray[np.int32],
    recordings: Sequence[str],
) -> bytes:
    """Return the images of a map (n, 2) as `send` takes them, the recording of each as a number, -1 for none."""
    fields = {"id": identity, "names": list(names), "recordings": list(recordings)}
    return packed(fields, places=places.astype(np.float32), sources=sources)


def send(payload: bytes, key: str = "map") -> None:
    """Give the browser the points of a map; what `show` then says of them is little."""
    with st.container(key=f"points_{key}"):
        _component(key=f"{key}_points", data=payload)


def show(
    identity: str,
    places: NDArray[np.float32],
    colouring: Colouring,
    clusters: NDArray[np.int32],
    image_labels: ImageLabels,
    states: NDArray[np.uint8],
    address: str,
    picked: Callable[[Any], None],
    *,
    title: str = "",
    key: str = "map",
) -> None:
    """Show the map.

    Args:
        identity: which points, as `points` was told.
        places: where each image lies (n, 2).
        colouring: the groups that have colours.
        clusters: the cluster of each image (n,), told of the one under the pointer.
        image_labels: the labels, told of it too.
        states: how each image is drawn (n,).
        address: what comes before an image's name in the address of its thumbnail; "" for no thumbnails.
        picked: told of what a person picks: {"row": row}, row -1 for none, or {"area": [[x, y], ...]}.
        title: what stands above it; "" for what the colours say and what can be done.
        key: which map of the page, as `send` was told.
    """
    sizes = _sizes(colouring.codes)
    fields = {
        "points": identity,
        "height": HEIGHT,
        "title": title or f"By {colouring.title}: click a point for its cluster, drag with Shift for an area",
        "palette": list(colouring.palette),
        "values": list(colouring.names) if colouring.more else [],
        "column": colouring.title if colouring.more else "",
        "kinds": image_labels.told,
        "address": address,
        "marks": _marks(places, colouring, sizes),
        **_legend(colouring, sizes),
    }
    payload = packed(fields, clusters=clusters, codes=colouring.codes, classes=image_labels.codes, states=states)
    _component(key=key, data=payload, on_picked_change=lambda: picked(st.session_state[key]["picked"]))


def inside(places: NDArray[np.float32], area: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rows of the places (n, 2) within a polygon (m, 2), by the even-odd rule."""
    near = np.flatnonzero(((places >= area.min(axis=0)) & (places <= area.max(axis=0))).all(axis=1))
    x, y = places[near].T.astype(np.float64)
    within = np.zeros(len(near), dtype=bool)
    for (x0, y0), (x1, y1) in zip(area, np.roll(area, -1, axis=0), strict=True):
        if y0 != y1:
            within ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return near[within]


def _sizes(codes: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Return the groups and their sizes, the largest first."""
    groups, counts = np.unique(codes[codes != NOISE], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return list(zip(groups[order].tolist(), counts[order].tolist(), strict=True))


def _legend(colouring: Colouring, sizes: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the largest groups with their sizes, or some steps of a scale."""
    if not colouring.listed:
        return {"legend": [], "more": ""}
    if colouring.ordered:
        steps = np.linspace(0, len(colouring.names) - 1, _TICKS).astype(int).tolist() if sizes else []
        return {"legend": [{"name": colouring.names[step], "code": step, "count": ""} for step in steps], "more": ""}
    listed = [{"name": colouring.names[code], "code": code, "count": f"{size:,}"} for code, size in sizes[:_LISTED]]
    return {"legend": listed, "more": f"and {len(sizes) - _LISTED:,} more" if len(sizes) > _LISTED else ""}


def _marks(places: NDArray[np.float32], colouring: Colouring, sizes: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Return the names of the largest groups with the place of the image in the middle of each."""
    if not colouring.named or colouring.ordered:
        return []
    order = np.argsort(colouring.codes, kind="stable")
    ends = np.searchsorted(colouring.codes[order], [[code, code + 1] for code, _ in sizes[:_NAMED]])
    marks = []
    for (code, _), (first, last) in zip(sizes, ends.reshape(-1, 2), strict=False):
        inside = places[order[first:last]]
        x, y = inside[np.abs(inside - np.median(inside, axis=0)).sum(axis=1).argmin()].tolist()
        if math.isfinite(x + y):
            marks.append({"name": colouring.names[code], "x": x, "y": y})
    return marks
