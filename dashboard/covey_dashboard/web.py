"""The web application: Streamlit's pages, and our own ways to thumbnails and sound."""

from __future__ import annotations

from streamlit.starlette import App

from covey_dashboard import server, sound, thumbnails

app = App(server.APP, routes=[*thumbnails.ROUTES, *sound.ROUTES])
