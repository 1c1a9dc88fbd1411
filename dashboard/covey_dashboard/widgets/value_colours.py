"""The colours of values, from the least to the greatest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.frontend import NOISE

STEPS = 64
"""Colours of a scale."""
_ANCHORS = ("#5a3fd0", "#2078b4", "#1fa187", "#8fb320", "#e0a800")
"""A scale from dark to light that the colour-blind can follow, visible on white and on black."""


def colour_scale() -> list[str]:
    """Return the colours for values, from the least to the greatest."""
    anchor_colours = np.array([list(bytes.fromhex(anchor[1:])) for anchor in _ANCHORS])
    anchor_positions = np.linspace(0, len(anchor_colours) - 1, STEPS)
    channels = [
        np.interp(anchor_positions, np.arange(len(anchor_colours)), anchor_colours[:, channel]) for channel in range(3)
    ]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in np.round(channels).astype(int).T.tolist()]


def scale_steps(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the place of each value's colour in the scale (n,) int32, -1 for what is no finite number."""
    codes = np.full(len(values), NOISE, dtype=np.int32)
    is_finite = np.isfinite(values)
    least, greatest = (values[is_finite].min(), values[is_finite].max()) if is_finite.any() else (0.0, 0.0)
    shares = (values[is_finite] - least) / ((greatest - least) or 1.0)
    codes[is_finite] = np.minimum(STEPS - 1, shares * STEPS).astype(np.int32)
    return codes
