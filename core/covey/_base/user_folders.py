"""Where covey stores a user's data on this machine, outside all datasets."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path


def user_data_folder() -> Path:
    """Return the folder for the user's own data, which may not exist yet; `COVEY_HOME` overrides it."""
    home = os.environ.get("COVEY_HOME")
    return Path(home) if home else user_data_path("covey", appauthor=False)


def user_cache_folder() -> Path:
    """Return the folder for what can be computed again, which may not exist yet; `COVEY_HOME` overrides it."""
    home = os.environ.get("COVEY_HOME")
    return Path(home) / "cache" if home else user_cache_path("covey", appauthor=False)
