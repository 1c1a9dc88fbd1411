"""Who may talk to the dashboard: the token, the cookie, the host, the origin, frames, and a proxy in front of it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, expect
from starlette.types import Message, Receive, Scope, Send
from tests.dashboard.browser import COVEY, free_port, open_tab, origin_of, page_address, serve_dashboard
from tests.dashboard.conftest import plain_names, write
from tests.dashboard.http_client import Reply, ask, cookie_of, handshake, host_of, token_of
from tests.fixture_types import Cli

from covey_dashboard.server import server
from covey_dashboard.server.access.access_middleware import AccessMiddleware
from covey_dashboard.server.access.access_rules import AccessRules
from covey_dashboard.server.open_browser import open_browser

LIST_ROUTES = """
import json
from covey_dashboard.server.web import app
starlette = app._build_starlette_app()
print(json.dumps([[type(route).__name__, route.path, sorted(getattr(route, "methods", None) or [])]
                  for route in starlette.routes]))
"""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
HEALTH = "/_stcore/health"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("access") / "birds", plain_names())


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with serve_dashboard(folder) as (printed, _):
        yield printed


class Framing(BaseHTTPRequestHandler):
    """Answers with a page that shows an address in a frame: the query of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<iframe src='{unquote(self.path.partition('?')[2])}'></iframe>".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Another site on this machine; a browser sends the cookies of localhost into its frames too."""
    with HTTPServer(("localhost", 0), Framing) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://localhost:{other.server_port}"
        other.shutdown()


@pytest.fixture(scope="module")
def proxied(folder: Path, site: str) -> Iterator[str]:
    """A server behind a proxy that others may frame."""
    frames = ("--allow-frame", "https://wiki.example.org", "--allow-frame", site)
    with serve_dashboard(folder, "--behind-proxy", "--base-path", "covey/", *frames) as (printed, _):
        yield printed


def get(address: str, path: str = "/", *headers: str) -> Reply:
    return ask(address, f"GET {path}", host_of(address), *headers)


def list_routes() -> list[tuple[str, str, list[str]]]:
    """Return class, path and methods of everything that the web application answers."""
    env = {**os.environ, server.ACCESS: AccessRules(port=1, hosts=("localhost",)).to_json()}
    listed = subprocess.run([sys.executable, "-c", LIST_ROUTES], env=env, check=True, capture_output=True)
    return [(kind, path, methods) for kind, path, methods in json.loads(listed.stdout)]


