"""The button that starts a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from covey_dashboard.widgets.every_page.jobs import find_active_job, run_action


def show_start_button(label: str, key: str, location: str, start: Callable[..., None], *arguments: Any) -> None:
    """Show a button that starts a task on a dataset; it is disabled while one goes on.

    Args:
        label: what stands on it.
        key: the key of the button.
        location: the dataset, the first argument of `start`.
        start: starts the task.
        arguments: the others.

    Raises:
        CoveyError: the dataset cannot be read.
    """
    is_working = find_active_job(location) is not None
    # No callback: it would be given what was set when the page was shown last, not what is set now.
    if st.button(label, key=key, type="primary", disabled=is_working):
        run_action(start, location, *arguments)
        st.rerun()
