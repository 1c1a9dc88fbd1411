"""Elements of a page without a browser, found by what a person reads."""

from __future__ import annotations

import json
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


def read_fields(payload: bytes) -> dict[str, Any]:
    """Return the plain values of what a component is sent, with the list of its arrays."""
    fields: dict[str, Any] = json.loads(payload[4 : 4 + int.from_bytes(payload[:4], "little")])
    return fields


def name_class(app: AppTest, name: str) -> AppTest:
    """Write the name of a class into the field for it, as the browser does; the page knows it with what comes next."""
    protos = [element.proto for element in app.get("bidi_component")]
    field = next(proto for proto in protos if proto.component_name == "covey_class_field")
    key = field.id.rpartition("-")[2]
    app.session_state[key] = {"name": {"subject": read_fields(field.bytes)["subject"], "name": name}}
    return app