class TestToken:
    def test_nothing_answers_without_it_but_the_question_whether_the_server_runs(self, address: str) -> None:
        routes = list_routes()
        assert {kind for kind, _, _ in routes} == {"Route", "WebSocketRoute", "Mount"}
        assert {"/covey/image", "/covey/sound", HEALTH, "/_stcore/stream"} <= {path for _, path, _ in routes}
        cookie = cookie_of(address)
        answering = []
        for kind, pattern, methods in routes:
            path = re.sub(r"\{.*?\}", "x", pattern) or "/"
            if kind == "WebSocketRoute":
                assert handshake(address, path=path) == 403
                assert handshake(address, cookie, path=path) == 101
                continue
            for method in {*METHODS, *methods}:
                if ask(address, f"{method} {path}", host_of(address)).status != 403:
                    answering.append((method, path))
            for method in methods[:1]:
                reply = ask(address, f"{method} {path}", host_of(address), cookie)
                assert b"Open the address" not in reply.body, path
        assert set(answering) == {("GET", HEALTH)}

    @pytest.mark.parametrize(
        "path",
        [
            "/explore",
            "/static/js/index.js",
            "/index.html",
            "//",
            "//_stcore/health",
            "/_stcore/health/",
            "/%5fstcore/x",
            "/_stcore/health/../host-config",
            "/_stcore/health;x",
            "/x/_stcore/health",
            "/_stcore/host-config?token=",
        ],
    )
    def test_no_spelling_of_a_path_opens_it(self, address: str, path: str) -> None:
        assert get(address, path).status == 403
        assert handshake(address, path=path) == 403

    def test_it_is_exchanged_for_a_cookie_and_leaves_the_address(self, address: str) -> None:
        token, port = token_of(address), urlsplit(address).port
        reply = get(address, f"/explore?dataset=a%26b&token={token}&empty=")
        assert reply.status == 303
        assert reply.headers["location"] == "./explore?dataset=a%26b&empty="
        assert reply.headers["set-cookie"] == f"covey_token_{port}={token}; Path=/; HttpOnly; SameSite=Strict"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cache-control"] == "no-store"
        assert get(address, "/explore", cookie_of(address)).status == 200

    @pytest.mark.parametrize(
        "path", ["//evil.example", "//evil.example/", "/%2f%2fevil.example", "/a:b", "/%0d%0aX: y"]
    )
    def test_the_exchange_leads_nowhere_else(self, address: str, path: str) -> None:
        reply = get(address, f"{path}?token={token_of(address)}")
        assert reply.status in (303, 400)
        if reply.status == 303:
            assert re.fullmatch(r"\./[a-zA-Z0-9.%]*", reply.headers["location"])
            assert "x" not in reply.headers

    def test_another_cookie_opens_nothing(self, address: str) -> None:
        token, port = token_of(address), urlsplit(address).port
        wrong = [f"covey_token_{port}={token[:-1]}", f"covey_token_{port}=", f"covey_token_{(port or 0) + 1}={token}"]
        wrong += [f"covey_token={token}", f"covey_token_{port}=é{token}", f'covey_token_{port}="{token}"', token]
        for cookie in wrong:
            assert get(address, "/", f"Cookie: {cookie}").status == 403, cookie
            assert handshake(address, f"Cookie: {cookie}") == 403, cookie

    def test_a_cookie_of_that_name_from_another_server_does_not_shut_it_out(self, address: str) -> None:
        cookie = cookie_of(address)
        name, _, pair = cookie.partition(": ")
        assert get(address, "/", f"{name}: {pair.partition('=')[0]}=other; {pair}").status == 200

    def test_in_an_address_it_counts_for_reading_a_page_alone(self, address: str) -> None:
        query = urlsplit(address).query
        for method in METHODS[1:]:
            assert ask(address, f"{method} /?{query}", host_of(address)).status == 403
        assert handshake(address, path=f"/_stcore/stream?{query}") == 403
        assert handshake(address, f"Sec-WebSocket-Protocol: streamlit, {token_of(address)}") == 403

    def test_each_start_makes_another_one(self, address: str, folder: Path) -> None:
        with serve_dashboard(folder) as (second, _):
            assert token_of(second) != token_of(address)
            assert len(token_of(second)) >= 43
            assert get(second, "/", cookie_of(address)).status == 403

    @pytest.mark.skipif(sys.platform != "linux", reason="only there is /proc")
    def test_it_stands_in_no_argument_list(self, address: str) -> None:
        token = token_of(address).encode()
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
        assert any(b"streamlit" in line for line in lines)
        assert not any(token in line for line in lines)

    def test_what_the_server_starts_does_not_inherit_it(self) -> None:
        env = {**os.environ, server.ACCESS: AccessRules(port=1, hosts=(), token="secret").to_json()}
        script = "import os; import covey_dashboard.server.web; print(dict(os.environ))"
        printed = subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True, text=True)
        assert "PATH" in printed.stdout
        assert "secret" not in printed.stdout

    def test_nothing_is_logged_of_it(self, folder: Path) -> None:
        words = [*COVEY, "dashboard", str(folder), "--port", str(free_port()), "--no-browser"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stderr
            match = re.search(r"http://\S+", process.stdout.readline())
            assert match
            query = urlsplit(match[0]).query
            for path in ("/", "/_stcore/stream", "/covey/image", "/%ff"):
                get(match[0], f"{path}?{query}")
                handshake(match[0], path=f"{path}?{query}")
                handshake(match[0], cookie_of(match[0]), path=f"{path}?{query}")
            process.terminate()
            assert token_of(match[0]) not in process.stdout.read() + process.stderr.read()

    def test_a_browser_keeps_it_neither_in_the_address_nor_in_referers(self, chromium: Browser, address: str) -> None:
        page = open_tab(chromium)
        referers: list[str] = []
        page.on("request", lambda request: referers.append(request.headers.get("referer", "")))
        page.goto(page_address(address, "explore"))
        expect(page.locator(".map[data-drawn]")).to_be_visible()
        assert "token" not in page.url
        assert "covey_token" not in page.evaluate("document.cookie")
        page.get_by_role("link", name="Labels").click()
        expect(page.get_by_text("No class yet", exact=True)).to_be_visible()
        history = page.evaluate("navigation.entries().map(entry => entry.url)")
        assert len(history) > 1
        assert not [entry for entry in history if "token" in entry]
        assert any(referers)
        assert not [referer for referer in referers if "token" in referer]
        page.close()

    def test_without_it_a_browser_says_where_it_is(self, chromium: Browser, address: str) -> None:
        page = open_tab(chromium)
        page.goto(origin_of(address))
        expect(page.get_by_text("Open the address that the command printed")).to_be_visible()
        page.close()

    def test_a_link_of_another_site_opens_the_page_of_somebody_who_has_the_cookie(
        self, chromium: Browser, address: str, tmp_path: Path
    ) -> None:
        page = open_tab(chromium)
        page.goto(address)
        site = tmp_path / "site.html"
        site.write_text(f'<a href="{origin_of(address)}/data">look</a>')
        page.goto(site.as_uri())
        page.get_by_text("look").click()
        expect(page.get_by_text("115 images in")).to_be_visible()
        page.close()


def test_the_browser_is_opened_by_a_file_that_only_this_user_can_read(
    chromium: Browser, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page: list[str] = []
    monkeypatch.setattr(webbrowser, "open", open_page.append)
    with open_browser(address):
        file = Path(unquote(urlsplit(open_page[0]).path))
        assert urlsplit(open_page[0]).scheme == "file"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert token_of(address) not in open_page[0]
        page = open_tab(chromium)
        page.goto(open_page[0])
        expect(page.locator(".map[data-drawn]")).to_be_visible()
        assert "token" not in page.url
        page.close()
    assert not file.parent.exists()


class TestAddressAndOrigin:
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST"])
    def test_its_own_names_are_answered(self, address: str, host: str) -> None:
        netloc = f"{host}:{urlsplit(address).port}"
        cookie = cookie_of(address)
        assert ask(address, "GET /", f"Host: {netloc}", cookie).status == 200
        assert handshake(address, f"Host: {netloc}", f"Origin: http://{netloc.lower()}", cookie) == 101

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example:{port}",
            "localhost",
            "localhost:{other}",
            "localhost:{port}.evil.example",
            "",
            "0.0.0.0:{port}",
            "user@localhost:{port}",
            "localhost:0{port}",
            "[::ffff:127.0.0.1]:{port}",
            "127.0.0.2:{port}",
            "localhost.",
        ],
    )
    def test_another_host_is_refused(self, address: str, host: str) -> None:
        port = urlsplit(address).port or 0
        name = host.format(port=port, other=port + 1)
        cookie = cookie_of(address)
        for path in ("/", HEALTH, f"/?{urlsplit(address).query}"):
            assert ask(address, f"GET {path}", f"Host: {name}", cookie).status in (400, 403), path
        assert handshake(address, f"Host: {name}", f"Origin: http://{name}", cookie) in (400, 403)

    def test_no_host_and_two_hosts_are_refused(self, address: str) -> None:
        cookie = cookie_of(address)
        assert ask(address, "GET /", cookie).status in (400, 403)
        for hosts in ((host_of(address), "Host: evil.example"), ("Host: evil.example", host_of(address))):
            assert ask(address, "GET /", *hosts, cookie).status in (400, 403)

    def test_a_whole_address_in_the_request_line_gives_nothing_more(self, address: str) -> None:
        for target in (f"{origin_of(address)}/data", "http://evil.example/data", f"http://evil.example{HEALTH}/"):
            assert ask(address, f"GET {target}", host_of(address)).status == 403
            assert ask(address, f"GET {target}", "Host: evil.example", cookie_of(address)).status in (400, 403)

    @pytest.mark.parametrize(
        "origin",
        [
            "http://evil.example",
            "null",
            "http://localhost:{other}",
            "https://localhost:{port}",
            "http://127.0.0.1:{port}",
            "http://localhost",
            "http://localhost:{port}.evil.example",
            "file://",
            "http://localhost:{port}/",
            "*",
        ],
    )
    def test_another_origin_is_refused(self, address: str, origin: str) -> None:
        port = urlsplit(address).port or 0
        header = f"Origin: {origin.format(port=port, other=port + 1)}"
        cookie = cookie_of(address)
        assert handshake(address, header, cookie) == 403
        for method in ("GET", "PUT", "OPTIONS"):
            assert ask(address, f"{method} /_stcore/upload_file/a/b", host_of(address), header, cookie).status == 403

    def test_a_websocket_without_or_with_two_origins_is_refused(self, address: str) -> None:
        cookie, origin = cookie_of(address), f"Origin: {origin_of(address)}"
        assert handshake(address, "Origin:", cookie) == 403
        assert handshake(address, origin, "Origin: http://evil.example", cookie) in (400, 403)
        assert handshake(address, origin, cookie) == 101


