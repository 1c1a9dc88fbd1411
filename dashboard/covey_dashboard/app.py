"""The entry script of the dashboard: its pages, each a file in views/."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st
from PIL import Image

from covey_dashboard import choice, server

ICON = Image.new("RGB", (32, 32), "#0f766e")

st.set_page_config(page_title="covey", page_icon=ICON, layout="wide")
st.html(Path(__file__).with_name("style.css"))
named = bool(os.environ.get(server.LOCATION))
pages = [
    st.Page("views/data.py", title="Data", default=not named),
    st.Page("views/run.py", title="Run"),
    st.Page("views/explore.py", title="Explore", default=named),
    st.Page("views/worklist.py", title="Work-list"),
    st.Page("views/labels.py", title="Labels"),
    st.Page("views/compare.py", title="Compare"),
    st.Page("views/about.py", title="About the data"),
    st.Page("views/methods.py", title="Methods"),
    st.Page("views/plugins.py", title="Plugins"),
]
chosen = st.navigation(pages, position="top")
choice.location()
choice.keep_in_address()
chosen.run()
