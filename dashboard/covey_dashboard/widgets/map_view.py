"""The map: every image a point that a person can hover, click and encircle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
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

HEIGHT = 300
"""Pixels of the map's height at least: it reaches to the lower end of the window."""
HIDDEN, FADED, PALE, FULL = range(4)
"""How an image is drawn: the values of `states`."""
_NAMED = 60
"""Groups that are named where they lie."""
_PICTURED = 300
"""Groups in the legend that have an example picture: the largest."""
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


@attrs.frozen(kw_only=True, eq=False)
class MapLook:
    """What is said beside a map, and how it is drawn.

    Attributes:
        title: what stands above it; "" for what the colours say.
        stale: what is being computed while the map shows what was before; "" for nothing.
        hidden: the numbers of hidden groups.
        selected: the number of the selected group; None for none.
        density: whether lines show where images are dense.
        file: what the names of its pictures begin with.
        link: maps with the same one move together; "" for a map that moves alone.
        space: what the places are places in. Linked maps of one space show the same part of it, others the images that
            are in view on the map that a person moves.
        nearest: the groups that noise may belong to, for the tooltip.
    """

    title: str = ""
    stale: str = ""
    hidden: frozenset[int] = frozenset()
    selected: int | None = None
    density: bool = False
    file: str = "map"
    link: str = ""
    space: str = ""
    nearest: NearestGroups | None = None


def show_map(
    identity: str,
    places: NDArray[np.float32],
    colouring: Colouring,
    clusters: Labels,
    image_labels: ImageLabels,
    states: NDArray[np.uint8],
    addresses: ImageAddresses,
    on_pick: Callable[[object], None],
    look: MapLook | None = None,
    *,
    key: str = "map",
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
        on_pick: called with what a person picks: {"row": row}, row -1 for none, {"area": [[x, y], ...]},
            {"group": number} or {"hidden": [number, ...]}.
        look: what is said beside it, and how it is drawn.
        key: which map of the page, as in `send_points`.
    """
    look, sizes_by_group = look or MapLook(), _count_by_group(colouring.codes)
    marks = _find_middles(places, colouring, sizes_by_group)
    fields = {
        "points": identity,
        "link": look.link,
        "space": look.space,
        "height": HEIGHT,
        "title": look.title or f"Colours: {colouring.title}",
        "stale": look.stale,
        "hidden": sorted(look.hidden),
        "selected": look.selected,
        "density": look.density,
        "file": look.file,
        "palette": list(colouring.palette),
        "values": list(colouring.names) if colouring.in_tooltip else [],
        "column": colouring.title if colouring.in_tooltip else "",
        "kinds": image_labels.combination_titles,
        "address": addresses.pictures,
        **addresses.as_fields(),
        "marks": _name_marks(places, colouring, marks),
        **_build_legend(colouring, sizes_by_group, marks, image_labels),
    }
    arrays: dict[str, NDArray[Any]] = {"clusters": clusters, "codes": colouring.codes, "classes": image_labels.codes}
    if colouring.slots is not None:
        slots = np.zeros(max(colouring.slots, default=-1) + 1, dtype=np.uint8)
        slots[list(colouring.slots)] = list(colouring.slots.values())
        arrays["slots"] = slots
    if nearest := look.nearest:
        arrays |= {"maybe": nearest.clusters, "confidence": nearest.confidence}
    payload = pack_payload(fields, states=states, **arrays)
    _component(key=key, data=payload, on_picked_change=lambda: on_pick(MapState(key).read_pick()))


def _count_by_group(codes: Labels) -> list[tuple[int, int]]:
    """Return the groups and their sizes, the largest first."""
    groups, counts = np.unique(codes[codes != NOISE], return_counts=True)
    by_size = np.argsort(-counts, kind="stable")
    return list(zip(groups[by_size].tolist(), counts[by_size].tolist(), strict=True))


def _find_classes(codes: Labels, sizes_by_group: list[tuple[int, int]], image_labels: ImageLabels) -> dict[int, str]:
    """Return the classes of groups: those that more than half of the images of a group have."""
    is_labelled = (codes != NOISE) & (image_labels.codes >= 0)
    titles, size_by_group = image_labels.combination_titles, dict(sizes_by_group)
    pairs, counts = np.unique(
        codes[is_labelled].astype(np.int64) * len(titles) + image_labels.codes[is_labelled], return_counts=True
    )
    return {
        pair // len(titles): titles[pair % len(titles)]
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True)
        if 2 * count > size_by_group[pair // len(titles)]
    }


def _build_legend(
    colouring: Colouring, sizes_by_group: list[tuple[int, int]], middles: dict[int, int], image_labels: ImageLabels
) -> dict[str, Any]:
    """Return all groups with their sizes, classes and an example, the largest first, or some steps of a scale."""
    if not colouring.has_legend:
        return {"legend": [], "noun": ""}
    if colouring.is_scale:
        steps = np.linspace(0, len(colouring.names) - 1, _TICKS).astype(int).tolist() if sizes_by_group else []
        names = colouring.names
        no_images = {"count": 0, "row": -1, "label": ""}
        return {"legend": [{"name": names[step], "code": step, **no_images} for step in steps], "noun": ""}
    is_group = colouring.title == "group"
    class_by_group = _find_classes(colouring.codes, sizes_by_group, image_labels) if is_group else {}
    legend_entries = [
        {
            "name": colouring.names[code],
            "code": code,
            "count": size,
            "row": middles.get(code, -1),
            "label": class_by_group.get(code, ""),
        }
        for code, size in sizes_by_group
    ]
    if rest := len(colouring.codes) - sum(size for _, size in sizes_by_group):
        name = "left out (noise)" if is_group else "none"
        legend_entries.append({"name": name, "code": NOISE, "count": rest, "row": -1, "label": ""})
    return {"legend": legend_entries, "noun": colouring.title}


def _find_middles(
    places: NDArray[np.float32], colouring: Colouring, sizes_by_group: list[tuple[int, int]]
) -> dict[int, int]:
    """Return the row of the image in the middle of each of the largest groups."""
    if not colouring.has_legend and not colouring.is_named:
        return {}
    rows_by_group = np.argsort(colouring.codes, kind="stable")
    codes = [code for code, _ in sizes_by_group[:_PICTURED]]
    group_bounds = np.searchsorted(colouring.codes[rows_by_group], [[code, code + 1] for code in codes])
    middles: dict[int, int] = {}
    for code, (start, end) in zip(codes, group_bounds.reshape(-1, 2), strict=True):
        rows = rows_by_group[start:end]
        distances = np.abs(places[rows] - np.median(places[rows], axis=0)).sum(axis=1)
        middles[code] = int(rows[distances.argmin()])
    return middles


def _name_marks(places: NDArray[np.float32], colouring: Colouring, middles: dict[int, int]) -> list[dict[str, Any]]:
    """Return the names of the largest groups with the place of the image in the middle of each."""
    if not colouring.is_named or colouring.is_scale:
        return []
    marks = []
    for code, row in list(middles.items())[:_NAMED]:
        x, y = places[row].tolist()
        if math.isfinite(x + y):
            marks.append({"name": colouring.names[code], "code": code, "x": x, "y": y})
    return marks
