"""Contact sheets: images small and side by side."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from PIL import Image

from covey.data.images import ImageFolder
from covey.data.picture_decoding import BrokenImage

SIDE = 160
"""Pixels of the longer side of a small image."""
COLUMNS, GAP = 6, 4
QUALITY = 80


def thumbnail(folder: ImageFolder, name: str) -> Image.Image:
    """Return an image small, its longer side at most 160 pixels. Raises BrokenImage."""
    image = Image.fromarray(folder.pixels(name))
    image.thumbnail((SIDE, SIDE))
    return image


def sheet(folder: ImageFolder, names: Sequence[str]) -> Image.Image:
    """Return a contact sheet of these images, row by row; the place of one that cannot be read stays empty."""
    thumbnails = [_open_thumbnail(folder, name) for name in names]
    width = max((image.width for image in thumbnails if image), default=SIDE) + GAP
    height = max((image.height for image in thumbnails if image), default=SIDE) + GAP
    rows = -(-len(names) // COLUMNS)
    picture = Image.new("RGBA", (width * min(COLUMNS, max(1, len(names))), height * max(1, rows)))
    for place, image in enumerate(thumbnails):
        if image:
            picture.paste(image, (place % COLUMNS * width, place // COLUMNS * height))
    return picture


def jpeg(image: Image.Image) -> str:
    """Return an image as the address of a JPEG that a page can hold."""
    return _address(image.convert("RGB"), "jpeg", quality=QUALITY)


def png(image: Image.Image) -> str:
    """Return an image as the address of a PNG that a page can hold."""
    return _address(image, "png", optimize=True)


def _address(image: Image.Image, kind: str, **options: int) -> str:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _open_thumbnail(folder: ImageFolder, name: str) -> Image.Image | None:
    try:
        return thumbnail(folder, name)
    except BrokenImage:
        return None
