"""Locations: where a dataset lies, as a person writes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey._base.progress import SILENT, Progress
from covey.components.contracts import Storage
from covey.components.kinds import Kind
from covey.data.dataset import Dataset
from covey.plugins.registry import Registry
from covey.plugins.user_config import read_user_storages

DEFAULT_SCHEME = "npz"


def open_dataset(
    registry: Registry, location: str, progress: Progress = SILENT, storages: Sequence[Storage] = ()
) -> Dataset:
    """Open the dataset at a location: `npz:birds`, `kaggle:owner/name`, or just a folder.

    What lies elsewhere is brought to this machine first.

    Args:
        registry: the installed components.
        location: where the dataset lies.
        progress: reports how far it is.
        storages: storages with their options, as in `resolve`.

    Raises:
        CoveyError: there is no dataset at the location, or it cannot be reached.
    """
    storage, place = resolve(registry, location, storages)
    storage.fetch(place, progress)
    return storage.open(place)


def create_dataset(registry: Registry, location: str, images: Path, storages: Sequence[Storage] = ()) -> Dataset:
    """Open the dataset at a location, made if need be, and let it remember where its images are.

    Args:
        registry: the installed components.
        location: where the dataset lies.
        images: the folder with its images.
        storages: storages with their options, as in `resolve`.

    Raises:
        CoveyError: the dataset can be neither opened nor made.
    """
    storage, place = resolve(registry, location, storages)
    return storage.create(place, images)


def resolve(registry: Registry, location: str, storages: Sequence[Storage] = ()) -> tuple[Storage, str]:
    """Return the storage of a location and the place in it.

    A scheme is one only if a registered storage bears that name, so that a Windows path is a folder.

    Args:
        registry: the installed components.
        location: where a dataset lies.
        storages: storages with their options; those that are not among them have the options that the user has set
            in `config.toml`, or else their defaults.

    Raises:
        CoveyError: the storage is not ready to work, or the user's settings are wrong.
    """
    cls, place = find_storage(registry, location)
    if cls.name == DEFAULT_SCHEME:
        return cls(), place
    for storage in (*storages, *read_user_storages(registry)):
        if type(storage) is cls:
            return storage, place
    return cls(), place


def find_storage(registry: Registry, location: str) -> tuple[type[Storage], str]:
    """Return the class of the storage of a location, and the place in it.

    Raises:
        CoveyError: the storage is not ready to work.
    """
    scheme, colon, place = location.partition(":")
    if not colon or scheme not in {registered.name for registered in registry.of_kind(Kind.STORAGE)}:
        scheme, place = DEFAULT_SCHEME, location
    return registry.get(Kind.STORAGE, scheme), place
