"""The folders of this machine that a person may look through in the browser for a dataset.

Whoever has the token may open any folder by typing its path; looking around is limited to where people keep data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from covey import CoveyError
from covey_dashboard.server.read_only import list_shown_locations, refuse_if_read_only

_MEDIA = ("/media", "/run/media", "/mnt", "/Volumes")
"""Where systems show cards and drives."""


def list_roots() -> list[Path]:
    """Return the folders below which a person may look: home, the one around the first dataset, cards and drives.

    Raises:
        CoveyError: the dashboard is read-only.
    """
    refuse_if_read_only()
    candidates = [Path.home(), *_first_folder(), *map(Path, _MEDIA), *_drives()]
    return [root for root in dict.fromkeys(candidates) if root.is_dir() and _is_filled(root)]


def list_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, by name; hidden ones, and links that lead out of the roots, are left out.

    Raises:
        CoveyError: it lies outside the roots, or cannot be read.
    """
    check_allowed(folder)
    roots = [root.resolve() for root in list_roots()]
    try:
        children = sorted(folder.iterdir(), key=lambda path: path.name.casefold())
    except OSError as error:
        raise CoveyError(f"{folder} cannot be read: choose another folder.") from error
    return [path for path in children if not path.name.startswith(".") and _is_allowed(path, roots)]


def check_allowed(folder: Path) -> None:
    """Raise CoveyError if a folder lies outside the roots, behind links too."""
    roots = [root.resolve() for root in list_roots()]
    if not _is_allowed(folder, roots):
        raise CoveyError(f"{folder} lies outside the folders that can be looked through: type its path instead.")


def _is_allowed(folder: Path, roots: list[Path]) -> bool:
    with suppress(OSError):
        return folder.is_dir() and any(folder.resolve().is_relative_to(root) for root in roots)
    return False


def _is_filled(root: Path) -> bool:
    with suppress(OSError):
        return any(root.iterdir())
    return False


def _first_folder() -> Iterator[Path]:
    yield from (Path(location).absolute().parent for location in list_shown_locations() if Path(location).is_dir())
    if Path.cwd() != Path(Path.cwd().anchor):
        yield Path.cwd()


def _drives() -> Iterator[Path]:
    """Yield the drives of Windows."""
    if os.name == "nt":
        yield from (Path(f"{letter}:\\") for letter in "CDEFGHIJKLMNOPQRSTUVWXYZ")
