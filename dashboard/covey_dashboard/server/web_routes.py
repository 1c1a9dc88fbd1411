"""What the web application answers itself: thumbnails, sound, and what is known of an image."""

from __future__ import annotations

from starlette.routing import Route

from covey_dashboard.server import recording_audio, thumbnails
from covey_dashboard.server.clips import image_facts, surroundings

_ROUTES = (*thumbnails.ROUTES, *recording_audio.ROUTES, *surroundings.ROUTES, *image_facts.ROUTES)


def list_routes(base_path: str) -> list[Route]:
    """Return the routes of a server whose paths all begin with `base_path`."""
    return [Route(base_path + route.path, route.endpoint) for route in _ROUTES]