@pytest.mark.parametrize(
    ("port", "scheme", "host", "passes"),
    [
        (80, "http", "lab.example.org", True),
        (80, "http", "lab.example.org:80", True),
        (443, "https", "lab.example.org", True),
        (443, "http", "lab.example.org", False),
        (80, "https", "lab.example.org", False),
        (8501, "https", "lab.example.org:8501", True),
        (8501, "http", "192.0.2.7:8501", True),
        (8501, "http", "[2001:db8::1]:8501", False),
    ],
)
def test_a_port_may_be_left_out_where_it_is_the_usual_one(port: int, scheme: str, host: str, passes: bool) -> None:
    headers = [(b"host", host.encode()), (b"origin", f"{scheme}://{host}".encode())]
    scope = {"type": "http", "method": "GET", "scheme": scheme, "path": "/", "query_string": b"", "headers": headers}
    started: list[int] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        started.extend([message["status"]] if message["type"] == "http.response.start" else [])

    middleware = AccessMiddleware(answer, AccessRules(port=port, hosts=("lab.example.org",)))
    with pytest.raises(StopIteration):  # it never waits; an event loop may be running in the browser's tests
        middleware({**scope, "server": ("::ffff:192.0.2.7", port)}, receive, send).__await__().send(None)
    assert started == [200 if passes else 403]


