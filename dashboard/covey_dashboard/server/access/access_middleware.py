"""Who may talk to the server: a middleware around everything that it answers, pages, files and websocket."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from covey_dashboard.server.access.access_rules import HEALTH, TOKEN, VISIT_CHANGES, AccessRules

_DEFAULT_PORTS = {"http": 80, "https": 443}
_VIOLATION = 1008
"""The code with which a websocket is refused."""
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class AccessMiddleware:
    """Refuses what the rules do not allow, and exchanges the token in an address for a cookie."""

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if self._rules.behind_proxy:
            _restore_host(scope)
        early_response = self._early_response(scope)
        if early_response is None:
            await self._app(scope, receive, self._limit_frames(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _VIOLATION})
        else:
            await early_response(scope, receive, self._limit_frames(send))

    def _early_response(self, scope: Scope) -> Response | None:
        """Return the response that replaces the page (refusal, sign-in); None to let the request pass."""
        if not self._rules.any_host and (refusal := self._explain_wrong_address(scope)):
            return _refuse(refusal)
        if self._rules.read_only and not self._changes_nothing(scope):
            return _refuse("This dashboard is read-only.")
        if not self._rules.token or _is_get_of(scope, self._rules.base_path + HEALTH):
            return None
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and self._is_token(_query_parameters(scope).get(TOKEN, ""))
        ):
            return self._sign_in(scope)
        if any(self._is_token(cookie) for cookie in _cookie_values(scope, self._rules.cookie)):
            return None
        return _ask_for_token(_comes_from_elsewhere(scope))

    def _changes_nothing(self, scope: Scope) -> bool:
        """Whether a request can change nothing that lasts longer than a visit."""
        is_visit_change = scope["path"] == self._rules.base_path + VISIT_CHANGES
        return scope.get("method", "GET") in ("GET", "HEAD", *(["POST"] if is_visit_change else []))

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._rules.token.encode())

    def _explain_wrong_address(self, scope: Scope) -> str:
        """Return why the host or the origin of a request is not the server's own, "" where it is.

        Other pages in the same browser reach the server too: under their own origin, or, where they let their name
        stand for this machine's address, under their own host.
        """
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not (self._rules.behind_proxy or hosts[0].lower() in self._list_own_hosts(scope)):
            own_hosts = ", ".join(self._list_own_hosts(scope))
            return f"This dashboard answers at {own_hosts} only. Through a tunnel, use the same port on both sides."
        schemes = tuple(_DEFAULT_PORTS) if self._rules.behind_proxy else (_http_scheme(scope),)
        own_origins = [f"{scheme}://{hosts[0]}".lower() for scheme in schemes]
        if any(origin.lower() not in own_origins for origin in origins):
            return f"This request comes from another page: only pages of {hosts[0]} may send it."
        if len(origins) != 1 and scope["type"] == "websocket":
            return "A websocket needs the header Origin, as browsers send it."
        return ""

    def _list_own_hosts(self, scope: Scope) -> list[str]:
        """Return what the header Host may say."""
        connected_address, port = (scope.get("server") or ("", None))[0].removeprefix("::ffff:"), self._rules.port
        names = [*self._rules.hosts, *([connected_address] if connected_address else [])]
        host_names = dict.fromkeys(f"[{name}]" if ":" in name else name.lower() for name in names)
        hosts_without_port = list(host_names) if _DEFAULT_PORTS[_http_scheme(scope)] == port else []
        return [*(f"{name}:{port}" for name in host_names), *hosts_without_port]

    def _sign_in(self, scope: Scope) -> Response:
        """Send the browser to the same address without the token, which it keeps in a cookie from then on."""
        page_name, other_parameters = (
            scope["path"].rpartition("/")[2],
            [pair for pair in _query_pairs(scope) if pair[0] != TOKEN],
        )
        location = f"./{quote(page_name)}" + (f"?{urlencode(other_parameters)}" if other_parameters else "")
        cookie = (
            f"{self._rules.cookie}={self._rules.token}; Path={self._rules.base_path or '/'}; HttpOnly; SameSite=Strict"
        )
        secure_flag = "; Secure" if _http_scheme(scope) == "https" else ""
        return Response(status_code=303, headers={"Location": location, "Set-Cookie": cookie + secure_flag, **_PRIVATE})

    def _limit_frames(self, send: Send) -> Send:
        """Return how to send answers that say which pages may show them in a frame."""
        if self._rules.read_only:
            return send
        frame_policy = " ".join(["frame-ancestors 'self'", *self._rules.frames])

        async def send_limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers.append("Content-Security-Policy", frame_policy)
            await send(message)

        return send_limited


def _restore_host(scope: MutableMapping[str, Any]) -> None:
    """Write into a request the host and the scheme with which the browser addressed the proxy, where that says them."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    if host := headers.get("x-forwarded-host"):
        headers["host"] = host.partition(",")[0].strip()
    if headers.get("x-forwarded-proto", "").partition(",")[0].strip() == "https":
        scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
    scope["headers"] = headers.raw


def _http_scheme(scope: Scope) -> str:
    return "https" if scope["scheme"] in ("https", "wss") else "http"


def _is_get_of(scope: Scope, path: str) -> bool:
    return bool(scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == path)


def _query_pairs(scope: Scope) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _query_parameters(scope: Scope) -> dict[str, str]:
    return dict(_query_pairs(scope))


def _cookie_values(scope: Scope, name: str) -> list[str]:
    """Return the values of all cookies of a name: another server of this machine may have set one too."""
    cookie_pairs = [
        cookie.strip().partition("=")
        for header in Headers(scope=scope).getlist("cookie")
        for cookie in header.split(";")
    ]
    return [value for key, _, value in cookie_pairs if key == name]


def _comes_from_elsewhere(scope: Scope) -> bool:
    """Whether a link of another site, or a file, led here: the browser then keeps the cookie back, once."""
    headers = Headers(scope=scope)
    return headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") == "navigate"


def _ask_for_token(again: bool) -> Response:
    """Return a page that says where the token is; with `again` the browser repeats its request, with its cookie."""
    refresh = '<meta http-equiv="refresh" content="0">' if again else ""
    sentence = "Open the address that the command printed: it holds the token that this dashboard asks for."
    return _html_response(f'{refresh}<p>{sentence} You have done so? <a href="">Try again</a>.</p>')


def _refuse(sentence: str) -> Response:
    return _html_response(f"<p>{escape(sentence)}</p>")


def _html_response(body: str) -> Response:
    return HTMLResponse(f"<!doctype html><meta charset='utf-8'><title>covey</title>{body}", 403, _PRIVATE)
