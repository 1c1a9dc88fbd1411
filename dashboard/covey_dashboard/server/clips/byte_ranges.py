"""Parts of an answer: a browser that jumps within a sound asks for the bytes from there on (RFC 9110, 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


def answer_range(request: Request, body: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Return the whole of a body, or the one range of bytes that a request asks for."""
    shared_headers = {**headers, "Accept-Ranges": "bytes"}
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None or not (match["first"] or match["last"]):
        return Response(body, media_type=media_type, headers=shared_headers)
    first, end = _read_bounds(match, len(body))
    if first >= end:
        return Response(status_code=416, headers={**shared_headers, "Content-Range": f"bytes */{len(body)}"})
    content_range = {"Content-Range": f"bytes {first}-{end - 1}/{len(body)}"}
    return Response(body[first:end], 206, {**shared_headers, **content_range}, media_type)


def _read_bounds(match: re.Match[str], length: int) -> tuple[int, int]:
    """Return the first byte of a range, and the one after its last; "-n" means the last n bytes."""
    if not match["first"]:
        return max(0, length - int(match["last"])), length
    return int(match["first"]), min(length, int(match["last"]) + 1) if match["last"] else length
