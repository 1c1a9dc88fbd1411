"""What a session remembers of labelling, on every page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

import attrs
import streamlit as st

from covey.frontend import LabelStore
from covey_dashboard.state.widget import Widget, recall_object


@attrs.define(eq=False)
class ClassFieldState:
    """A component in which classes are named: the number of the last request that was answered.

    The browser numbers its requests, and sends each until it was answered.
    """

    key: str
    answered: int = 0

    @classmethod
    def recall(cls, key: str) -> ClassFieldState:
        """Return the state of this session for a component."""
        return recall_object(cls, key, lambda: cls(key))

    def read_name(self, subject: str, suggestion: str) -> str:
        """Return the name in the field: what is suggested for a subject, until a person changes it."""
        answer = self._read("name")
        return str(answer["name"]).strip() if answer and answer["subject"] == subject else suggestion

    def take_requests(self) -> list[Mapping[str, Any]]:
        """Return the requests that were not answered yet, which count as answered from now on."""
        requests = [request for request in self._read("requests") or () if request["id"] > self.answered]
        self.answered = max([self.answered, *(int(request["id"]) for request in requests)])
        return requests

    def _read(self, name: str) -> Any:
        return st.session_state.get(self.key, {}).get(name)


PERSON = "person "
"""What comes before the name of a person in the history, where windows of somebody without a name stand too."""
PERSON_COOKIE = "covey_person"
"""The cookie that holds the name of the person who uses a browser."""


@attrs.define(eq=False)
class PersonState:
    """The person who uses this browser, by a name of their own choice, "" for none.

    `is_new` until the browser remembers the name; `is_asked` once the person went on without one.
    """

    name: str
    is_new: bool = False
    is_asked: bool = False

    LONGEST: ClassVar = 60
    name_field = Widget[str]("person.name")
    first_field = Widget[str]("person.first")
    without_key = "person.without"
    cookie_key = "person.cookie"

    @classmethod
    def recall(cls) -> PersonState:
        """Return the state of this session, which begins with the name that the browser remembers."""
        return recall_object(cls, "", lambda: cls(_clean_name(unquote(st.context.cookies.get(PERSON_COOKIE, "")))))

    @property
    def session(self) -> str:
        """What tells the actions of a person from those of others, in all windows; "" for somebody without a name."""
        return f"{PERSON}{self.name}" if self.name else ""

    def take_name_from_field(self) -> None:
        """Remember the name in the field."""
        self._remember(self.name_field.content)

    def take_name_from_first_field(self) -> None:
        """Remember the name in the field with which a person is asked."""
        self._remember(self.first_field.content)

    def stop_asking(self) -> None:
        """Go on without a name."""
        self.is_asked = True

    def _remember(self, text: str) -> None:
        self.name, self.is_new = _clean_name(text), True


def _clean_name(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()[: PersonState.LONGEST]


@attrs.define(eq=False)
class LabelBarState:
    """The bar that labels, on every page that has it: what its last action did, "" for nothing yet."""

    report: str = ""
    has_failed: bool = False

    class_key = "label_bar.class"
    label_key = "label_bar.label"
    remove_key = "label_bar.remove"
    """Without a key of its own, a button whose text or help has changed would be another button to Streamlit: a
    shortcut pressed just then clicks both."""
    attach_key = "label_bar.attach"
    buttons_key = "labelling"
    """The key of the row of buttons, which the style sheet names too."""

    @classmethod
    def recall(cls) -> LabelBarState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)

    @staticmethod
    def history_key(verb: str) -> str:
        """Return the key of the button that undoes, or does again, what this person did."""
        return f"label_bar.{verb}"

    @staticmethod
    def foreign_key(verb: str) -> str:
        """Return the key of the button that undoes, or does again, what somebody else did."""
        return f"label_bar.foreign.{verb}"

    def set_report(self, report: str, has_failed: bool = False) -> None:
        """Set what the last action did, and whether it failed."""
        self.report, self.has_failed = report, has_failed


class LabelWatch:
    """What follows the labels that other windows change, on every page that shows labels."""

    key = "label_watch"
    fragment_key = "shows_labels"


@attrs.define(eq=False)
class LabelNoticeState:
    """What every page says of labels that came back to a dataset, until a person has closed it; by its location."""

    sentences: dict[str, Sequence[str]] = attrs.field(factory=dict)
    closed: dict[str, Sequence[str]] = attrs.field(factory=dict)

    close_key = "label_notice.close"
    salvage_key = "label_notice.salvage"
    backup_key = "label_notice.backup"

    @classmethod
    def recall(cls) -> LabelNoticeState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)

    def is_new(self, location: str, sentences: Sequence[str]) -> bool:
        """Whether a person has not seen these sentences."""
        return bool(sentences) and sentences not in (self.sentences.get(location), self.closed.get(location))

    def add(self, location: str, sentences: Sequence[str]) -> None:
        """Show sentences from now on that are new."""
        if self.is_new(location, sentences):
            self.sentences[location] = sentences

    def close(self, location: str) -> None:
        """Show them no more."""
        self.closed[location] = self.sentences.pop(location, ())


@attrs.define(eq=False)
class VisitState:
    """The labels that a visitor of a read-only dashboard sees and changes, by the location of the dataset."""

    store_by_location: dict[str, LabelStore] = attrs.field(factory=dict)

    @classmethod
    def recall(cls) -> VisitState:
        """Return the state of this session."""
        return recall_object(cls, "", cls)
