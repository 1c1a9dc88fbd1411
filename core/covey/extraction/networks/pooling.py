"""Pooling: the output of a layer is laid out by frequency and time, then averaged to a vector."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import torch
from torch import Tensor
from torch.nn import functional

from covey._base.errors import CoveyError

BANDS = 4
"""Bands of a layer with frequencies if none are asked for; plugins/covey_timm/README.md says why."""
_MOST_EXTRA = 8
"""Tokens that may precede the grid: for the class, for distillation, registers."""


@attrs.frozen(kw_only=True)
class Pooling:
    """How the output of a layer becomes a vector; see `pool`. With bands None, `for_layer` chooses their number."""

    bands: int | None = 1
    freq_pool: int | None = None
    edges: int = 0
    time: str = "mean"

    def for_layer(self, has_frequencies: bool) -> Pooling:
        """Return the pooling with a number of bands, by whether the output of a layer has an axis of frequencies."""
        return self if self.bands else attrs.evolve(self, bands=BANDS if has_frequencies else 1)


def as_maps(output: Tensor, shape: Sequence[int], ratio: float = 1) -> Tensor:
    """Return the output of a layer as maps (b, c, f, t): channels, frequency, time.

    Vectors (b, c) become (b, c, 1, 1). Tokens (b, n, c) of the image's grid are laid out as they lie in it, without the
    class token; tokens without a grid become (b, c, 1, n).

    Args:
        output: of the layer.
        shape: of the layer's output for a square image. It shows whether tokens form a grid, and whether maps have
            their channels last, because frequency and time are then equal.
        ratio: height of the images divided by their width.
    """
    if output.ndim == 2:
        return output[:, :, None, None]
    if output.ndim == 3:
        return _lay_out_grid(output, count_extra_tokens(shape), ratio)
    return output.permute(0, 3, 1, 2) if shape[1] == shape[2] != shape[3] else output


def pool(maps: Tensor, pooling: Pooling) -> Tensor:
    """Average maps (b, c, f, t) to vectors (b, d) float32.

    Frequency is averaged over `bands` bands of equal height, which overlap by a row where f is no multiple of them:
    d = c * bands. With `freq_pool` it is averaged over blocks of so many rows instead, zeros filling up the last:
    d = c * ceil(f / freq_pool). `edges` columns are left out at both ends. Time is then summarised by "mean", "max",
    "mean+std" (population standard deviation; twice as many features) or "thirds" (the mean of each third; three
    times as many).

    Raises:
        CoveyError: the edges leave nothing.
    """
    columns = maps.shape[3]
    if columns <= 2 * pooling.edges:
        raise CoveyError(
            f"edges = {pooling.edges} removes all {columns} columns of the layer: choose a smaller number."
        )
    maps = maps[:, :, :, pooling.edges : columns - pooling.edges].float()
    series = (
        _average_parts(maps, pooling.bands or BANDS, 2)
        if pooling.freq_pool is None
        else _average_blocks(maps, pooling.freq_pool)
    )
    return _summarize_time(series, pooling.time).flatten(1)


def count_extra_tokens(shape: Sequence[int]) -> int | None:
    """Return how many tokens precede those of a square grid; None if the tokens seem to form no grid."""
    tokens = shape[1] - math.isqrt(shape[1]) ** 2
    return tokens if tokens <= _MOST_EXTRA else None


def _lay_out_grid(tokens: Tensor, extra: int | None, ratio: float) -> Tensor:
    """Return tokens (b, n, c) as maps (b, c, f, t) whose sides have about the ratio of the image's."""
    cells = tokens[:, extra or 0 :].transpose(1, 2)
    count = cells.shape[2]
    divisors = [1] if extra is None else [rows for rows in range(1, count + 1) if count % rows == 0]
    rows = min(divisors, key=lambda rows: abs(rows - math.sqrt(count * ratio)))
    return cells.reshape(*cells.shape[:2], rows, count // rows)


def _average_parts(maps: Tensor, parts: int, axis: int) -> Tensor:
    """Return the means over `parts` equal parts of an axis, which overlap by one where it is no multiple of them."""
    axis_length = maps.shape[axis]
    edges = [(part * axis_length // parts, -(-(part + 1) * axis_length // parts)) for part in range(parts)]
    return torch.stack([maps.narrow(axis, low, high - low).mean(axis) for low, high in edges], axis)


def _average_blocks(maps: Tensor, rows: int) -> Tensor:
    """Return the means over blocks of rows; zeros fill up the last."""
    filled = functional.pad(maps, (0, 0, 0, -maps.shape[2] % rows))
    return filled.reshape(*filled.shape[:2], -1, rows, filled.shape[3]).mean(3)


def _summarize_time(series: Tensor, time: str) -> Tensor:
    match time:
        case "mean":
            return series.mean(-1)
        case "max":
            return series.amax(-1)
        case "mean+std":
            return torch.cat([series.mean(-1), series.std(-1, correction=0)], 1)
        case "thirds":
            return _average_parts(series, 3, 3)
    raise ValueError(f"time must be mean, max, mean+std or thirds, not {time!r}")
