"""The SHA-256 of images, read only where the index of the last run does not have it."""

from __future__ import annotations

import stat
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from covey._base.digests import hash_file
from covey.data.images import ImageFolder, escapes_folder, read_index

INDEX = "images.json"
"""What the images contained at the last run, in the work folder of a dataset."""
Stamp = tuple[int, int, int]
"""Size and times (ns) of a file: modification, and change by the system."""


def hash_images(images: ImageFolder, names: Collection[str]) -> dict[str, str]:
    """Return the SHA-256 of each of these images that is there and can be read."""
    indexed = _read_indexed(images.work / INDEX) if images.work and names else {}
    contents = {}
    for name in names:
        path = f"{images.root}/{name}"
        stamp = None if escapes_folder(name) else _read_stamp(path)
        if stamp is None:
            continue
        indexed_stamp, content = indexed.get(name, (None, ""))
        if indexed_stamp != stamp or not content:
            content = _hash_stamped(path, stamp)
        if content:
            contents[name] = content
    return contents


def _read_stamp(path: str) -> Stamp | None:
    """Return the stamp of a regular file, None if there is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    regular = stat.S_ISREG(status.st_mode)
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns) if regular else None


def _read_indexed(index_file: Path) -> dict[str, tuple[Stamp, str]]:
    stamp = _read_stamp(str(index_file))
    return _read_index_at(index_file, stamp) if stamp else {}


@lru_cache(maxsize=2)
def _read_index_at(index_file: Path, _stamp: Stamp) -> dict[str, tuple[Stamp, str]]:
    """Return the stamp and SHA-256 of each image in the index, which is read again once its stamp differs."""
    return {file.name: ((file.bytes, file.time, file.changed), file.content) for file in read_index(index_file)}


@lru_cache(maxsize=200_000)
def _hash_stamped(path: str, _stamp: Stamp) -> str:
    """Return the SHA-256 of a file, "" if it cannot be read; it is read again once its stamp differs."""
    try:
        return hash_file(Path(path))
    except OSError:
        return ""
