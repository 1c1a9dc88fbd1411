"""The map: every image a point that a person can hover, click and encircle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from covey import Labels
from covey.frontend import NOISE, NearestGroups
from covey_dashboard.browser.binary_payload import pack_payload
from covey_dashboard.browser.browser_component import component
from covey_dashboard.data.labels import ImageLabels
from covey_dashboard.state import MapState
from covey_dashboard.widgets.colouring import Colouring
from covey_dashboard.widgets.image_addresses import ImageAddresses

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


def pack_points(
    identity: str,
    names: Sequence[str],
    places: NDArray[np.float32],
    recording_codes: Labels,
    recordings: Sequence[str],
) -> bytes:
    """Return the points of a map as `send_points` takes them.

    Args:
        identity: tells these points from all others.
        names: the images (n,).
        places: where each image lies (n, 2).
        recording_codes: the recording of each image as a number (n,), -1 if unknown.
        recordings: the name of each recording.
    """
    fields = {"id": identity, "names": list(names), "recordings": list(recordings)}
    return pack_payload(fields, places=places.astype(np.float32), sources=recording_codes)


def send_points(payload: bytes, key: str = "map") -> None:
    """Give the browser the points of a map, so that `show_map` has little to send each time."""
    state = MapState(key)
    with st.container(key=state.container_key):
        _component(key=state.points_key, data=payload)


def show_map(
    identity: str,
    places: NDArray[np.float32],
    colouring: Colouring,
    clusters: Labels,
    image_labels: ImageLabels,
    states: NDArray[np.uint8],
    addresses: ImageAddresses,
    on_pick: Callable[[object], None],
    *,
    title: str = "",
    key: str = "map",
    nearest: NearestGroups | None = None,
) -> None:
    """Show a map whose points were sent.

    Args:
        identity: which points, as in `pack_points`.
        places: where each image lies (n, 2).
        colouring: the groups that have colours.
        clusters: the cluster of each image (n,), for the tooltip.
        image_labels: the labels, for the tooltip.
        states: how each image is drawn (n,).
        addresses: where pictures and sound of the images are, for the tooltip.
        on_pick: called with what a person picks: {"row": row}, row -1 for none, or {"area": [[x, y], ...]}.
        title: what stands above it; "" for what the colours say and what can be done.
        key: which map of the page, as in `send_points`.
        nearest: the groups that noise may belong to, for the tooltip.
    """
    sizes_by_group = _count_by_group(colouring.codes)
    fields = {
        "points": identity,
        "height": HEIGHT,
        "title": title or f"By {colouring.title}: click a point for its cluster, drag with Shift for an area",
        "palette": list(colouring.palette),
        "values": list(colouring.names) if colouring.in_tooltip else [],
        "column": colouring.title if colouring.in_tooltip else "",
        "kinds": image_labels.combination_titles,
        "address": addresses.pictures,
        **addresses.as_fields(),
        "marks": _place_group_names(places, colouring, sizes_by_group),
        **_build_legend(colouring, sizes_by_group),
    }
    arrays: dict[str, NDArray[Any]] = {"clusters": clusters, "codes": colouring.codes, "classes": image_labels.codes}
    if nearest:
        arrays |= {"maybe": nearest.clusters, "confidence": nearest.confidence}
    payload = pack_payload(fields, states=states, **arrays)
    _component(key=key, data=payload, on_picked_change=lambda: on_pick(MapState(key).read_pick()))


def _count_by_group(codes: Labels) -> list[tuple[int, int]]:
    """Return the groups and their sizes, the largest first."""
    groups, counts = np.unique(codes[codes != NOISE], return_counts=True)
    by_size = np.argsort(-counts, kind="stable")
    return list(zip(groups[by_size].tolist(), counts[by_size].tolist(), strict=True))


def _build_legend(colouring: Colouring, sizes_by_group: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the largest groups with their sizes, or some steps of a scale."""
    if not colouring.has_legend:
        return {"legend": [], "more": ""}
    if colouring.is_scale:
        steps = np.linspace(0, len(colouring.names) - 1, _TICKS).astype(int).tolist() if sizes_by_group else []
        return {"legend": [{"name": colouring.names[step], "code": step, "count": ""} for step in steps], "more": ""}
    legend_entries = [
        {"name": colouring.names[code], "code": code, "count": f"{size:,}"} for code, size in sizes_by_group[:_LISTED]
    ]
    return {
        "legend": legend_entries,
        "more": f"and {len(sizes_by_group) - _LISTED:,} more" if len(sizes_by_group) > _LISTED else "",
    }


def _place_group_names(
    places: NDArray[np.float32], colouring: Colouring, sizes_by_group: list[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Return the names of the largest groups with the place of the image in the middle of each."""
    if not colouring.is_named or colouring.is_scale:
        return []
    rows_by_group = np.argsort(colouring.codes, kind="stable")
    group_bounds = np.searchsorted(
        colouring.codes[rows_by_group], [[code, code + 1] for code, _ in sizes_by_group[:_NAMED]]
    )
    marks = []
    for (code, _), (start, end) in zip(sizes_by_group, group_bounds.reshape(-1, 2), strict=False):
        places_of_group = places[rows_by_group[start:end]]
        x, y = places_of_group[
            np.abs(places_of_group - np.median(places_of_group, axis=0)).sum(axis=1).argmin()
        ].tolist()
        if math.isfinite(x + y):
            marks.append({"name": colouring.names[code], "x": x, "y": y})
    return marks
