"""A widget by its key in the session, and the one object of a class that a session has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

import attrs
import streamlit as st

KEPT: Final = "session"
"""What widgets are told that keep their content while another page is shown, as `persist_state`."""
S = TypeVar("S")
T = TypeVar("T")


@attrs.frozen
class Widget(Generic[T]):
    """A widget of a page, by its key in the session."""

    key: str

    @property
    def is_known(self) -> bool:
        """Whether the session has the content of the widget."""
        return self.key in st.session_state

    @property
    def content(self) -> T:
        """What a person set."""
        content: T = st.session_state[self.key]
        return content

    def set(self, content: T) -> None:
        """Set the content, before the widget is shown."""
        st.session_state[self.key] = content


def must_begin_anew(choices: Widget[T | str], choice: T) -> bool:
    """Return whether a list needs another key to follow a choice that was made elsewhere.

    With the old key, what the browser still sends of the list would be a choice. A text, which Streamlit gives for an
    entry whose title has changed or that has vanished, is none: the list then follows where it is, open or not.
    """
    if not choices.is_known or choices.content == choice:
        return False
    if isinstance(choices.content, str):
        choices.set(choice)
        return False
    return True


def recall_object(cls: type[S], scope: str, create: Callable[[], S]) -> S:
    """Return the one object of a class that this session has for a scope."""
    key = f"state of {cls.__name__} {scope}"
    if key not in st.session_state:
        st.session_state[key] = create()
    state: S = st.session_state[key]
    return state
