"""What is known of the images of a dataset: their recordings and the columns of the metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from covey import Labels
from covey.frontend import NOISE, Metadata, Value, read_metadata, recordings_of_images
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import OpenEmbedding, dataset_at, image_folder, load_embedding, looks_at_files

METADATA_TTL = 60
"""Seconds after which the metadata of a dataset are read again."""


@attrs.frozen(kw_only=True, eq=False)
class ImageMetadata:
    """What is known of images: in words, and in each of the `columns` a value for each of `names`."""

    description: str
    names: Sequence[str]
    columns: Mapping[str, Sequence[Value]]


@looks_at_files
@cached(ttl=METADATA_TTL)  # no spinner: the server asks too, outside of any page
def dataset_metadata(location: str) -> Metadata:
    """Return the metadata of a dataset.

    Raises:
        CoveyError: the file cannot be read.
    """
    return read_metadata(dataset_at(location))


@cached(spinner="Reading the metadata", max_entries=2, ttl=METADATA_TTL)
def describe_images(location: str, opened: OpenEmbedding | None) -> ImageMetadata:
    """Return what is known of the images of an embedding, or, without one, of all images of a dataset.

    Raises:
        CoveyError: a file cannot be read.
    """
    names, table = list_image_names(location, opened), dataset_metadata(location)
    return ImageMetadata(description=table.describe(names), names=names, columns=table.of(names))


def list_image_names(location: str, opened: OpenEmbedding | None) -> list[str]:
    """Return the names of the images of an embedding, or, without one, of all images of a dataset, sorted.

    Raises:
        CoveyError: a file cannot be read.
    """
    if opened:
        names: list[str] = load_embedding(opened).names.tolist()
        return names
    folder = image_folder(location)
    return sorted(folder.walk()) if folder else []


@cached(max_entries=4)
def recording_codes(opened: OpenEmbedding) -> tuple[Labels, list[str]]:
    """Return the recording of each image as a number (n,) int32, -1 if unknown, and the names of the recordings."""
    names = load_embedding(opened).names.tolist()
    return encode_groups(recording_names(names))


def recording_names(names: Sequence[str]) -> list[str]:
    """Return the recording of each image, "" if unknown."""
    recording_by_image = recordings_of_images(names)
    return [recording_by_image.get(name, "") for name in names]


def encode_groups(values: Sequence[str]) -> tuple[Labels, list[str]]:
    """Return texts as numbers (n,) int32, -1 for an empty text, and the text of each number."""
    names = sorted({*values} - {""})
    code_by_name = {name: code for code, name in enumerate(names)}
    return np.array([code_by_name.get(value, NOISE) for value in values], dtype=np.int32), names
