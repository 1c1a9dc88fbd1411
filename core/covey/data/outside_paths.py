"""What leads out of a dataset: links and pointers, which count only if this user's covey wrote them.

A folder from somebody else may hold a link to any file of the user's, and publishing the dataset would send that file.
What covey wrote itself is remembered in the user's data folder, out of reach of whoever made the dataset.
"""

from __future__ import annotations

import json
from pathlib import Path

from covey._base.digests import digest
from covey._base.files import make_folder, write_text
from covey._base.user_folders import user_data_folder


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether a path in a folder leads, through links, to a place outside it."""
    return not path.resolve().is_relative_to(folder.resolve())


def remember_images(dataset: Path, images: Path) -> None:
    """Remember that the images of a dataset lie in a folder outside it, because this user said so.

    Raises:
        CoveyError: the user's data folder cannot be written.
    """
    record = _record(dataset, images)
    if not record.exists():
        make_folder(record.parent)
        write_text(record, json.dumps({"dataset": str(dataset.resolve()), "images": str(images.resolve())}, indent=2))


def are_remembered(dataset: Path, images: Path) -> bool:
    """Whether this user's covey placed the images of a dataset in that folder."""
    return _record(dataset, images).exists()


def _record(dataset: Path, images: Path) -> Path:
    return user_data_folder() / "image_folders" / f"{digest([str(dataset.resolve()), str(images.resolve())])[:32]}.json"
