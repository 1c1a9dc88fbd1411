"""The labels that people give to images: kept with their history, taken home as tables."""

from covey.labelling.changes import NOTHING_THERE, Labelled
from covey.labelling.classes import LabelClass
from covey.labelling.history import Action
from covey.labelling.store import LabelStore, label_path, open_labels, open_labels_read_only

__all__ = [
    "NOTHING_THERE",
    "Action",
    "LabelClass",
    "LabelStore",
    "Labelled",
    "label_path",
    "open_labels",
    "open_labels_read_only",
]
