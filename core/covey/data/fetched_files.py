"""Files that come from elsewhere: which of their names are allowed, and whether there is room for them."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from covey._base.errors import CoveyError
from covey.data.images import escapes_folder

_UNPORTABLE = re.compile(r"[\x00-\x1f]|[. ](/|$)|//")
"""Parts of names that some operating systems interpret differently."""
_NOT_ON_WINDOWS = re.compile(r"(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.[^/]*)?(/|$)|:", re.IGNORECASE)
"""Names of devices and of streams inside files."""


def is_portable_name(name: str) -> bool:
    """Whether a name, relative to a folder, stays in it and means the same on every system."""
    return not (escapes_folder(name) or _UNPORTABLE.search(name))


def is_allowed_name(name: str) -> bool:
    """Whether a file of this name is copied to this machine: it is not hidden, and this system can write it."""
    is_hidden = any(part.startswith(".") for part in name.split("/"))
    return not is_hidden and not (sys.platform == "win32" and _NOT_ON_WINDOWS.search(name))


def check_room(needed_bytes: int, folder: Path, what: str) -> None:
    """Check that a disk has room for files.

    Args:
        needed_bytes: the size of all files together.
        folder: where they are to lie; it exists.
        what: what they are, for the message.

    Raises:
        CoveyError: there is not enough room.
    """
    free_bytes = shutil.disk_usage(folder).free
    if needed_bytes > free_bytes:
        shortage = f"{what} takes {needed_bytes / 1e9:,.1f} GB, and {folder} has {free_bytes / 1e9:,.1f} GB left"
        raise CoveyError(f"{shortage}: make room, or set COVEY_HOME to another folder.")
