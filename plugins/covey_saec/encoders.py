"""The encoders of the original tools' seven spectrogram auto-encoders, with the names of their weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from itertools import pairwise

from torch import Tensor, nn

Parts = dict[str, nn.Module]
"""The parts of an encoder in their order; their names begin those of the weights."""
_WIDTHS = (64, 64, 128, 256)
"""Channels of the inner stages of the deep encoders."""


def build_encoder(architecture: str) -> nn.Module:
    """Return an encoder from images (b, 3, 128, w) to (b, c, 1, t); from `conv_tran_textr_resh` to (b, c, t)."""
    return nn.Sequential(OrderedDict(ENCODERS[architecture]()))


def shapes_by_name(weights: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each of some weights."""
    return {name: tuple(tensor.shape) for name, tensor in weights.items()}


def _stage(channels_in: int, channels: int, pool: tuple[int, int], is_last: bool = False) -> nn.Module:
    """Two convolutions without anything in between; the latent image itself is neither normalised nor rectified."""
    convolutions = [
        nn.Conv2d(channels_in, channels, 3, padding=1),
        nn.Conv2d(channels, channels, 3, padding=1),
    ]
    rectification = [] if is_last else [nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*convolutions, *rectification, nn.AvgPool2d(pool))


def _block(channels_in: int, channels: int, pool: int = 1, is_rectified: bool = True) -> nn.Module:
    rectification = [nn.ReLU()] if is_rectified else []
    pooling = [nn.MaxPool2d(pool)] if pool > 1 else []
    convolution = nn.Conv2d(channels_in, channels, 3, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), *rectification, *pooling)


def _merge_rows(channels_in: int, channels: int, rows: int) -> nn.Module:
    """Make one row of all that are left of frequency."""
    return nn.Sequential(nn.Conv2d(channels_in, channels, (rows, 1)))


def _deep(channels: int) -> Parts:
    pools = ((2, 2), (4, 2), (4, 2), (2, 2), (2, 2))
    widths = pairwise((3, *_WIDTHS, channels))
    return {
        f"conv{number}": _stage(before, after, pool, is_last=number == len(pools) - 1)
        for number, ((before, after), pool) in enumerate(zip(widths, pools, strict=True))
    }


def _even_stages(*widths: int) -> Parts:
    """Return stages that halve frequency and time alike."""
    return {f"conv{number}": _stage(*channels, (2, 2)) for number, channels in enumerate(pairwise(widths))}


def _symmetric() -> Parts:
    return {**_even_stages(3, *_WIDTHS, 256), "conv_spec": _merge_rows(256, 256, 4)}


def _shallow() -> Parts:
    return {**_even_stages(3, *_WIDTHS[:3]), "conv3": _merge_rows(_WIDTHS[2], 256, 16)}


def _texture() -> Parts:
    return {
        "conv0": _block(3, 32),
        "conv1": _block(32, 64, pool=2),
        "conv2": _block(64, 128, pool=4),
        "conv3": _block(128, 128, is_rectified=False),
        "spec": _merge_rows(128, 256, 16),
    }


def _reshaped() -> Parts:
    return {
        "conv0": _block(3, 32),
        "conv1": _block(32, 64),
        "conv2": _block(64, 128, pool=2),
        "conv3": _block(128, 128, pool=4),
        "conv4": _block(128, 32, is_rectified=False),
        "spec": nn.Flatten(1, 2),  # rows of frequency become channels
    }


ENCODERS: Mapping[str, Callable[[], Parts]] = {
    "conv_tran_L5_TP32_ch256": lambda: _deep(256),
    "conv_tran_L5_TP32_ch512": lambda: _deep(512),
    "conv_conv_L5_TP32": lambda: _deep(256),
    "conv_tran_L5_sym": _symmetric,
    "conv_tran_L4_TP08": _shallow,
    "conv_tran_texture_01": _texture,
    "conv_tran_textr_resh": _reshaped,
}
"""The parts of each encoder, by the name of its architecture. Two differ in their decoders alone."""
