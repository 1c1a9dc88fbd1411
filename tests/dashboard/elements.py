"""Elements of a page without a browser, found by what a person reads."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, Selectbox


def button(app: AppTest, label: str) -> Button:
    """Return the first button that begins so."""
    return next(found for found in app.button if found.label.startswith(label))


def chooser(app: AppTest, label: str) -> Selectbox[Any]:
    """Return the list with this label."""
    return next(found for found in app.selectbox if found.label == label)


def select_vanished(app: AppTest, label: str, title: str) -> None:
    """Choose an entry that the browser still shows in a list, although the page has removed it."""
    element = chooser(app, label)
    assert title not in element.options
    element.options.append(title)
    element.select(title).run()
