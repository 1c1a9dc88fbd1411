"""The entry script of the dashboard: its pages, each a file in views/."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from PIL import Image

ICON = Image.new("RGB", (32, 32), "#0f766e")

st.set_page_config(page_title="covey", page_icon=ICON, layout="wide")
st.html(Path(__file__).with_name("style.css"))
st.navigation([st.Page("views/explore.py", title="Explore", default=True)]).run()
