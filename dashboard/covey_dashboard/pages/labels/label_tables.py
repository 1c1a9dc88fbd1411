"""Tables of labels on the page Labels: those that a person takes home, and those that are brought."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from covey.frontend import LABELS_FILE, LabelImport, count_noun, import_labels, long_table, original_table
from covey_dashboard.current_labels import label_store
from covey_dashboard.data.datasets import dataset_at
from covey_dashboard.pages.labels.labels_overview import LabelsOverview
from covey_dashboard.pages.labels.other_programs import (
    LABEL_TABLES,
    choose_importer,
    name_files,
    report_import,
    show_export_form,
    show_import_form,
)
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.state import LabelsState
from covey_dashboard.widgets.messages import show_hint

MOST_ROWS = 1000
"""Rows that are named of those that were left out for one reason."""
LIST_HEIGHT = 260


def show_export(overview: LabelsOverview) -> None:
    """Offer the labels as tables."""
    write_image_table = partial(original_table, overview.store, overview.names)
    write_label_table = partial(long_table, overview.store)
    arguments: dict[str, Any] = {
        "icon": ":material/download:",
        "on_click": "ignore",
        "disabled": not overview.classes,
    }
    if count := len(overview.outdated.changed):
        verb = "is" if count == 1 else "are"
        show_hint(f"{count_noun(count, 'label')} given to other content {verb} not in these tables.")
    name = name_files(overview.location)
    st.download_button("One row for each image", write_image_table, f"{name}_{LABELS_FILE}", "text/csv", **arguments)
    st.caption("A column for each class: 1.0 for the images that have it, 0.0 for the others.")
    st.download_button("One row for each label", write_label_table, f"{name}_labels.csv", "text/csv", **arguments)
    st.caption("The image, its class, when it got it and how.")
    if overview.classes and not is_read_only():
        show_export_form(overview.location)


def show_import(location: str) -> None:
    """Offer to add labels from files, and say what became of the last table."""
    importer = choose_importer()
    if report := LabelsState.recall().report_by_location.get(location):
        show_hint(report)
    if importer.full_name != LABEL_TABLES:
        show_import_form(location, importer)
        return
    upload = st.file_uploader("Import either table", type="csv", key=LabelsState.upload_key)
    csv_bytes, shown_name = (upload.getvalue(), upload.name) if upload else (b"", "")
    st.button("Add its labels", disabled=upload is None, on_click=import_upload, args=(location, csv_bytes, shown_name))
    if label_import := LabelsState.recall().import_by_location.get(location):
        show_left_out(label_import)


def show_left_out(label_import: LabelImport) -> None:
    """Show the rows of a table that were left out, by reason; nothing if all were used."""
    left_out = label_import.balance.left_out
    if not left_out:
        return
    title = f"{count_noun(sum(map(len, left_out.values())), 'row')} left out"
    with st.expander(title), st.container(height=LIST_HEIGHT, border=False):
        for reason, names in left_out.items():
            more = len(names) - MOST_ROWS
            lines = [*names[:MOST_ROWS], *([f"and {more:,} more"] if more > 0 else [])]
            st.text("\n".join([f"{len(names):,} {reason}:", *(f"  {line}" for line in lines)]))


def import_upload(location: str, csv_bytes: bytes, shown_name: str) -> None:
    """Add the labels of a table that came from the browser, and keep what became of it.

    Args:
        location: of the dataset.
        csv_bytes: the table.
        shown_name: what it is called, which is nobody's path.
    """
    LabelsState.recall().import_by_location.pop(location, None)
    report_import(location, partial(_import_table, location, csv_bytes, shown_name))


def _import_table(location: str, csv_bytes: bytes, shown_name: str) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        path.write_bytes(csv_bytes)
        label_import = import_labels(dataset_at(location), label_store(location), path, shown_name)
    LabelsState.recall().import_by_location[location] = label_import
    return f"{shown_name}: {label_import.describe()}"
