"""Names of groups on their way from the browser to the labels: past Streamlit, which would run the sheet for each."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from weakref import WeakValueDictionary

import attrs
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from covey import CoveyError
from covey_dashboard.server.access.access_rules import VISIT_CHANGES
from covey_dashboard.server.thumbnails import HEADERS, public_path

LARGEST = 1_000_000
"""Bytes of a request, at most."""
NO_NAMES = (KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""Raised where a request holds something else than names."""


@attrs.frozen
class NameRequest:
    """A name for a group, by its number; `id` tells the request from others of its window, and grows."""

    id: int
    group: int
    name: str


@attrs.define(eq=False)
class GroupNames:
    """What answers the names that one window sends, for as long as its session lasts.

    `name_group` gives a group a name; `describe` returns what the browser shall show of some groups from then on, and
    raises CoveyError if the labels cannot be read. Each of them is called by one thread at a time.
    """

    name_group: Callable[[NameRequest], None] = attrs.field(init=False)
    describe: Callable[[Sequence[int]], Mapping[str, object]] = attrs.field(init=False)
    answered: int = 0
    """The number of the last request that was answered."""
    _token: str = attrs.field(factory=lambda: secrets.token_urlsafe(16), init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        _names_by_token[self._token] = self

    @property
    def address(self) -> str:
        """Where the browser sends names: as a list of objects, again until it is answered."""
        return f"{public_path(VISIT_CHANGES)}?of={self._token}"

    def answer(self, requests: Sequence[NameRequest]) -> Mapping[str, object]:
        """Name groups, each once however often that was asked for. Raises CoveyError."""
        with self._lock:
            for request in requests:
                if request.id > self.answered:
                    self.name_group(request)
                    self.answered = request.id
            description = self.describe([request.group for request in requests])
            return {"answered": self.answered, **description}


_names_by_token: WeakValueDictionary[str, GroupNames] = WeakValueDictionary()


async def _answer(request: Request) -> Response:
    names = _names_by_token.get(request.query_params.get("of", ""))
    if names is None:
        return Response(status_code=404)
    try:
        requests = await _read_requests(request)
    except NO_NAMES:
        return Response(status_code=400)
    try:
        return JSONResponse(await run_in_threadpool(names.answer, requests), headers=HEADERS)
    except CoveyError:  # such as labels that are held: the browser asks again
        return Response(status_code=503)


async def _read_requests(request: Request) -> list[NameRequest]:
    """Return what the browser sends. Raises one of NO_NAMES."""
    content = b""
    async for block in request.stream():
        content += block
        if len(content) > LARGEST:
            raise ValueError
    return [NameRequest(int(fields["id"]), int(fields["group"]), str(fields["name"])) for fields in json.loads(content)]


ROUTES = (Route(VISIT_CHANGES, _answer, methods=["POST"]),)
"""What the web application answers itself."""
