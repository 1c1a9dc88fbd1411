"""What a page says of labels that cannot be read, and, where they are damaged, two ways to repair them."""

from __future__ import annotations

import streamlit as st

from covey import CoveyError
from covey.frontend import DamagedLabels, repair_dataset_labels
from covey_dashboard.data.datasets import dataset_at
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import LabelNoticeState
from covey_dashboard.widgets.messages import show_problem


def show_label_problem(error: CoveyError, location: str) -> None:
    """Show what went wrong; if the labels of the dataset are damaged, offer to repair them, but not to visitors."""
    show_problem(str(error))
    if not isinstance(error, DamagedLabels) or is_read_only():
        return
    with st.container(horizontal=True):
        is_salvage = st.button("Repair: save what can be read", key=LabelNoticeState.salvage_key)
        is_backup = st.button("Repair: take the latest backup", key=LabelNoticeState.backup_key)
    st.caption("The damaged file stays beside the repaired one under another name.")
    if is_salvage or is_backup:
        repair(location, from_backup=is_backup)
        st.rerun()


def repair(location: str, from_backup: bool) -> None:
    """Repair the labels of a dataset; every page says what came of it."""
    try:
        sentence = repair_dataset_labels(dataset_at(location), from_backup)
    except CoveyError as error:
        sentence = str(error)
    LabelNoticeState.recall().add(location, [sentence])
