"""The map: every image a point, coloured by its cluster."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from covey_dashboard import colours

HEIGHT = 600
OUTLIERS = 0.5
"""Percent at each end of an axis that may lie outside the view."""
MARGIN = 0.06
_FADED = 0.18
_NOISE_OPACITY = 0.45
_LONGEST_NAME = 80


def figure(
    places: NDArray[np.float32], labels: NDArray[np.int32], names: Sequence[str], raised: int | None, view: str
) -> go.Figure:
    """Return the map as one WebGL trace.

    Args:
        places: where each image lies (n, 2).
        labels: the cluster of each image (n,), -1 for noise.
        names: the name of each image.
        raised: the cluster that stands out; None for all alike.
        view: a name for what is shown; while it stays the same, so does the part that a person has moved to.
    """
    order = np.argsort(_height(labels, raised), kind="stable")
    x, y = places[order].T
    trace = go.Scattergl(
        x=x,
        y=y,
        mode="markers",
        marker=_marker(labels[order], raised),
        customdata=order.astype(np.int32),
        text=[_hover(names[row], int(labels[row])) for row in order],
        hovertemplate="%{text}<extra></extra>",
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
    )
    hidden: dict[str, Any] = {"visible": False, "constrain": "range"}
    return go.Figure(
        trace,
        layout={
            "uirevision": view,
            "height": HEIGHT,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "dragmode": "pan",
            "showlegend": False,
            "xaxis": {**hidden, "range": _range(places[:, 0])},
            "yaxis": {**hidden, "range": _range(places[:, 1]), "scaleanchor": "x"},
        },
    )


def clicked(selection: Any, labels: NDArray[np.int32]) -> int | None:
    """Return the cluster of the point that a person clicked, None for no point."""
    points = selection["points"]
    if not points:
        return None
    row = np.ravel(points[0]["customdata"])[0]
    return int(labels[int(row)])


def _height(labels: NDArray[np.int32], raised: int | None) -> NDArray[np.int32]:
    """Return what is drawn above what: noise lowest, the raised cluster highest."""
    return np.where(labels == raised, 2, labels >= 0).astype(np.int32)


def _marker(labels: NDArray[np.int32], raised: int | None) -> dict[str, Any]:
    """Return markers whose colours are numbers: first all colours in full, then all faded."""
    full = [colours.faded(colours.GREY, _NOISE_OPACITY if raised != -1 else 1.0), *colours.PALETTE]
    pale = [colours.faded(one, _FADED) for one in (colours.GREY, *colours.PALETTE)]
    steps = [*full, *pale]
    others = np.zeros(len(labels), bool) if raised is None else labels != raised
    return {
        "size": _size(len(labels)),
        "color": colours.numbers(labels) + (len(full) * others).astype(np.uint8),
        "cmin": -0.5,
        "cmax": len(steps) - 0.5,
        "colorscale": [(edge / len(steps), one) for at, one in enumerate(steps) for edge in (at, at + 1)],
        "line": {"width": 0},
    }


def _size(count: int) -> float:
    return float(np.clip(60 / np.sqrt(max(count, 1)) + 2.5, 3, 8))


def _range(values: NDArray[np.float32]) -> tuple[float, float]:
    """Return the view along one axis, which a few outliers cannot squeeze."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return -1.0, 1.0
    low, high = np.percentile(finite, [OUTLIERS, 100 - OUTLIERS]).tolist()
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def _hover(name: str, label: int) -> str:
    half = _LONGEST_NAME // 2
    short = name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"
    return f"{escape(short)}<br>{'noise' if label < 0 else f'cluster {label}'}"
