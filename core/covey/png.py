"""Writing RGB images as PNG, fast."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB = struct.pack(">BBBBB", 8, 2, 0, 0, 0)


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Return an RGB image (h, w, 3) uint8 as a PNG file.

    Rows are left unfiltered and compressed at level 1: for images of 256 colours that is both faster and smaller than
    the filters that Pillow tries on every row. (A palette would be smaller still, but the original tools read the
    palette's indices for brightness.)
    """
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">II", width, height) + _RGB
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b"")
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
