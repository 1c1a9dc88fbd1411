"""The entry script of the dashboard: its pages, each a folder in pages/.

It does not lie beside pages/: Streamlit takes a folder of that name beside the entry script for pages of its own.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import streamlit as st
from PIL import Image

from covey import CoveyError
from covey_dashboard.current_dataset import current_location
from covey_dashboard.data.caching import cached
from covey_dashboard.data.datasets import list_embeddings
from covey_dashboard.server.read_only import is_read_only, list_shown_locations
from covey_dashboard.state import OpenState
from covey_dashboard.widgets.every_page.job_bar import show_job_bar
from covey_dashboard.widgets.every_page.tour import show_tour
from covey_dashboard.widgets.label_notice import show_label_notice, watch_label_place
from covey_dashboard.widgets.page_frame import show_heading

FOLDER = Path(__file__).parents[1]
ICON = Image.new("RGB", (32, 32), "#0f766e")
PAGES = {
    "start": "Start",
    "explore": "Explore",
    "similar": "Find similar",
    "name_groups": "Name groups",
    "worklist": "Work-list",
    "labels": "Labels",
    "compare": "Compare",
    "about": "About the data",
    "methods": "Methods",
    "plugins": "Plugins",
}


def page_path(name: str) -> Path:
    """Return the script of a page."""
    return FOLDER / "pages" / name / "page.py"


st.set_page_config(page_title="covey", page_icon=ICON, layout="wide")
st.html(FOLDER / "browser" / "style.css")
st.logo(FOLDER / "browser" / "logo.svg", size="large")
CHANGING = ("worklist",)
"""Pages that are of no use where nobody can change anything."""
FORMER = ("data", "run")
"""Addresses that earlier versions had for what is on the page Start now."""


@cached()
def choose_first_page() -> str:
    """Return the page that comes first as long as the server runs: Explore if its dataset has something to explore."""
    with suppress(CoveyError):
        if any(list_embeddings(location) for location in list_shown_locations()[:1]):
            return "explore"
    return "start"


first = choose_first_page()
pages = {
    name: st.Page(page_path(name), title=title, default=name == first, url_path="first" if name == first else name)
    for name, title in PAGES.items()
    if not (is_read_only() and name in CHANGING)
}
# The first page answers at / and at a path of its own.
again = st.Page(page_path(first), title=PAGES[first], url_path=first, visibility="hidden")
former = [st.Page(page_path("start"), title=PAGES["start"], url_path=name, visibility="hidden") for name in FORMER]
chosen = st.navigation([*pages.values(), again, *former], position="top")
location = current_location()
OpenState.recall().write_address(has_dataset=not is_read_only() or len(list_shown_locations()) > 1)
show_heading(chosen.title, location)
show_job_bar(location, next(name for name, title in PAGES.items() if title == chosen.title))
with st.container():  # what comes and goes in it does not rebuild the page below, where a person types
    show_tour()
    show_label_notice(location)
watch_label_place(location)
chosen.run()
