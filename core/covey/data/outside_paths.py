"""What leads out of a dataset: links and pointers, which count only if this user's covey wrote them.

A folder from somebody else may hold a link to any file of the user's, and publishing the dataset would send that file.
What covey wrote itself is remembered in the user's data folder, out of reach of whoever made the dataset.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import make_folder, write_text
from covey._base.user_folders import user_data_folder


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether a path in a folder leads, through links, to a place outside it, or nowhere at all."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # too long, no text, a link to itself
        return True


def is_link_outside(path: Path, folder: Path) -> bool:
    """Whether an entry of a folder is a link to a place outside it; quick for entries that are no links."""
    return path.is_symlink() and leads_outside(path, folder)


def refuse_outside_folders(folder: Path, dataset: Path) -> None:
    """Check that a folder that is to be written in, and all folders in it, lie in the dataset.

    Raises:
        CoveyError: a link among them leads out of the dataset.
    """
    inner = [Path(parent, name) for parent, names, _ in os.walk(folder) for name in names]
    for path in [folder, *(path for path in inner if path.is_symlink())]:
        if leads_outside(path, dataset):
            raise CoveyError(
                f"{path} is a link that leads out of {dataset}, and nothing is written or deleted through it: put a"
                " folder in its place, or name the folder to which it leads."
            )


def remember_pointer(location: str, token: str) -> None:
    """Remember that this user's covey wrote a pointer to images, with a token that nobody else can guess.

    Raises:
        CoveyError: the user's data folder cannot be written.
    """
    record = _record(location, token)
    if not record.exists():
        make_folder(record.parent)
        write_text(record, json.dumps({"images": location}))


def is_remembered(location: str, token: str) -> bool:
    """Whether this user's covey wrote that pointer; it may have been moved since, together with the images."""
    return _record(location, token).exists()


def _record(location: str, token: str) -> Path:
    return user_data_folder() / "pointers" / f"{digest([location, token])[:32]}.json"
