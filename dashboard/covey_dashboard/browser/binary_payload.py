"""Arrays on their way to a component in the browser: as bytes, for JSON takes ten times as long."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNED = 8


def pack_payload(fields: dict[str, Any], **arrays: NDArray[Any]) -> bytes:
    """Return plain values and flat arrays (float32, int32 or uint8) as `unpack` in the browser reads them.

    Small whole numbers travel as int8 or int16.

    The length of a text of JSON as uint32, the text, then the arrays that it lists, each from a multiple of 8 bytes on.
    """
    narrow_arrays = {name: _narrow(array) for name, array in arrays.items()}
    array_headers = [[name, array.dtype.str[1:], array.size] for name, array in narrow_arrays.items()]
    header = json.dumps({**fields, "arrays": array_headers}).encode("ascii")
    header += b" " * (-(len(header) + 4) % ALIGNED)
    array_bytes = [np.ascontiguousarray(array).tobytes() for array in narrow_arrays.values()]
    filled = [block + b"\0" * (-len(block) % ALIGNED) for block in array_bytes]
    return b"".join([len(header).to_bytes(4, "little"), header, *filled])


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Return int32 as the narrowest whole numbers that hold it, anything else as it is."""
    if array.dtype != np.int32 or not array.size:
        return array
    widths = [np.iinfo(width) for width in (np.int8, np.int16, np.int32)]
    return array.astype(next(width.dtype for width in widths if width.min <= array.min() and array.max() <= width.max))
