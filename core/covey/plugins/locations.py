"""Locations: where a dataset lies, as a person writes it."""

from __future__ import annotations

from pathlib import Path

from covey._base.progress import SILENT, Progress
from covey.components.contracts import Storage
from covey.components.kinds import Kind
from covey.data.dataset import Dataset
from covey.plugins.registry import Registry

DEFAULT_SCHEME = "npz"


def open_dataset(registry: Registry, location: str, progress: Progress = SILENT) -> Dataset:
    """Open the dataset at a location: `npz:birds`, `kaggle:owner/name`, or just a folder.

    What lies elsewhere is brought to this machine first. Raises CoveyError.
    """
    storage, place = resolve(registry, location)
    storage.fetch(place, progress)
    return storage.open(place)


def create_dataset(registry: Registry, location: str, images: Path) -> Dataset:
    """Open the dataset at a location, made if need be, and let it remember where its images are. Raises CoveyError."""
    storage, place = resolve(registry, location)
    return storage.create(place, images)


def resolve(registry: Registry, location: str) -> tuple[Storage, str]:
    """Return the storage of a location and the place in it.

    A scheme is one only if a registered storage bears that name, so that a Windows path is a folder. Raises CoveyError.
    """
    scheme, colon, place = location.partition(":")
    if not colon or scheme not in {item.name for item in registry.of_kind(Kind.STORAGE)}:
        scheme, place = DEFAULT_SCHEME, location
    return registry.get(Kind.STORAGE, scheme)(), place
