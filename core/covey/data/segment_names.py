"""Cuts: the images of recordings, named after the recording and the start of the segment, as the original tools do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

SEGMENT_NAME = re.compile(r"(?P<stub>.+)_segm_(?P<start>\d{4,9}\.\d{3})\.png")
_XENO_CANTO = re.compile(
    r"(?:^|/)(?:XC(\d{4,7})(?!\d)[^/]*|[a-z]+-[a-z]+(?:-[a-z]+)?-(\d{4,7})(?:_segm_[^/]*|\.\w+)?)$", re.I
)
"""XC and the number, or what warbleR calls a download: Genus-species-154072."""


class SegmentName(NamedTuple):
    """What the name of an image tells: its recording, and the start of its segment in seconds."""

    recording: str
    start: float


def image_name(stub: str, start: float) -> str:
    """Return the name of the image of the segment that starts `start` seconds into a recording."""
    return f"{stub}_segm_{start:08.3f}.png"


def parse_segment_names(names: Iterable[str]) -> dict[str, SegmentName]:
    """Return the cut that each image is, if it is named as one."""
    matches = ((name, SEGMENT_NAME.fullmatch(name)) for name in names)
    return {name: SegmentName(cut["stub"], float(cut["start"])) for name, cut in matches if cut}


def recordings_of_images(names: Iterable[str]) -> dict[str, str]:
    """Return the recording of each image that is named as a cut."""
    return {name: cut.recording for name, cut in parse_segment_names(names).items()}


def xeno_canto_number(name: str) -> str | None:
    """Return the number under which xeno-canto has a recording, from the name of the recording or of an image of it."""
    match = _XENO_CANTO.search(name)
    return match[1] or match[2] if match else None
