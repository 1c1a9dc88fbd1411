"""What a session remembers of the page Labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import streamlit as st

from covey_dashboard.state.widget import Widget, recall_object

if TYPE_CHECKING:
    from covey.authoring import Exporter
    from covey.frontend import LabelImport
    from covey_dashboard.pages.labels.labels_overview import ImageChoice


@attrs.frozen(eq=False)
class PreparedExport:
    """Files that an exporter wrote, as one ZIP archive for the browser."""

    exporter: Exporter
    zip_bytes: bytes
    file_count: int


@attrs.define(eq=False)
class LabelsState:
    """The page Labels: whose images are shown, None before the first time; the last import and export of datasets.

    `list_round` makes the list of choices begin anew. `report_by_location` says what the last import brought.
    """

    choice: ImageChoice | None = None
    list_round: int = 0
    import_by_location: dict[str, LabelImport] = attrs.field(factory=dict)
    export_by_location: dict[str, PreparedExport] = attrs.field(factory=dict)
    report_by_location: dict[str, str] = attrs.field(factory=dict)

    classes_key = "labels.classes"
    gallery_key = "labels.gallery"
    upload_key = "labels.upload"
    exporter_key = "labels.exporter"
    importer_key = "labels.importer"
    prepare_key = "labels.prepare"
    remove_key = "labels.remove"
    confirm_key = "labels.confirm"
    drop_key = "labels.drop"
    action_key = "labels.action"
    turn_key = "labels.turn"

    @classmethod
    def recall(cls) -> LabelsState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)

    @property
    def choices(self) -> Widget[ImageChoice | str]:
        """The list of choices; Streamlit gives a text for an entry that has vanished from it meanwhile."""
        return Widget(f"labels.choices {self.list_round}")

    def read_clicked_class(self) -> str:
        """Return the class that a person clicked in the list."""
        return str(st.session_state[self.classes_key]["chosen"])

    @staticmethod
    def form_key(name: str) -> str:
        """Return the key of the form of an exporter or importer."""
        return f"labels.form {name}"

    @staticmethod
    def upload_key_of(name: str) -> str:
        """Return the key of the files for an importer."""
        return f"labels.upload {name}"

    @staticmethod
    def name(label: str) -> Widget[str]:
        """Return the field for the name of a class."""
        return Widget(f"labels.name {label}")

    @staticmethod
    def colour(label: str, colour: str) -> Widget[str]:
        """Return the field for the colour of a class, which begins anew when the colour is changed elsewhere."""
        return Widget(f"labels.colour {label} {colour}")

    @staticmethod
    def merge_key(label: str) -> str:
        """Return the key of the list of classes into which a class can be merged."""
        return f"labels.merge {label}"
