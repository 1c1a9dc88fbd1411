"""The labels that people give to images: kept with their history, taken home as tables."""

from covey.labelling.changes import Labelled
from covey.labelling.classes import LabelClass
from covey.labelling.history import Action
from covey.labelling.store import LabelStore, kept_labels, label_path, open_labels

__all__ = ["Action", "LabelClass", "LabelStore", "Labelled", "kept_labels", "label_path", "open_labels"]
