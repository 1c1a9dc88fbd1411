"""The datasets that a person had open, the last one first: remembered on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from covey.frontend import make_folder, user_data_folder, write_text

MOST = 12
NAME = "recents.json"


def list_recent_datasets() -> list[str]:
    """Return the locations; none if they cannot be read."""
    try:
        locations = json.loads(_recents_file().read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [str(location) for location in locations][:MOST] if isinstance(locations, list) else []


def remember_dataset(location: str) -> None:
    """Put a location first.

    Raises:
        CoveyError: the user's data folder cannot be written.
    """
    locations = list_recent_datasets()
    if locations[:1] != [location]:
        other_locations = [recent for recent in locations if recent != location]
        make_folder(_recents_file().parent)
        write_text(_recents_file(), json.dumps([location, *other_locations][:MOST], ensure_ascii=True, indent=1) + "\n")


def _recents_file() -> Path:
    return user_data_folder() / NAME
