"""What weights expect of an image, and how images come to it."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from torch import Tensor
from torch.nn import functional


@attrs.frozen(kw_only=True)
class Preprocessing:
    """What weights expect of an image.

    `size` is the height and width that they were made for. `mean` of each colour is subtracted from values between 0
    and 1, what is left is divided by `std`. In training and tests the shorter side was resized to `resize` by
    `interpolation` ("bilinear" or "bicubic"), and the centre of `size` cut out.
    """

    size: tuple[int, int]
    mean: Sequence[float]
    std: Sequence[float]
    resize: int
    interpolation: str = "bilinear"


def fit_images(images: Tensor, preprocessing: Preprocessing, input: str) -> Tensor:
    """Return images (b, 3, h, w) uint8 with values 0 to 255 as the network is to see them.

    "whole" leaves them as they are; "stretch" resizes them, whole, to the size that the network was made for;
    "original" resizes the shorter side and cuts out the centre, exactly as torchvision's transforms do with tensors.
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
    return _centre(resized.clamp(0, 255).round(), preprocessing.size)


def _centre(images: Tensor, size: tuple[int, int]) -> Tensor:
    top, first_column = (round((have - want) / 2) for have, want in zip(images.shape[2:], size, strict=True))
    return images[:, :, top : top + size[0], first_column : first_column + size[1]]
