"""Say what a command does not take along."""

from __future__ import annotations

from covey._base.progress import Progress
from covey.data.dataset import Dataset


def note_left_out(dataset: Dataset, progress: Progress) -> None:
    """Name what lies in a dataset but leads out of it: it is neither published nor copied nor shown."""
    for sentence in dataset.left_out:
        progress.note(sentence)
