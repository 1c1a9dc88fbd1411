"""Recordings: which of them an image was cut from."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CUT = re.compile(r"(?P<stub>.+)_segm_\d{4,}\.\d{3}\.png")


def recordings(names: Iterable[str]) -> dict[str, str]:
    """Return the recording of each image that is named `<recording>_segm_<SSSS.mmm>.png`, as covey names its cuts."""
    found = ((name, _CUT.fullmatch(name)) for name in names)
    return {name: cut["stub"] for name, cut in found if cut}
