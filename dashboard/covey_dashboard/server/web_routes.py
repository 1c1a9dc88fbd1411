"""What the web application answers itself (thumbnails, sound, names of groups), and what stands around it."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.routing import Route

from covey_dashboard.server import group_names, recording_audio, thumbnails
from covey_dashboard.server.access.access_middleware import AccessMiddleware
from covey_dashboard.server.access.access_rules import AccessRules
from covey_dashboard.server.clips import image_facts, surroundings
from covey_dashboard.server.single_clicks import SingleClickMiddleware

_ROUTES = (
    *thumbnails.ROUTES,
    *recording_audio.ROUTES,
    *surroundings.ROUTES,
    *image_facts.ROUTES,
    *group_names.ROUTES,
)


def list_routes(base_path: str) -> list[Route]:
    """Return the routes of a server whose paths all begin with `base_path`."""
    return [Route(base_path + route.path, route.endpoint, methods=list(route.methods or ())) for route in _ROUTES]


def list_middleware(rules: AccessRules) -> list[Middleware]:
    """Return what every request passes, the outermost first."""
    return [Middleware(AccessMiddleware, rules=rules), Middleware(SingleClickMiddleware)]
