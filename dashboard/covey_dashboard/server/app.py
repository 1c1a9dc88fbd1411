"""The entry script of the dashboard: its pages, each a folder in pages/.

It does not lie beside pages/: Streamlit takes a folder of that name beside the entry script for pages of its own.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st
from PIL import Image

from covey_dashboard.current_dataset import current_location
from covey_dashboard.server import server
from covey_dashboard.server.read_only import is_read_only, list_shown_locations
from covey_dashboard.state import OpenState
from covey_dashboard.widgets.label_notice import show_label_notice

FOLDER = Path(__file__).parents[1]
ICON = Image.new("RGB", (32, 32), "#0f766e")
PAGES = {
    "data": "Data",
    "run": "Run",
    "explore": "Explore",
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
CHANGING = ("run", "name_groups", "worklist")
"""Pages that are of no use where nobody can change anything."""
first = "explore" if os.environ.get(server.LOCATION) else "data"
pages = {
    name: st.Page(page_path(name), title=title, default=name == first, url_path="first" if name == first else name)
    for name, title in PAGES.items()
    if not (is_read_only() and name in CHANGING)
}
# The first page answers at / and at a path of its own.
again = st.Page(page_path(first), title=PAGES[first], url_path=first, visibility="hidden")
chosen = st.navigation([*pages.values(), again], position="top")
location = current_location()
OpenState.recall().write_address(has_dataset=not is_read_only() or len(list_shown_locations()) > 1)
show_label_notice(location)
chosen.run()
