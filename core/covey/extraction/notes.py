"""What is noticed about images and their features, kept in the provenance and told after every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from covey._base.text import FEW, count_noun, preview
from covey.data.images import ImageFile
from covey.data.provenance import Provenance

MOST_TOLD = 20
"""Broken images that are named one by one."""


def of_images(files: Sequence[ImageFile]) -> dict[str, Any]:
    """Return, as plain JSON, the copies among images and how many there are of each size."""
    firsts: dict[str, str] = {}
    copies = [file.name for file in files if firsts.setdefault(file.content, file.name) != file.name]
    sizes = Counter(f"{file.width} x {file.height}" for file in files)
    return {"copies": {"count": len(copies), "first": copies[:FEW]}, "sizes": dict(sizes)}


def sentences(made: Provenance, width: int, precision: str | None = None) -> Iterator[str]:
    """Yield one line for everything that a person should know about features with `width` columns.

    `precision` is the one that was asked for, if any.
    """
    details = made.details
    found = details.get("runtime", {}).get("precision", precision)
    if precision and found != precision:
        yield f"{made.tag} was computed in {found} and is kept: to compute it in {precision}, delete its file first."
    yield from _broken(details.get("broken", {}))
    yield from _copies(**details.get("copies", {"count": 0, "first": []}))
    yield from _sizes(details.get("sizes", {}))
    if constant := details.get("constant", 0):
        yield f"{constant:,} of the {width:,} features of {made.tag} are the same for all images."


def _broken(broken: Mapping[str, str]) -> Iterator[str]:
    for name, why in list(broken.items())[:MOST_TOLD]:
        yield f"{name} is left out: {why}."
    if len(broken) > MOST_TOLD:
        yield f"... and {count_noun(len(broken) - MOST_TOLD, 'more image')}; covey info --json lists all of them."


def _copies(count: int, first: Sequence[str]) -> Iterator[str]:
    if count:
        copies = "1 image is a copy" if count == 1 else f"{count:,} images are copies"
        yield f"{copies} of another: {preview(first, count)}."


def _sizes(sizes: Mapping[str, int]) -> Iterator[str]:
    (usual, _), *others = sorted(sizes.items(), key=lambda item: -item[1]) or [("", 0)]
    if others:
        told = [f"{count:,} of {size}" for size, count in others]
        total = sum(count for _, count in others)
        images = "1 image is" if total == 1 else f"{total:,} images are"
        yield f"{images} of another size than {usual} pixels: {preview(told)}."
