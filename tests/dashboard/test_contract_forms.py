"""Every component keeps its options through a form, whatever their values."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from covey import CoveyError
from covey.components import options
from covey.components.contracts import Component
from covey.components.options import Option
from covey.plugins.registry import Registered, Registry


def script() -> None:
    """A page with the form of the component in the session, which starts with the options given there."""

    import streamlit as st

    from covey_dashboard.widgets.forms import show_form

    cls, start = st.session_state["cls"], st.session_state["start"]
    st.session_state["made"] = show_form(cls, "form", start)


VALUES = {bool: (True, False), int: (3, 1, 0), float: (0.75, 0.25), str: ("wren", "robin")}


def other(option: Option) -> Any:
    """Return a value that is not the default."""
    fixed = option.choices if isinstance(option.choices, Sequence) else VALUES[option.type]
    return next(value for value in fixed if _allowed(option, value))


def _allowed(option: Option, value: Any) -> bool:
    try:
        return bool(option.convert(value) != option.default)
    except ValueError:
        return False


@pytest.mark.parametrize("item", Registry.installed().components, ids=lambda item: f"{item.kind}-{item.name}")
def test_a_form_gives_back_the_options_it_starts_with(item: Registered) -> None:
    changed: Component = item.cls()
    for first in options.options(item.cls):
        with suppress(CoveyError):  # two options that exclude each other
            changed = options.evolve(changed, **{first.name: other(first)})
    for start in (None, changed):
        page = AppTest.from_function(script, default_timeout=60)
        page.session_state["cls"], page.session_state["start"] = item.cls, start
        page.run()
        assert not page.exception
        assert page.session_state["made"] == (start or item.cls())
