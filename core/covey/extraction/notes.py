"""Notes on images and their features, kept in the provenance and shown after every run and by covey info."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from covey._base.text import FEW, count_noun, preview
from covey.data.images import ImageFile
from covey.data.picture_decoding import ODDITIES
from covey.data.provenance import Copies, Provenance, SampledRows
from covey.extraction.clip_sounds import describe_silent
from covey.extraction.decoded_batches import InputFile

MOST_NAMED = 20
"""Broken images that are named one by one."""
SEEN_FROM = 50
"""Images of a group in a sample from which on the group is found."""


def find_copies(files: Sequence[InputFile]) -> Copies:
    """Return how many images have the same content as an earlier one, and the first of their names."""
    firsts: dict[str, str] = {}
    copies = [file.name for file in files if firsts.setdefault(file.identity, file.name) != file.name]
    return Copies(count=len(copies), first=tuple(copies[:FEW]))


def count_sizes(files: Sequence[InputFile]) -> dict[str, int]:
    """Return how many images there are of each size, such as "48 x 32"; none if they are heard and not seen."""
    return dict(Counter(f"{file.width} x {file.height}" for file in files if isinstance(file, ImageFile)))


def count_ranges(files: Sequence[InputFile]) -> dict[str, int]:
    """Return how many images were scaled by each range of deep greys, such as "0 to 4095", but for all of 16 bits."""
    scales = (file.scale for file in files if isinstance(file, ImageFile))
    return dict(Counter(f"{scale.low:g} to {scale.high:g}" for scale in scales if scale and not scale.is_full))


def describe_features(provenance: Provenance, width: int, precision: str | None = None) -> Iterator[str]:
    """Yield a sentence for each thing that a person should know about a table of features.

    Args:
        provenance: of the table.
        width: number of features of each image.
        precision: the one that was asked for, if any.
    """
    details = provenance.details
    if precision and details.runtime and details.runtime.precision != precision:
        yield (
            f"{provenance.tag} was computed in {details.runtime.precision} earlier: to compute it in {precision},"
            " delete its file first."
        )
    yield from _describe_silent(provenance.component, details.silent)
    yield from _describe_broken(details.broken)
    if details.copies:
        yield from describe_copies(details.copies)
    yield from _describe_odd(details.odd)
    yield from _describe_scaled(details.scaled)
    yield from _describe_sizes(details.sizes)
    if len(details.machines) > 1:
        yield (
            f"{provenance.tag} was computed on different machines or library versions, which may differ by rounding:"
            f" {'; '.join(details.machines)}."
        )
    if details.constant:
        yield f"{details.constant:,} of the {width:,} features of {provenance.tag} are the same for all images."


def _describe_silent(component: str, silent: Mapping[str, int]) -> Iterator[str]:
    if silent:
        images = count_noun(sum(silent.values()), "image")
        yield f"{component} listens, and leaves out {images} without sound: {describe_silent(silent)}."


def _describe_broken(broken: Mapping[str, str]) -> Iterator[str]:
    for name, why in list(broken.items())[:MOST_NAMED]:
        yield f"{name} is left out: {why}."
    if len(broken) > MOST_NAMED:
        yield f"... and {count_noun(len(broken) - MOST_NAMED, 'more image')}, which the provenance names."


def describe_copies(copies: Copies) -> Iterator[str]:
    """Yield a sentence that says how many images are copies, if any are."""
    if copies.count:
        subject = "1 image is a copy" if copies.count == 1 else f"{copies.count:,} images are copies"
        yield f"{subject} of another: {preview(copies.first, copies.count)}."


def describe_sample(sample: SampledRows | None) -> Iterator[str]:
    """Yield a sentence that says of how many images an embedding was computed, and what may be lost, if not of all."""
    if sample:
        yield (
            f"The embedding was computed from {sample.rows:,} of {sample.total:,} images, spread over the recordings;"
            f" the others were placed among them. Groups with fewer than about {SEEN_FROM} images in the sample may be"
            f" missed: 1 in {max(1, round(sample.rows / SEEN_FROM)):,}."
        )


def _describe_odd(odd: Mapping[str, str]) -> Iterator[str]:
    for what, count in Counter(odd.values()).items():
        subject = "1 image is" if count == 1 else f"{count:,} images are"
        yield f"{subject} {ODDITIES.get(what, what)}: {preview([name for name in odd if odd[name] == what])}."


def _describe_scaled(scaled: Mapping[str, int]) -> Iterator[str]:
    for span, count in scaled.items():
        subject = "1 image has" if count == 1 else f"{count:,} images have"
        yield (
            f"{subject} greys of more than 8 bits that do not use all of 16: values from {span} were scaled to black"
            " and white, for all images alike."
        )


def _describe_sizes(sizes: Mapping[str, int]) -> Iterator[str]:
    (usual, _), *others = sorted(sizes.items(), key=lambda size_and_count: -size_and_count[1]) or [("", 0)]
    if others:
        counts = [f"{count:,} of {size}" for size, count in others]
        total = sum(count for _, count in others)
        images = "1 image is" if total == 1 else f"{total:,} images are"
        yield f"{images} of another size than {usual} pixels: {preview(counts)}."
