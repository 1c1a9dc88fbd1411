"""Say where the labels of a dataset are, if they are not in it, and that they came back."""

from __future__ import annotations

from covey._base.terminal_progress import TerminalProgress, print_text
from covey.data.dataset import Dataset
from covey.labelling import locate_labels
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


def open_labelled_dataset(location: str) -> Dataset:
    """Open a dataset, bring labels back to it that are kept with the user, and say so. Raises CoveyError."""
    dataset = open_dataset(Registry.installed(), location, TerminalProgress())
    for sentence in locate_labels(dataset).sentences:
        print_text(sentence, err=True)
    return dataset
