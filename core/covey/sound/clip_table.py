"""The table `clips.csv` beside images of whole events, which differ in length."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from covey._base.csvs import write_csv
from covey.data.catalogue.clip_finder import CLIPS_FILE, CLIPS_HEADS
from covey.data.images import ImageFolder
from covey.data.segment_names import parse_segment_names
from covey.sound.spectrograms import Recipe

_WIDTH_AT = 16
"""Where the width stands in a PNG file."""


def write_clips(folder: Path, recipe: Recipe) -> None:
    """Write which piece of which recording each image in a folder shows; its length follows from its width.

    Raises:
        CoveyError: the table cannot be written.
    """
    write_csv(folder / CLIPS_FILE, CLIPS_HEADS, _list_clips(folder, recipe))


def _list_clips(folder: Path, recipe: Recipe) -> Iterator[tuple[str, str, str, str]]:
    for name, segment in sorted(parse_segment_names(ImageFolder(folder).walk()).items()):
        with suppress(OSError, struct.error):  # damaged since: a run names it
            duration_s = ((_read_width(folder / name) - 1) * recipe.hop + recipe.window) / recipe.rate
            yield name, segment.recording, f"{segment.start:.3f}", f"{duration_s:.4f}"


def _read_width(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(_WIDTH_AT)
        (width,) = struct.unpack(">I", file.read(4))
    return int(width)