class TestFrames:
    def test_only_its_own_pages_may_frame_it(self, address: str) -> None:
        for path in ("/", HEALTH, "/covey/image"):
            for reply in (get(address, path), get(address, path, cookie_of(address))):
                assert reply.headers["content-security-policy"] == "frame-ancestors 'self'"

    def test_a_browser_shows_it_in_no_frame_of_another_site(self, chromium: Browser, address: str, site: str) -> None:
        page = open_tab(chromium)
        page.goto(address)
        page.goto(f"{site}/?{origin_of(address)}/data")
        page.wait_for_load_state("load")
        assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"]
        page.close()

    def test_the_named_sites_may_frame_it_too(self, chromium: Browser, proxied: str, site: str) -> None:
        policy = get(proxied, "/covey/").headers["content-security-policy"]
        assert policy == f"frame-ancestors 'self' https://wiki.example.org {site}"
        page = open_tab(chromium)
        page.goto(proxied)
        page.goto(f"{site}/?{origin_of(proxied)}/covey/data")
        expect(page.frame_locator("iframe").get_by_text("115 images in")).to_be_visible()
        page.close()


class TestProxy:
    def test_it_answers_under_the_name_that_the_proxy_has(self, proxied: str) -> None:
        cookie = cookie_of(proxied)
        assert urlsplit(proxied).path == "/covey/"
        assert get(proxied, "/covey/", cookie).status == 200
        public = ("Host: lab.example.org", "Origin: https://lab.example.org")
        assert ask(proxied, "GET /covey/", *public, cookie).status == 200
        assert handshake(proxied, *public, cookie, path="/covey/_stcore/stream") == 101
        passed_on = ("X-Forwarded-Host: lab.example.org", "X-Forwarded-Proto: https", "Origin: https://lab.example.org")
        assert handshake(proxied, *passed_on, cookie, path="/covey/_stcore/stream") == 101

    def test_other_origins_and_missing_tokens_are_refused_there_too(self, proxied: str) -> None:
        cookie, path = cookie_of(proxied), "/covey/_stcore/stream"
        assert handshake(proxied, "Host: lab.example.org", cookie, path=path) == 403
        assert handshake(proxied, "X-Forwarded-Host: lab.example.org", cookie, path=path) == 403
        assert handshake(proxied, path=path) == 403
        assert get(proxied, HEALTH).status == 403
        assert get(proxied, f"/covey{HEALTH}").status == 200

    def test_the_cookie_is_for_its_path_and_where_the_browser_speaks_tls_for_tls_alone(self, proxied: str) -> None:
        query = urlsplit(proxied).query
        plain, secure = get(proxied, f"/covey/?{query}"), get(proxied, f"/covey/?{query}", "X-Forwarded-Proto: https")
        assert "; Path=/covey; HttpOnly; SameSite=Strict" in plain.headers["set-cookie"]
        assert "Secure" not in plain.headers["set-cookie"]
        assert secure.headers["set-cookie"].endswith("; Secure")

    def test_pages_and_images_are_found_below_the_path(self, chromium: Browser, proxied: str) -> None:
        page = open_tab(chromium)
        page.goto(proxied)
        expect(page.locator(".map[data-drawn]")).to_be_visible()
        picture = page.locator("#tile-0 img")
        expect(picture).to_be_visible()
        assert "/covey/covey/image" in str(picture.get_attribute("src"))
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 48
        page.close()


