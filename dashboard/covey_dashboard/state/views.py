"""What a session remembers of galleries and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import streamlit as st

from covey_dashboard.state.widget import recall_object

if TYPE_CHECKING:
    from covey_dashboard.widgets.gallery import GalleryContent


@attrs.define(eq=False)
class GalleryState:
    """One gallery: what it shows, the version of its images that the browser was given last, and what became of a
    folder of recordings that was named.
    """

    key: str
    content: GalleryContent | None = None
    image_version: str = ""
    notice: str = ""

    @classmethod
    def recall(cls, key: str) -> GalleryState:
        """Return the state of this session for a gallery."""
        return recall_object(cls, key, lambda: cls(key))

    @property
    def order_key(self) -> str:
        """The key of the list of orders."""
        return f"{self.key}.order"

    def read_answer(self) -> Any:
        """Return which images are taken out, as the browser says it; None if it has said nothing."""
        return st.session_state.get(self.key, {}).get("out")


@attrs.frozen
class MapState:
    """One map, whose points are sent before it is shown."""

    key: str

    @property
    def points_key(self) -> str:
        """The key of the component that takes the points."""
        return f"{self.key}_points"

    @property
    def container_key(self) -> str:
        """The key of what is around that component, by which the style sheet hides it."""
        return f"points_{self.key}"

    def read_pick(self) -> object:
        """Return what a person picked, as the browser says it."""
        pick: object = st.session_state[self.key]["picked"]
        return pick


@attrs.frozen
class FilterState:
    """The bars that filter images."""

    key: str

    def read_click(self) -> object:
        """Return which bar a person clicked, as the browser says it."""
        click: object = st.session_state[self.key]["clicked"]
        return click
