"""Arrays on their way to a component in the browser: as bytes, for JSON takes ten times as long."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALIGNED = 8


def pack_payload(fields: dict[str, Any], **arrays: NDArray[Any]) -> bytes:
    """Return plain values and flat arrays (float32, int32 or uint8) as `unpack` in the browser reads them.

    The length of a text of JSON as uint32, the text, then the arrays that it lists, each from a multiple of 8 bytes on.
    """
    array_headers = [[name, array.dtype.str[1:], array.size] for name, array in arrays.items()]
    header = json.dumps({**fields, "arrays": array_headers}).encode("ascii")
    header += b" " * (-(len(header) + 4) % ALIGNED)
    array_bytes = [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    filled = [block + b"\0" * (-len(block) % ALIGNED) for block in array_bytes]
    return b"".join([len(header).to_bytes(4, "little"), header, *filled])
