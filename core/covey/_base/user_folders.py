"""Where covey keeps on this machine what belongs to no one dataset folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_data_folder() -> Path:
    """Return the folder for a person's own data; `COVEY_HOME` names another one. It need not exist."""
    if given := os.environ.get("COVEY_HOME"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "covey"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "covey"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "covey"
