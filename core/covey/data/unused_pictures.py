"""Pictures around the images of a dataset, so that none is left out in silence."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from covey._base.text import count_noun, preview
from covey.data.catalogue.image_scan import UNREAD_SUFFIXES, ImageScan
from covey.data.dataset import Dataset
from covey.data.images import SUFFIXES


def describe_unused_pictures(dataset: Dataset) -> Iterator[str]:
    """Yield a sentence about pictures outside the folder of images; without images, on what is in their place."""
    images = dataset.images
    if images is None and dataset.image_choices:
        yield describe_image_choices(dataset)
    elif images is None:
        scan = ImageScan(dataset.home)
        deque(scan.portions(), maxlen=0)
        yield from scan.describe()
    elif dataset.home in images.root.parents:
        yield from _describe_beside(dataset.home, images.root)


def describe_image_choices(dataset: Dataset) -> str:
    """Return which folders of images there are to choose from, and how, in a sentence."""
    names = [folder.name for folder in dataset.image_choices]
    return (
        f"{dataset.location} holds images of different recipes, which are not mixed: {', '.join(names)}."
        f" Choose one on the page Start of the dashboard, or by covey info {dataset.location}"
        f" --images {dataset.image_choices[0]}"
    )


def _describe_beside(home: Path, root: Path) -> Iterator[str]:
    beside = list(_pictures_outside(root, home))
    if beside:
        folders = Counter(name.rpartition("/")[0] or "." for name in beside)
        counts = [f"{count:,} in {folder}" for folder, count in sorted(folders.items())]
        verb = "lies" if len(beside) == 1 else "lie"
        yield (
            f"{count_noun(len(beside), 'picture')} {verb} outside {root.relative_to(home).as_posix()}, the folder of"
            f" images, and {'is' if len(beside) == 1 else 'are'} not used: {preview(counts)}."
        )


def _pictures_outside(root: Path, home: Path) -> Iterator[str]:
    """Yield the names of pictures in a folder that are not in its inner folder `root`; hidden ones are left out."""
    for folder, inner, files in os.walk(home):
        inner[:] = [name for name in inner if not name.startswith(".") and Path(folder, name) != root]
        for name in files:
            if name.lower().endswith((*SUFFIXES, *UNREAD_SUFFIXES)) and not name.startswith("."):
                yield Path(folder, name).relative_to(home).as_posix()
