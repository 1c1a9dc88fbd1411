"""The web application: Streamlit's pages, and our own ways to thumbnails and sound."""

from __future__ import annotations

from pathlib import Path

from streamlit.starlette import App

from covey_dashboard import sound, thumbnails

app = App(Path(__file__).with_name("app.py"), routes=[*thumbnails.ROUTES, *sound.ROUTES])
