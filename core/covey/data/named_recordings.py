"""A person says where the recordings of a dataset lie."""

from __future__ import annotations

from pathlib import Path

from covey.data.dataset import Dataset
from covey.data.pointer import POINTER, point_to_recordings
from covey.data.recording_files import find_recordings


def name_recordings(dataset: Dataset, folder: Path) -> None:
    """Remember that the recordings of a dataset lie in a folder, before others that it has.

    Which recording is which is known after the next `look_at_dataset`.

    Raises:
        CoveyError: it is no folder, holds no recordings, or that cannot be written down.
    """
    find_recordings(folder)
    point_to_recordings(dataset.home, folder)
    dataset.keep(dataset.home / POINTER)
