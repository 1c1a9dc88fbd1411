"""From the bytes of an image file to RGB pixels: upright, with transparency composed and deep greys scaled."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from covey._base.errors import reason

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
FORMAT_NAMES = "PNG, JPEG, TIFF, WebP or BMP"
MOST_PIXELS = 50_000_000
BLACK = 16
"""An image in which no colour reaches this value, of 255, is black or nearly so."""
IS_BLACK, IS_CONSTANT, IS_TRANSPARENT = "black", "constant", "transparent"
ODDITIES = {
    IS_BLACK: f"black or nearly black (no colour above {BLACK - 1} of 255)",
    IS_CONSTANT: "of one colour throughout",
    IS_TRANSPARENT: "fully transparent",
}
"""What an image without content is called in full."""
_METADATA_OF_PNG = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
"""Where a PNG file can say how it is turned. Pillow decodes the whole image to look for them."""
_TURNED = range(2, 9)
warnings.filterwarnings("ignore", module=r"PIL\.")  # about odd metadata: images are either read or named as broken


class BrokenImage(Exception):
    """Why one image cannot be used, in a few words."""


@attrs.frozen
class GreyRange:
    """Which greys of more than 8 bits become black and white. `kind` is "integer" or "real"."""

    kind: str
    low: float
    high: float

    @property
    def is_full(self) -> bool:
        """Whether it is all of 16 bits."""
        return (self.kind, self.low, self.high) == ("integer", 0, 65535)


@attrs.frozen(eq=False)
class Picture:
    """RGB pixels (h, w, 3) uint8 of an image, and which of `ODDITIES` they are, "" if none."""

    pixels: NDArray[np.uint8]
    oddity: str


@attrs.frozen
class Examined:
    """Height and width of an image in pixels, as it is decoded, and the greys that it uses if they are deep."""

    height: int
    width: int
    greys: GreyRange | None


def examine_picture(encoded: bytes) -> Examined:
    """Return the size of an image, from its header if that suffices. Raises BrokenImage."""
    with translate_errors():
        image = _open(encoded)
        if _is_deep(image):
            greys = _load_greys(image, encoded)
            height, width = greys.shape
            return Examined(height, width, _measure_range(greys))
        if _is_turned(image, encoded):
            image = _upright(image, encoded)
        return Examined(image.height, image.width, None)


def decode_picture(encoded: bytes, ranges: Mapping[str, GreyRange]) -> Picture:
    """Decode an image.

    Args:
        encoded: what the file holds.
        ranges: greys that become black and white, by their kind. An image whose kind is not among them is scaled by
            its own range.

    Raises:
        BrokenImage: it cannot be decoded.
    """
    with translate_errors():
        image = _open(encoded)
        if _is_deep(image):
            pixels = _scale(_load_greys(image, encoded), ranges)
            return Picture(pixels, _find_oddity(pixels))
        image = _upright(image, encoded)
        if image.has_transparency_data:
            return _compose(image)
        pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
        return Picture(pixels, _find_oddity(pixels))


def combine_ranges(ranges: Iterable[GreyRange]) -> dict[str, GreyRange]:
    """Return the range by which all images of a dataset are scaled, for each kind of deep greys.

    Whole numbers that are not negative are scaled by the bits that the brightest image needs, 8 at least: by 4096 where
    the values of a 12-bit camera lie in 16-bit files. Other numbers are scaled by the least and greatest of all.
    """
    ranges_by_kind: dict[str, list[GreyRange]] = {}
    for greys in ranges:
        ranges_by_kind.setdefault(greys.kind, []).append(greys)
    return {kind: _combine(members) for kind, members in ranges_by_kind.items()}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn whatever Pillow and the system raise over a bad file into BrokenImage."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise BrokenImage(f"it is no {FORMAT_NAMES} image") from error
    except Image.DecompressionBombError as error:
        raise BrokenImage(f"it has more than {MOST_PIXELS:,} pixels") from error
    except MemoryError as error:
        raise BrokenImage("memory is too small to decode it") from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        EOFError,
        OverflowError,
        RuntimeError,
    ) as error:
        raise BrokenImage(reason(error)) from error


def _open(encoded: bytes) -> Image.Image:
    if not encoded:
        raise BrokenImage("it is empty")
    image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    if image.width * image.height > MOST_PIXELS:
        raise BrokenImage(f"it has {image.width} x {image.height} pixels, more than {MOST_PIXELS:,}")
    return image


def _is_turned(image: Image.Image, encoded: bytes) -> bool:
    """Whether the file says that the image is stored turned or mirrored (EXIF)."""
    if image.format == "PNG" and not any(mark in encoded for mark in _METADATA_OF_PNG):
        return False
    return image.getexif().get(ExifTags.Base.Orientation) in _TURNED


def _upright(image: Image.Image, encoded: bytes) -> Image.Image:
    """Return an image as its EXIF orientation says that it is to be shown."""
    if not _is_turned(image, encoded):
        return image
    image.load()  # a TIFF is turned by this already
    return ImageOps.exif_transpose(image)


def _is_deep(image: Image.Image) -> bool:
    """Whether an image is grey with more than 8 bits, which Pillow would clip at 255."""
    return image.mode.startswith("I") or image.mode == "F"


def _load_greys(image: Image.Image, encoded: bytes) -> NDArray[np.number[Any]]:
    return np.asarray(_upright(image, encoded))


def _measure_range(greys: NDArray[np.number[Any]]) -> GreyRange:
    if greys.dtype.kind != "f":
        return GreyRange("integer", float(greys.min()), float(greys.max()))
    finite = greys[np.isfinite(greys)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    return GreyRange("real", float(low), float(high))


def _combine(ranges: Sequence[GreyRange]) -> GreyRange:
    kind, low, high = ranges[0].kind, min(greys.low for greys in ranges), max(greys.high for greys in ranges)
    if kind == "integer" and low >= 0:
        return GreyRange(kind, 0, 2 ** max(8, int(high).bit_length()) - 1)
    return GreyRange(kind, low, high)


def _scale(greys: NDArray[np.number[Any]], ranges: Mapping[str, GreyRange]) -> NDArray[np.uint8]:
    """Return grey RGB pixels; for all of 16 bits these are the higher 8."""
    measured = _measure_range(greys)
    span = ranges.get(measured.kind) or _combine([measured])
    steps = span.high - span.low + (span.kind == "integer")
    levels = np.nan_to_num(greys.astype(np.float32), nan=span.low, posinf=span.high, neginf=span.low)
    scaled = np.floor((levels - span.low) * (256 / steps if steps > 0 else 0))
    return np.repeat(scaled.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _compose(image: Image.Image) -> Picture:
    """Return an image with transparency on white; on black where it would be all white, as white ink is."""
    layered = image.convert("RGBA")
    alpha = np.asarray(layered.getchannel("A"))
    if alpha.min(initial=255) == 255:
        pixels = np.asarray(layered.convert("RGB"))
        return Picture(pixels, _find_oddity(pixels))
    pixels = _compose_on("white", layered)
    if alpha.max(initial=0) == 0:
        return Picture(pixels, IS_TRANSPARENT)
    if _is_constant(pixels):
        pixels = _compose_on("black", layered)
    return Picture(pixels, _find_oddity(pixels))


def _compose_on(colour: str, layered: Image.Image) -> NDArray[np.uint8]:
    background = Image.new("RGBA", layered.size, colour)
    return np.asarray(Image.alpha_composite(background, layered).convert("RGB"))


def _find_oddity(pixels: NDArray[np.uint8]) -> str:
    if pixels.max(initial=0) < BLACK:
        return IS_BLACK
    return IS_CONSTANT if _is_constant(pixels) else ""


def _is_constant(pixels: NDArray[np.uint8]) -> bool:
    first = pixels[:1, :1]
    return bool((pixels[:1] == first).all() and (pixels == first).all())
