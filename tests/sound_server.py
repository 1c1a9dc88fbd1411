"""A server on this machine that hands out files and JSON, resumes, and fails as a test says."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import attrs
import numpy as np

Query = Mapping[str, str]
JsonAnswer = Callable[[Query], tuple[int, object]]
"""Function from the parameters of a request to the status and the document of its answer."""


@attrs.frozen
class SeenRequest:
    """A request as it came: when it began in seconds, its path with parameters, and its headers in small letters."""

    time: float
    path: str
    headers: Mapping[str, str]

    @property
    def range(self) -> str:
        """The part of the file that was asked for; "" for all of it."""
        return self.headers.get("range", "")


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; faults answer through it."""

    protocol_version = "HTTP/1.1"
    sounds: SoundServer

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        headers = {name.lower(): text for name, text in self.headers.items()}
        self.sounds.requests.append(SeenRequest(time.monotonic(), self.path, headers))
        parts = urlsplit(self.path)
        faults = self.sounds.faults.get(parts.path, [])
        with suppress(ConnectionError):
            if faults:
                faults.pop(0)(self, self.sounds.files.get(parts.path, b""))
            else:
                self.answer(parts.path, {name: texts[-1] for name, texts in parse_qs(parts.query).items()})

    def answer(self, path: str, query: Query) -> None:
        """Answer as a server should."""
        if path in self.sounds.answers:
            status, document = self.sounds.answers[path](query)
            self.send(status, json.dumps(document).encode(), {"Content-Type": "application/json"})
        elif path in self.sounds.redirects:
            self.send(302, b"", {"Location": self.sounds.redirects[path]})
        elif path in self.sounds.files:
            self.send_file(self.sounds.files[path])
        else:
            self.send(404, b"<html>not here</html>", {"Content-Type": "text/html"})

    def send(self, status: int, body: bytes, headers: Mapping[str, str], length: int | None = None) -> None:
        """Send an answer; `length` is what it claims to be long, None for the truth."""
        self.send_response(status)
        for name, text in {"Content-Length": str(len(body) if length is None else length), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)
        if length is not None and length != len(body):
            self.close_connection = True

    def send_file(self, content: bytes) -> None:
        """Send a file, or the part of it that is asked for if it is still the same."""
        tag = tag_of(content)
        headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": "audio/wav"}
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match is None or self.headers.get("If-Range", tag) != tag:
            self.send(200, content, headers)
        elif int(match[1]) >= len(content):
            self.send(416, b"", {**headers, "Content-Range": f"bytes */{len(content)}"})
        else:
            place = f"bytes {match[1]}-{len(content) - 1}/{len(content)}"
            self.send(206, content[int(match[1]) :], {**headers, "Content-Range": place})


Fault = Callable[[Handler, bytes], None]
"""A wrong answer to one request for a file with this content."""


@attrs.define
class SoundServer:
    """What a server has and has seen.

    Attributes:
        url: its address.
        files: contents by path.
        answers: JSON by path.
        redirects: addresses by path.
        faults: by path: each request takes the first, and the answer is right when none is there.
        requests: all that came, in order.
    """

    url: str
    files: dict[str, bytes] = attrs.field(factory=dict)
    answers: dict[str, JsonAnswer] = attrs.field(factory=dict)
    redirects: dict[str, str] = attrs.field(factory=dict)
    faults: dict[str, list[Fault]] = attrs.field(factory=dict)
    requests: list[SeenRequest] = attrs.field(factory=list)

    def fail(self, path: str, *faults: Fault) -> None:
        """Let the next requests for a path fail, one after the other."""
        self.faults.setdefault(path, []).extend(faults)

    def requests_for(self, path: str) -> list[SeenRequest]:
        """Return the requests for a path, in order."""
        return [request for request in self.requests if urlsplit(request.path).path == path]


