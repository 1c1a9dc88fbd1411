"""A check of forms for authors of plugins, as those of `covey.testing`."""

from __future__ import annotations

from covey.frontend import Component
from covey.testing import change_options


def check_form(cls: type[Component]) -> None:
    """Check that the form of a component gives back the options that it starts with: defaults, and all others.

    Raises:
        AssertionError: the form cannot be shown, or changes an option.
    """
    for start in (cls(), change_options(cls)):
        form_options = _show_form(cls, start)
        changed_options = f"{cls.name}: the form must give back {start!r}, not {form_options!r}."
        if form_options != start:
            raise AssertionError(changed_options)


def _show_form(cls: type[Component], start: Component) -> object:
    """Show the form of a component on a page of its own, and return what it gives back."""
    from streamlit.testing.v1 import AppTest

    page = AppTest.from_function(_form_page, default_timeout=60)
    page.session_state["cls"], page.session_state["start"] = cls, start
    page.run()
    if page.exception:
        raise AssertionError(f"{cls.name}: the form of {start!r} cannot be shown: {page.exception[0].message}")
    return page.session_state["form_options"]


def _form_page() -> None:
    """Show the form of the component in the session, which starts with the options there."""
    import streamlit as st

    from covey_dashboard.widgets.forms import show_form

    cls, start = st.session_state["cls"], st.session_state["start"]
    st.session_state["form_options"] = show_form(cls, "form", start)
