"""What a session remembers of the forms of components."""

from __future__ import annotations

from typing import Any

import attrs
import streamlit as st

from covey_dashboard.state.widget import Widget, recall_object


@attrs.frozen
class CurveState:
    """The curve of one option of a form."""

    key: str

    def read_value(self) -> object:
        """Return the value that a person set on the curve."""
        setting: object = st.session_state[self.key]["set"]
        return setting


@attrs.frozen
class OptionState:
    """The widgets of one option of a form."""

    key: str

    @property
    def value(self) -> Widget[Any]:
        """The widget of the value."""
        return Widget(self.key)

    @property
    def is_none(self) -> Widget[bool]:
        """The box that means none."""
        return Widget(f"{self.key}.none")

    @property
    def list_key(self) -> str:
        """The key of the button that lists the choices."""
        return f"{self.key}.list"

    @property
    def curve(self) -> CurveState:
        """The curve under the widget."""
        return CurveState(f"{self.key}.curve")

    def recall_choices(self) -> ListedChoices:
        """Return the choices that were listed last."""
        return recall_object(ListedChoices, self.key, ListedChoices)


@attrs.define(eq=False)
class ListedChoices:
    """The choices that were listed for an option, with the settings of the options before it."""

    settings: dict[str, Any] = attrs.field(factory=dict)
    choices: list[Any] = attrs.field(factory=list)
    remarks: dict[Any, str] = attrs.field(factory=dict)
