"""A person says in the browser where the recordings are."""

from __future__ import annotations

from pathlib import Path

from covey import CoveyError
from covey.frontend import Dataset, TerminalProgress, count_noun, look_at_dataset, name_recordings
from covey_dashboard.server.read_only import refuse_if_read_only


def use_recordings(dataset: Dataset, folder: str) -> str:
    """Remember that the recordings of a dataset lie in a folder, look at them, and say how many images can be played.

    Args:
        dataset: whose recordings they are.
        folder: as a person writes it, with "~" or in quotes too.

    Raises:
        CoveyError: it is no folder, holds no recordings, or not those of the images; or the dashboard is read-only.
    """
    refuse_if_read_only()
    path = _expand(folder.strip().strip("\"'"))
    name_recordings(dataset, path)
    images = dataset.images
    clips = look_at_dataset(dataset, images, TerminalProgress()).clips if images else None
    if clips is None or not clips.images:
        raise CoveyError(f"The recordings in {path} are not those of these images: name another folder.")
    return f"{count_noun(clips.images, 'image')} can be played now, of {count_noun(clips.recordings, 'recording')}."


def _expand(folder: str) -> Path:
    """Return a folder whose path may begin with a user's home. Raises CoveyError."""
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise CoveyError(f"There is no user of that name, and so no folder {folder}: write the whole path.") from error
