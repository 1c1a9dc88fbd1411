"""What a page does when another window changes the labels: the part that shows them runs again, and nothing else."""

from __future__ import annotations

import time
from functools import partial

import streamlit as st

from covey import CoveyError
from covey.frontend import LabelStore
from covey_dashboard.browser.browser_component import component
from covey_dashboard.state import LabelWatch

SENDING_S = 0.03
"""Seconds that Streamlit gets to send what a script has shown: it looks every 10 ms, and forgets it at a new run."""
WATCH_S = 4.0
"""Seconds between two looks whether another window has changed the labels; what happens meanwhile is one change."""
_component = component("label_watch")

shows_labels = st.fragment(key=LabelWatch.fragment_key)
"""Decorator of the part of a page that shows labels, in which `watch_labels` is called."""


@st.fragment(run_every=WATCH_S)
def watch_labels(store: LabelStore, version: str) -> None:
    """Follow what other windows do to the labels, of which this version is shown.

    Only a callback may have another fragment run again, so the browser is asked to call one.
    """
    if not is_current(store, version):
        _component(
            key=LabelWatch.key, data={"shown": version}, on_changed_change=partial(st.rerun, LabelWatch.fragment_key)
        )


def follow_changes(store: LabelStore, version: str) -> None:
    """Run the app again, once what was shown is on its way, if what was just done has changed the labels since then."""
    if not is_current(store, version):
        time.sleep(SENDING_S)
        st.rerun()


def is_current(store: LabelStore, version: str) -> bool:
    """Return whether the labels are as they were in a version; they are not if they cannot be read any more."""
    try:
        return store.version == version
    except CoveyError:
        return False