class TestOptions:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["--no-token", "--host", "0.0.0.0"], "leave out --no-token or --host"),
            (["--no-token", "--host", "::"], "leave out --no-token or --host"),
            (["--read-only", "--allow-frame", "https://a.example"], "leave out --allow-frame"),
            (["--allow-frame", "*"], "is no origin"),
            (["--allow-frame", "https://a.example; script-src *"], "is no origin"),
            (["--allow-frame", "https://a.example/path"], "is no origin"),
            (["--base-path", "/a/../b"], "is no path"),
            (["--base-path", "/a b"], "is no path"),
            (["--host", "no.such.name.invalid"], "has no address"),
            (["--host", "192.0.2.1"], "is no address of this machine"),
        ],
    )
    def test_what_cannot_be_is_a_sentence(self, covey: Cli, birds: Path, words: list[str], message: str) -> None:
        outcome = covey("dashboard", birds, *words, "--no-browser", "--port", free_port())
        assert outcome.exit_code == 2
        assert message in " ".join(outcome.stderr.split())

    def test_read_only_needs_a_dataset(self, covey: Cli) -> None:
        outcome = covey("dashboard", "--read-only")
        assert outcome.exit_code == 2
        assert "name it" in outcome.stderr

    def test_without_a_token_this_machine_is_still_the_only_one_and_others_are_refused(self, folder: Path) -> None:
        with serve_dashboard(folder, "--no-token") as (printed, _):
            assert not urlsplit(printed).query
            assert get(printed).status == 200
            assert handshake(printed) == 101
            assert handshake(printed, "Origin: http://evil.example") == 403
            assert ask(printed, "GET /", "Host: evil.example").status == 403

    def test_on_the_network_the_token_is_asked_for_under_each_name(self, folder: Path) -> None:
        with serve_dashboard(folder, "--host", "0.0.0.0") as (printed, _):
            local = f"http://127.0.0.2:{urlsplit(printed).port}/?{urlsplit(printed).query}"
            assert get(local).status == 403
            assert get(local, "/", cookie_of(local)).status == 200
            assert handshake(local, cookie_of(local)) == 101
            assert ask(local, "GET /", "Host: evil.example", cookie_of(local)).status == 403
