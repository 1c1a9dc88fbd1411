"""Pictures in and around a dataset that are not among its images, so that none is left out in silence."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from covey._base.text import count_noun, preview
from covey.data.dataset import Dataset
from covey.data.images import SUFFIXES
from covey.data.picture_decoding import FORMAT_NAMES

UNREAD_SUFFIXES = (
    *(".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jpx", ".jxl", ".svg", ".psd", ".tga", ".exr", ".hdr"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".ico", ".eps", ".dng", ".xcf", ".apng", ".dib"),
)
"""Endings of pictures that covey does not read."""


def describe_unused_pictures(dataset: Dataset) -> Iterator[str]:
    """Yield a sentence about pictures of kinds that covey does not read, and one about pictures beside the images."""
    root = dataset.images.root if dataset.images else dataset.home
    if not root.is_dir():
        return
    unread = sorted(_pictures_below(root, UNREAD_SUFFIXES))
    if unread:
        subject = "1 file is a picture" if len(unread) == 1 else f"{len(unread):,} files are pictures"
        yield f"{subject} of a kind that covey does not read (it reads {FORMAT_NAMES}): {preview(unread)}."
    if dataset.images and dataset.home in root.parents:
        yield from _describe_beside(dataset.home, root)


def _describe_beside(home: Path, root: Path) -> Iterator[str]:
    beside = list(_pictures_below(home, (*SUFFIXES, *UNREAD_SUFFIXES), without=root))
    if beside:
        folders = Counter(name.rpartition("/")[0] or "." for name in beside)
        counts = [f"{count:,} in {folder}" for folder, count in sorted(folders.items())]
        verb = "lies" if len(beside) == 1 else "lie"
        yield (
            f"{count_noun(len(beside), 'picture')} {verb} outside {root.relative_to(home).as_posix()}, the folder of"
            f" images, and {'is' if len(beside) == 1 else 'are'} not used: {preview(counts)}."
        )


def _pictures_below(root: Path, suffixes: tuple[str, ...], without: Path | None = None) -> Iterator[str]:
    """Yield the names of files with these endings, relative to a folder; hidden ones and one inner folder left out."""
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".") and Path(folder, name) != without]
        for name in files:
            if name.lower().endswith(suffixes) and not name.startswith("."):
                yield Path(folder, name).relative_to(root).as_posix()
