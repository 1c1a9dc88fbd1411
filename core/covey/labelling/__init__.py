"""The labels that people give to images: kept with their history, taken home as tables."""

from covey.labelling.changes import NOTHING_THERE, Labelled
from covey.labelling.classes import LabelClass
from covey.labelling.history import Action
from covey.labelling.label_copy import copy_labels
from covey.labelling.store import LabelStore, label_path, open_labels, open_labels_read_only
from covey.labelling.user_copies.return_labels import LabelPlace, locate_labels

__all__ = [
    "NOTHING_THERE",
    "Action",
    "LabelClass",
    "LabelPlace",
    "LabelStore",
    "Labelled",
    "copy_labels",
    "label_path",
    "locate_labels",
    "open_labels",
    "open_labels_read_only",
]
