"""The web application: Streamlit's pages, our own ways to thumbnails and sound, and who may use them."""

from __future__ import annotations

import os

from streamlit.starlette import App

from covey_dashboard.pages import preload_pages
from covey_dashboard.server import server
from covey_dashboard.server.access.access_rules import AccessRules
from covey_dashboard.server.web_routes import list_middleware, list_routes

preload_pages()
# Taken out, so that no process which this one starts inherits the token.
rules = AccessRules.from_json(os.environ.pop(server.ACCESS))
app = App(server.APP, routes=list_routes(rules.base_path), middleware=list_middleware(rules))
