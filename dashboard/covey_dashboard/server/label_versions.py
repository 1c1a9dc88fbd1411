"""What a browser asks now and then: whether the labels of a dataset are still those that it shows."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from covey import CoveyError
from covey.frontend import LabelStore
from covey_dashboard.server.access.tokens import Tokens
from covey_dashboard.server.thumbnails import HEADERS, public_path

_PLACE = "/covey/labels"
_paths: Tokens[Path] = Tokens()


def address(store: LabelStore) -> str:
    """Return the address of the version of labels, as JSON: null while they cannot be read."""
    return f"{public_path(_PLACE)}?of={_paths.token(store.path)}"


async def _answer(request: Request) -> Response:
    path = _paths.find_opened(request.query_params.get("of", ""))
    if path is None:
        return Response(status_code=404)
    return JSONResponse(await run_in_threadpool(_read_version, path), headers=HEADERS)


def _read_version(path: Path) -> str | None:
    try:
        return LabelStore(path).version
    except CoveyError:
        return None


ROUTES = (Route(_PLACE, _answer),)
"""What the web application answers itself."""