@contextmanager
def serve_sounds(handler: type[Handler] = Handler) -> Iterator[SoundServer]:
    """Run a server while the block runs; a subclass of `Handler` answers in its own way."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (handler,), {}))
    server.daemon_threads = True
    sounds = SoundServer(f"http://127.0.0.1:{server.server_address[1]}")
    handler_class: type[Handler] = server.RequestHandlerClass  # type: ignore[assignment]
    handler_class.sounds = sounds
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield sounds
    finally:
        server.shutdown()
        server.server_close()


def tag_of(content: bytes) -> str:
    """Return the ETag of a file."""
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def busy(status: int = 503, retry_after: str = "") -> Fault:
    """Answer that there is too much to do."""
    headers = {"Content-Type": "text/html", **({"Retry-After": retry_after} if retry_after else {})}
    return lambda handler, content: handler.send(status, b"<html>busy</html>", headers)


def web_page() -> Fault:
    """Answer with a web page as if all were well."""
    return lambda handler, content: handler.send(200, b"<html>hello</html>", {"Content-Type": "text/html"})


def cut(after: int) -> Fault:
    """Send the beginning of the file (of the part that is asked for), and close the connection."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.wfile = CutWriter(handler.wfile, after)  # type: ignore[assignment]
        try:
            handler.send_file(content)
        finally:
            handler.wfile = handler.wfile.raw  # type: ignore[attr-defined]
            handler.close_connection = True

    return fault


@attrs.define
class CutWriter:
    """Passes the headers and the first bytes of the body on."""

    raw: io.BufferedIOBase
    left: int
    in_body: bool = False

    def write(self, block: bytes) -> int:
        if not self.in_body:
            self.in_body = True
            return self.raw.write(block)
        self.raw.write(block[: self.left])
        self.left -= len(block[: self.left])
        return len(block)

    def flush(self) -> None:
        self.raw.flush()


def wrong_length(difference: int) -> Fault:
    """Claim that the whole file is longer (or shorter) than it is, and send what fits."""

    def fault(handler: Handler, content: bytes) -> None:
        length = len(content) + difference
        handler.send(200, content[:length], {"ETag": tag_of(content), "Content-Type": "audio/wav"}, length)
        handler.close_connection = True

    return fault


def ignored_range() -> Fault:
    """Send the whole file, whatever part is asked for."""
    return lambda handler, content: handler.send(200, content, {"ETag": tag_of(content), "Content-Type": "audio/wav"})


def wrong_range(start: int) -> Fault:
    """Send another part than was asked for, and say so."""

    def fault(handler: Handler, content: bytes) -> None:
        headers = {"ETag": tag_of(content), "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        handler.send(206, content[start:], {**headers, "Content-Type": "audio/wav"})

    return fault


def unsatisfiable() -> Fault:
    """Answer that there is no such part, with another size than the file has."""
    return lambda handler, content: handler.send(416, b"", {"Content-Range": "bytes */7"})


def packed() -> Fault:
    """Send the file packed, though nobody asked for that."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.send(200, gzip.compress(content), {"Content-Encoding": "gzip", "ETag": tag_of(content)})

    return fault


def drip(seconds: float, count: int = 20) -> Fault:
    """Send single bytes with pauses."""

    def fault(handler: Handler, content: bytes) -> None:
        handler.send(200, b"", {"Content-Length": str(len(content)), "ETag": tag_of(content)})
        for position in range(min(count, len(content))):
            handler.wfile.write(content[position : position + 1])
            time.sleep(seconds)
        handler.close_connection = True

    return fault


def silence(seconds: float) -> Fault:
    """Answer nothing for a while, then close the connection."""

    def fault(handler: Handler, content: bytes) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def redirect(address: str) -> Fault:
    """Lead to another address."""
    return lambda handler, content: handler.send(302, b"", {"Location": address})


def make_wav(seed: int = 0, seconds: float = 0.5, rate: int = 8000) -> bytes:
    """Return a recording of noise, another one for each seed."""
    import soundfile

    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * rate)).astype(np.float32)
    buffer = io.BytesIO()
    soundfile.write(buffer, noise, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
