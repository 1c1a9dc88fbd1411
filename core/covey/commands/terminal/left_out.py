"""Say what a command does not take along."""

from __future__ import annotations

from covey._base.progress import Progress
from covey.data.dataset import Dataset


def note_left_out(dataset: Dataset, progress: Progress) -> None:
    """Name what lies in a dataset but leads out of it: it is neither published nor copied nor shown."""
    for sentence in [*dataset.left_out, *describe_confirmation(dataset)]:
        progress.note(sentence)


def describe_confirmation(dataset: Dataset) -> list[str]:
    """Return how to say where the images of a dataset lie, if they lie outside it."""
    folder = dataset.unconfirmed_images
    return [f"If these are its images: covey info {dataset.location} --images {folder}"] if folder else []
