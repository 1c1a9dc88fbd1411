"""The SHA-256 of images as they are now, read only where the catalogue does not have it."""

from __future__ import annotations

import stat
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

import numpy as np

from covey._base.digests import hash_file
from covey._base.errors import CoveyError
from covey.data.catalogue.catalogue import Catalogue
from covey.data.catalogue.image_rows import ImageRows, Stamps, format_content
from covey.data.catalogue.part_store import MANIFEST
from covey.data.images import ImageFolder, escapes_folder

_COLUMNS = ("name", "bytes", "time", "changed", "content")


def hash_images(images: ImageFolder, names: Collection[str]) -> dict[str, str]:
    """Return the SHA-256 of each of these images that is there and can be read."""
    stamps = {name: stamp for name in names if (stamp := _read_image_stamp(images, name))}
    if not stamps:
        return {}
    files = Stamps.of([(list(stamps), np.array(list(stamps.values()), np.int64))])
    catalogued = _find_catalogued(_read_catalogue(images), files)
    contents = {
        name: catalogued.get(name) or _hash_stamped(f"{images.root}/{name}", stamp) for name, stamp in stamps.items()
    }
    return {name: content for name, content in contents.items() if content}


def _find_catalogued(rows: ImageRows, files: Stamps) -> dict[str, str]:
    """Return the contents in the catalogue of those files that are as they were when it was made."""
    numbers = rows.locate(files.names)
    unchanged = rows.is_unchanged(files, numbers)
    contents = rows.numbers("content")[numbers[unchanged]] if unchanged.any() else ()
    return dict(zip(files.names.keep(unchanged).texts(), map(format_content, contents), strict=True))


def _read_image_stamp(images: ImageFolder, name: str) -> tuple[int, int, int] | None:
    """Return the stamp of an image, None if it is no regular file."""
    if escapes_folder(name):
        return None
    try:
        status = Path(f"{images.root}/{name}").stat()
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns) if stat.S_ISREG(status.st_mode) else None


def _read_catalogue(images: ImageFolder) -> ImageRows:
    catalogue = Catalogue(images)
    try:
        status = (catalogue.store.folder / MANIFEST).stat()
        return _read_catalogue_at(catalogue, (status.st_ino, status.st_mtime_ns, status.st_size))
    except (OSError, CoveyError):
        return ImageRows({})


@lru_cache(maxsize=2)
def _read_catalogue_at(catalogue: Catalogue, _stamp: tuple[int, int, int]) -> ImageRows:
    """Return what the catalogue says, which is read again once the stamp of its manifest differs."""
    return catalogue.rows(_COLUMNS)


@lru_cache(maxsize=200_000)
def _hash_stamped(path: str, _stamp: tuple[int, int, int]) -> str:
    """Return the SHA-256 of a file, "" if it cannot be read; it is read again once its stamp differs."""
    try:
        return hash_file(Path(path))
    except OSError:
        return ""
