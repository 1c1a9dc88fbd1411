"""Dated copies of a label file: one for each day on which it was changed, from before the first change of the day."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from covey._base.errors import CoveyError
from covey._base.files import WORK, create_file, make_folder, refuse_links
from covey.labelling.database import read_sound_contents

MOST_BACKUPS = 14
_NAME = re.compile(r"labels-\d{4}-\d\d-\d\d\.sqlite")


def list_backups(path: Path) -> list[Path]:
    """Return the backups of a label file, the oldest first. Raises CoveyError when a link lies among them."""
    folder = _folder(path)
    if folder.parent.is_symlink():
        raise CoveyError(f"{folder.parent} is a link, and covey makes none there: delete it.")
    refuse_links(folder)
    return sorted(file for file in folder.iterdir() if _NAME.fullmatch(file.name)) if folder.is_dir() else []


def back_up_once_a_day(path: Path, patience: float) -> None:
    """Copy a label file if it has no backup of today, and remove all but the latest backups.

    Raises:
        CoveyError: the file is held or damaged, or the backup cannot be written.
    """
    backup = _folder(path) / f"labels-{datetime.now(UTC):%Y-%m-%d}.sqlite"
    backups = list_backups(path)
    if backup in backups or not path.exists():
        return
    contents = read_sound_contents(path, patience)
    make_folder(backup.parent)
    create_file(backup, contents)
    for old in [file for file in backups if file != backup][: -(MOST_BACKUPS - 1)]:
        old.unlink(missing_ok=True)


def _folder(path: Path) -> Path:
    return path.parent / WORK / "labels"
