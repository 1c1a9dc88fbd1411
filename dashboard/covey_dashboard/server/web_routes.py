"""What the web application answers itself: thumbnails and sound."""

from __future__ import annotations

from starlette.routing import Route

from covey_dashboard.server import recording_audio, thumbnails


def list_routes(base_path: str) -> list[Route]:
    """Return the routes of a server whose paths all begin with `base_path`."""
    return [Route(base_path + route.path, route.endpoint) for route in (*thumbnails.ROUTES, *recording_audio.ROUTES)]
