"""The datasets that a person had open, the last one first: remembered on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from covey.frontend import make_folder, user_data_folder, write_text

MOST = 12
NAME = "recents.json"


def recents() -> list[str]:
    """Return the locations; none where nothing can be read."""
    try:
        locations = json.loads(_file().read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [str(location) for location in locations][:MOST] if isinstance(locations, list) else []


def remember(location: str) -> None:
    """Put a location first. Raises CoveyError when this person's data cannot be written."""
    earlier = recents()
    if earlier[:1] != [location]:
        rest = [other for other in earlier if other != location]
        make_folder(_file().parent)
        write_text(_file(), json.dumps([location, *rest][:MOST], ensure_ascii=True, indent=1) + "\n")


def _file() -> Path:
    return user_data_folder() / NAME
