"""The web application: Streamlit's pages, and our own ways to thumbnails and sound."""

from __future__ import annotations

from streamlit.starlette import App

from covey_dashboard.server import recording_audio as sound
from covey_dashboard.server import server, thumbnails

app = App(server.APP, routes=[*thumbnails.ROUTES, *sound.ROUTES])
