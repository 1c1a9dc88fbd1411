"""Contrastive learning on spectrograms: a small network, views of a spectrogram, and the loss that compares them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, cross_entropy, normalize

HEIGHT, WIDTH = 64, 128
"""Pixels of a spectrogram as the network takes it."""
CHANNELS = (32, 48, 96, 128)
BANDS = 2
"""Bands of frequency of the features."""
Draw = Callable[[float, float], Tensor]
"""Function from two bounds to a random number between them for each of a batch, (b, 1, 1, 1)."""
TEMPERATURE = 0.2
GREY = (0.299, 0.587, 0.114)
"""What red, green and blue add to brightness (ITU-R BT.601)."""


class Encoder(nn.Module):
    """Four convolutions, each of which halves the spectrogram, and a head for the loss: 207,936 numbers."""

    def __init__(self) -> None:
        super().__init__()
        sizes = (1, *CHANNELS)
        self.body = nn.Sequential(*[_halve(*pair) for pair in zip(sizes, CHANNELS, strict=False)])
        self.head = nn.Sequential(nn.Linear(BANDS * CHANNELS[-1], 128), nn.ReLU(), nn.Linear(128, 64))

    def describe(self, spectrograms: Tensor) -> Tensor:
        """Return the features (b, BANDS * 128) of spectrograms (b, 1, HEIGHT, WIDTH) between 0 and 1."""
        planes: Tensor = self.body(spectrograms)
        return adaptive_avg_pool2d(planes, (BANDS, 1)).flatten(1)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Return directions (b, 64), of which the loss compares the angles."""
        return normalize(self.head(self.describe(spectrograms)))


def _halve(channels_in: int, channels: int) -> nn.Module:
    convolution = nn.Conv2d(channels_in, channels, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU())


def shrink(pixels: Tensor) -> Tensor:
    """Return images (b, h, w, 3) uint8 as spectrograms (b, 1, HEIGHT, WIDTH) between 0 and 1."""
    grey = pixels.float() @ torch.tensor(GREY) / 255
    return adaptive_avg_pool2d(grey[:, None], (HEIGHT, WIDTH))


def draw_view(spectrograms: Tensor, others: Tensor, random: torch.Generator) -> Tensor:
    """Return spectrograms (b, 1, h, w) as they might have been recorded at another time, place or distance.

    Each is moved in time (round the end) and a little in frequency, mixed with another at low level, made brighter or
    darker, with more or less contrast, and loses a stretch of time and a band of frequency.

    Args:
        spectrograms: between 0 and 1.
        others: what is mixed in, of the same shape.
        random: where random numbers come from.
    """
    count, _, height, width = spectrograms.shape

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=random)

    rows = torch.arange(height)[:, None] + draw(-4, 4).round().long()[:, 0]
    columns = torch.arange(width) + draw(0, width).long()[:, 0]
    image = torch.arange(count)[:, None, None]
    moved = spectrograms[image, 0, rows.clamp(0, height - 1), columns % width][:, None]
    share = draw(0, 0.3)
    mixed = (1 - share) * moved + share * others
    toned = (mixed + draw(-0.1, 0.1)).clamp(0, 1) ** draw(0.7, 1.4)
    return toned * ~(_stripe(draw, width) | _stripe(draw, height).transpose(2, 3))


def compare_views(first: Tensor, second: Tensor, recordings: Tensor) -> Tensor:
    """Return the loss NT-Xent (Chen et al. 2020): each direction should be nearer to its partner than to all others.

    Others of the same recording are left out: they may hold the same sound.

    Args:
        first: directions (b, k) of one view of each clip.
        second: those of the other view.
        recordings: the number of the recording of each clip, (b,).
    """
    directions, owners = torch.cat([first, second]), torch.cat([recordings, recordings])
    partners = torch.arange(len(owners)).roll(len(first))
    is_left_out = owners[:, None] == owners
    is_left_out[torch.arange(len(owners)), partners] = False
    similarities = (directions @ directions.T / TEMPERATURE).masked_fill(is_left_out, -torch.inf)
    return cross_entropy(similarities, partners)


def _stripe(draw: Draw, length: int) -> Tensor:
    """Return a stretch of up to a quarter of a length, anywhere, of each of a batch: (b, 1, 1, length) of booleans."""
    size, start = draw(0, length / 4), draw(0, length)
    position = torch.arange(length)
    return (position >= start) & (position < start + size)
