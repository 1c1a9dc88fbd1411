"""The web application: Streamlit's pages, our own ways to thumbnails and sound, and who may use them."""

from __future__ import annotations

import os

from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit.starlette import App

from covey_dashboard.server import recording_audio, server, thumbnails
from covey_dashboard.server.access_middleware import AccessMiddleware
from covey_dashboard.server.access_rules import AccessRules

# Taken out, so that no process which this one starts inherits the token.
rules = AccessRules.from_json(os.environ.pop(server.ACCESS))
routes = [
    Route(rules.base_path + route.path, route.endpoint) for route in (*thumbnails.ROUTES, *recording_audio.ROUTES)
]
app = App(server.APP, routes=routes, middleware=[Middleware(AccessMiddleware, rules=rules)])
