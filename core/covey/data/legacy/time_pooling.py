"""Features of the original's auto-encoders, which it stores before they are averaged over time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

EDGES = 2
"""Columns of the latent image that the original cuts off at both ends of time."""
_VALUES = 1 << 24
"""Numbers that are averaged at once."""


def pool_time(X: NDArray[Any], edges: int = EDGES) -> NDArray[np.float32]:
    """Return mean and standard deviation over time, as the original computes them.

    Args:
        X: features (n, c, t).
        edges: columns of time that are left out at both ends, fewer than half of them.

    Returns:
        Features (n, 2 c) float32: all means, then all deviations.
    """
    columns = X.shape[2]
    count = max(1, _VALUES // max(1, X.shape[1] * columns))
    blocks = [np.zeros((0, 2 * X.shape[1]), np.float32)]
    for start in range(0, len(X), count):
        block = X[start : start + count, :, edges : columns - edges].astype(np.float32, copy=False)
        blocks.append(np.concatenate([block.mean(axis=2), block.std(axis=2)], axis=1))
    return np.concatenate(blocks)
