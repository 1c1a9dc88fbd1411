"""Contact sheets: small images side by side."""

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


def load_thumbnail(folder: ImageFolder, name: str) -> Image.Image:
    """Return a small copy of an image, its longer side at most 160 pixels. Raises BrokenImage."""
    image = Image.fromarray(folder.pixels(name))
    image.thumbnail((SIDE, SIDE))
    return image


def draw_contact_sheet(folder: ImageFolder, names: Sequence[str]) -> Image.Image:
    """Return the images side by side, row by row (RGBA); the position of a broken image stays empty."""
    thumbnails = [_load_thumbnail_or_none(folder, name) for name in names]
    width = max((image.width for image in thumbnails if image), default=SIDE) + GAP
    height = max((image.height for image in thumbnails if image), default=SIDE) + GAP
    rows = -(-len(names) // COLUMNS)
    picture = Image.new("RGBA", (width * min(COLUMNS, max(1, len(names))), height * max(1, rows)))
    for position, image in enumerate(thumbnails):
        if image:
            picture.paste(image, (position % COLUMNS * width, position // COLUMNS * height))
    return picture


def encode_jpeg(image: Image.Image) -> str:
    """Return an image as a data URL with a JPEG."""
    return _data_url(image.convert("RGB"), "jpeg", quality=QUALITY)


def encode_png(image: Image.Image) -> str:
    """Return an image as a data URL with a PNG."""
    return _data_url(image, "png", optimize=True)


def _data_url(image: Image.Image, kind: str, **options: int) -> str:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def _load_thumbnail_or_none(folder: ImageFolder, name: str) -> Image.Image | None:
    try:
        return load_thumbnail(folder, name)
    except BrokenImage:
        return None
