"""Channels: which of them is shown, and whether they cancel each other."""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

CHANNELS = ("mean", "left", "right", "loudest")
"""The channels that have names."""
_NUMBERS = {"left": 1, "right": 2}
_CANCELLED = 5
"""The mean of n channels that have nothing in common has 1/n of their power; below a fifth of that they cancel."""


def channel_number(channel: str) -> int | None:
    """Return the number of a channel that the option names, from 1; None where it names no single one."""
    return _NUMBERS.get(channel) or (int(channel) if channel.isdecimal() else None)


@attrs.define
class ChannelPower:
    """Adds up the power of each channel, block by block."""

    frames: int = 0
    total: NDArray[np.float64] = attrs.field(factory=lambda: np.zeros(1))
    squares: NDArray[np.float64] = attrs.field(factory=lambda: np.zeros(1))

    def add(self, block: Floats) -> None:
        """Add a block of sound (n, channels)."""
        self.frames += len(block)
        self.total = self.total + block.sum(axis=0, dtype=np.float64)
        self.squares = self.squares + np.square(block, dtype=np.float64).sum(axis=0)

    def power(self) -> NDArray[np.float64]:
        """Return the variance (channels,) of each; 0 for one that holds what is no number."""
        frames = max(self.frames, 1)
        variance = self.squares / frames - np.square(self.total / frames)
        return np.asarray(np.maximum(np.nan_to_num(variance, nan=0, posinf=0, neginf=0), 0))


@attrs.define
class Mixer:
    """Makes one channel of several: `number` from 1, or their mean where it is None."""

    number: int | None
    _power: ChannelPower = attrs.field(init=False, factory=ChannelPower)

    def mix(self, block: Floats) -> Floats:
        """Return a block (n, channels) as mono (n,)."""
        if block.shape[1] == 1:
            return block[:, 0]
        if self.number:
            return np.ascontiguousarray(block[:, self.number - 1])
        mean: Floats = block.mean(axis=1)
        self._power.add(np.column_stack([block, mean]))
        return mean

    def problem(self) -> str:
        """Return that the channels mixed so far cancel each other, or ""."""
        *channels, mean = self._power.power()
        quietest = min(channels, default=0)
        if not quietest > 0 or mean * _CANCELLED * len(channels) >= quietest:
            return ""
        decibels = f"{10 * math.log10(quietest / mean):.0f} dB quieter than each" if mean else "silent"
        return f"its channels cancel each other: their mean is {decibels}; the channel left or loudest shows them"


def loudest_channel(blocks: Iterable[Floats]) -> int:
    """Return the number, from 1, of the channel with the most power in blocks of sound (n, channels)."""
    power = ChannelPower()
    for block in blocks:
        power.add(block)
    return int(power.power().argmax()) + 1
