"""Cuts: the images of recordings, named after the recording and the start of the segment, as the original tools do."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME = re.compile(r"(?P<stub>.+)_segm_(?P<start>\d{4,}\.\d{3})\.png")


def image_name(stub: str, start: float) -> str:
    """Return the name of the image of the segment that starts `start` seconds into a recording."""
    return f"{stub}_segm_{start:08.3f}.png"


def recordings(names: Iterable[str]) -> dict[str, str]:
    """Return the recording of each image that is named as a cut."""
    found = ((name, NAME.fullmatch(name)) for name in names)
    return {name: cut["stub"] for name, cut in found if cut}
