"""The labels of a dataset as the person at this window sees and changes them, on all pages."""

from __future__ import annotations

import attrs
from streamlit.runtime.scriptrunner import get_script_run_ctx

from covey.frontend import LabelStore, copy_labels
from covey_dashboard.data.datasets import dataset_at
from covey_dashboard.data.labels import ObservedLabels, observe_together, open_shared_labels
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import PersonState, VisitState


def label_store(location: str) -> LabelStore:
    """Return the labels of a dataset, in read-only mode a copy for this visit; undo concerns what this person did.

    Somebody without a name is somebody else in each window.

    Raises:
        CoveyError: the dataset cannot be opened.
    """
    store = _visit_store(location) if is_read_only() else open_shared_labels(location)
    person, context = PersonState.recall(), get_script_run_ctx()
    window = context.session_id if context else ""
    return attrs.evolve(store, session=person.session or window, author=person.name)


def observe_labels(location: str) -> ObservedLabels:
    """Look at the labels of a dataset and at the labelled images. Raises CoveyError."""
    return ObservedLabels.of(label_store(location))


def observe_labels_together(location: str) -> ObservedLabels:
    """Look at the labels of a dataset on a page where many people change them at once. Raises CoveyError."""
    return observe_together(label_store(location))


def _visit_store(location: str) -> LabelStore:
    """Return the labels that a visitor sees, with those that this visitor gave: they are gone when the visit ends."""
    visit = VisitState.recall()
    if location not in visit.store_by_location:
        visit.store_by_location[location] = copy_labels(dataset_at(location))
    return visit.store_by_location[location]
