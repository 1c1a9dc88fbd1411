"""The entry script of the dashboard: its pages, each a file in views/."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st
from PIL import Image

from covey_dashboard import choice, server

ICON = Image.new("RGB", (32, 32), "#0f766e")
PAGES = {
    "data": "Data",
    "run": "Run",
    "explore": "Explore",
    "worklist": "Work-list",
    "labels": "Labels",
    "compare": "Compare",
    "about": "About the data",
    "methods": "Methods",
    "plugins": "Plugins",
}

st.set_page_config(page_title="covey", page_icon=ICON, layout="wide")
st.html(Path(__file__).with_name("style.css"))
first = "explore" if os.environ.get(server.LOCATION) else "data"
pages = {
    name: st.Page(f"views/{name}.py", title=title, default=name == first, url_path="first" if name == first else name)
    for name, title in PAGES.items()
}
again = st.Page(f"views/{first}.py", title=PAGES[first], url_path=first, visibility="hidden")  # / is not its only path
chosen = st.navigation([*pages.values(), again], position="top")
choice.location()
choice.keep_in_address()
chosen.run()
