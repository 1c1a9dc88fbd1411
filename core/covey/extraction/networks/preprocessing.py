"""How images must be prepared for the weights of a network, and how they are brought to its size."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from torch import Tensor
from torch.nn import functional


@attrs.frozen(kw_only=True)
class Preprocessing:
    """How images must be prepared for the weights of a network.

    Attributes:
        size: height and width in pixels that the weights were trained for.
        mean: of each colour, subtracted from values between 0 and 1.
        std: of each colour, by which the difference is divided.
        resize: pixels of the shorter side after resizing, as in training.
        interpolation: "bilinear" or "bicubic", for that resizing; the centre of `size` was then cut out.
    """

    size: tuple[int, int]
    mean: Sequence[float]
    std: Sequence[float]
    resize: int
    interpolation: str = "bilinear"


def fit_images(images: Tensor, preprocessing: Preprocessing, input: str) -> Tensor:
    """Bring images to a size that a network takes.

    Args:
        images: (b, 3, h, w) uint8.
        preprocessing: of the network.
        input: "whole" leaves images as they are. "stretch" resizes them, uncropped, to the size of the network.
            "original" resizes the shorter side and cuts out the centre, exactly as torchvision's transforms do with
            tensors.

    Returns:
        Images (b, 3, height, width), values 0 to 255.
    """
    if input == "whole":
        return images
    if input == "stretch":
        return functional.interpolate(images.float(), preprocessing.size, mode="bilinear", antialias=True)
    height, width = images.shape[2:]
    scale = preprocessing.resize / min(height, width)
    size = (
        (preprocessing.resize, int(width * scale)) if height <= width else (int(height * scale), preprocessing.resize)
    )
    resized = functional.interpolate(images.float(), size, mode=preprocessing.interpolation, antialias=True)
    return _crop_centre(resized.clamp(0, 255).round(), preprocessing.size)


def _crop_centre(images: Tensor, size: tuple[int, int]) -> Tensor:
    top, first_column = (round((have - want) / 2) for have, want in zip(images.shape[2:], size, strict=True))
    return images[:, :, top : top + size[0], first_column : first_column + size[1]]
