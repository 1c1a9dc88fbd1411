"""What `covey.json` in a dataset says: where its images and recordings lie, if elsewhere.

Places outside the dataset count only if this user's covey wrote them there: see `outside_paths`.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey._base.files import read_text, write_text
from covey.data.outside_paths import is_remembered, remember_pointer

POINTER = "covey.json"


@attrs.frozen
class Pointer:
    """Where images and recordings lie, relative to the dataset, and the token by which a user knows these places."""

    home: Path
    images: str = ""
    recordings: tuple[str, ...] = ()
    token: str = ""

    def is_ours(self, location: str) -> bool:
        """Whether this user's covey wrote that location."""
        return is_remembered(location, self.token)

    def resolve(self, location: str) -> Path:
        """Return the folder at a location."""
        return Path(os.path.normpath(self.home / location))

    @property
    def locations(self) -> tuple[str, ...]:
        """All places that it names."""
        return (*filter(None, [self.images]), *self.recordings)


def point_to_images(home: Path, folder: Path) -> None:
    """Write down that the images of a dataset lie in a folder, and remember that its user said so.

    Raises:
        CoveyError: it cannot be written, or remembered.
    """
    location, earlier = _locate(home, folder), read_pointer(home) or Pointer(home)
    _write(attrs.evolve(earlier, images=location), earlier, location)


def point_to_recordings(home: Path, folder: Path) -> None:
    """Write down that the recordings of a dataset lie in a folder, before others that it has; else as for images."""
    location, earlier = _locate(home, folder), read_pointer(home) or Pointer(home)
    others = tuple(place for place in earlier.recordings if place != location)
    _write(attrs.evolve(earlier, recordings=(location, *others)), earlier, location)


def _write(pointer: Pointer, earlier: Pointer, confirmed: str) -> None:
    """Write a pointer, and remember the place that its user has confirmed with those confirmed before."""
    if pointer == earlier and earlier.is_ours(confirmed):
        return
    token = secrets.token_hex(16)
    for location in pointer.locations:
        if location == confirmed or earlier.is_ours(location):
            remember_pointer(location, token)
    document = {"images": pointer.images, "recordings": list(pointer.recordings), "token": token}
    filled = {name: places for name, places in document.items() if places}
    write_text(pointer.home / POINTER, json.dumps(filled, indent=2) + "\n")


def _locate(home: Path, folder: Path) -> str:
    """Return where a folder lies, relative to the dataset if they are on the same drive."""
    try:
        return Path(os.path.relpath(folder.resolve(), home.resolve())).as_posix()
    except ValueError:  # another drive
        return folder.resolve().as_posix()


def read_pointer(home: Path) -> Pointer | None:
    """Return the pointer of a dataset, None if it has none.

    Raises:
        CoveyError: it is damaged.
    """
    path = home / POINTER
    if not path.is_file():
        return None
    try:
        document = json.loads(read_text(path))
        recordings = tuple(map(str, document.get("recordings", ())))
        images, token = str(document.get("images", "")), str(document.get("token", ""))
        if not images and not recordings:
            raise ValueError("it names no folder")
    except (OSError, ValueError, RecursionError, TypeError, AttributeError) as error:
        raise CoveyError(
            f"{path} is damaged: delete it, and choose the folder again on the page Start of the dashboard, or for"
            " covey run."
        ) from error
    return Pointer(home, images, recordings, token)
