"""A xeno-canto on loopback, with invented recordings, that behaves as the real one and fails on demand.

By hand: `python -m tests.xenocanto_server --port 8765`, which says how covey finds it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import attrs
from tests.invented_recordings import FORMS, SAMPLE, InventedRecordings, Record, encode_sound, seconds_of, suffix_of

KEY = "3f1c0ffee5ca1ab1e0ddba11f00dfeed00c0ffee"
"""The key that the server accepts."""
BUSY_PAGE = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body>nginx</body></html>"
ELSEWHERE = "http://elsewhere.invalid/sound.mp3"


class Fault(Enum):
    """What goes wrong with an answer."""

    CUT = "the connection ends after half of what remains"
    TOO_LONG = "the length that is announced is larger"
    TOO_SHORT = "the length that is announced is smaller"
    WHOLE = "a request for a range is answered with the whole file"
    WRONG_RANGE = "a request for a range is answered with another range"
    RANGE_REFUSED = "a request for a range is refused with 416"
    CHANGED = "the file is another one from now on"
    HTML = "a page comes with status 200 instead of the sound"
    GZIP = "the sound is compressed for the transfer"
    DRIP = "the sound comes in small pieces"
    LOOP = "the address leads to one that leads to itself"
    OTHER_HOST = "the address leads to another host"
    TOO_MANY = "429 with Retry-After"
    BUSY = "503 with a page"
    GONE = "404 with a page"


_BEFORE_SOUND = {Fault.LOOP, Fault.OTHER_HOST, Fault.TOO_MANY, Fault.BUSY, Fault.GONE}
"""Faults of the address of a recording; the others are faults of the sound that it leads to."""
_OF_RANGES = {Fault.WHOLE, Fault.WRONG_RANGE, Fault.RANGE_REFUSED}
"""Faults that wait for a request for a range."""
_TRANSIENT = (Fault.CUT, Fault.TOO_LONG, Fault.TOO_SHORT, Fault.CHANGED, Fault.HTML, Fault.GZIP, Fault.DRIP,
              Fault.TOO_MANY, Fault.BUSY)  # fmt: skip
"""Faults that a patient client gets over."""


@attrs.frozen
class Request:
    """A request as the server saw it: when (s), what for, and from which byte on; the key is not kept."""

    at: float
    path: str
    start: int
    agent: str
    had_key: bool


class XenoCantoServer(ThreadingHTTPServer):
    """Lists recordings, page by page, and hands over their sounds.

    Attributes:
        records: all recordings, as they are listed.
        pace: seconds that two requests must lie apart, or else the answer is 503.
        requests: what was asked for, in order.
        faults: what goes wrong with the next requests for each recording, by its number.
        page_faults: what goes wrong with the next requests for pages.
        shift: how many recordings were added at the front (or removed there, if negative) after the first page.
        key: the key that is accepted.
        gate: sounds are sent while it is set, and held back while it is not.
    """

    daemon_threads = True

    def __init__(self, records: Sequence[Record] = SAMPLE, pace: float = 0, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.records, self.pace, self.key = records, pace, KEY
        self.requests: list[Request] = []
        self.faults: dict[int, list[Fault]] = {}
        self.page_faults: list[Fault] = []
        self.shift = 0
        self.retry_after = "0"
        self.drip_s = 0.002
        self.gate = threading.Event()
        self.gate.set()
        self.versions: Counter[int] = Counter()
        """How often the file of each recording was replaced."""
        self._by_number: dict[int, Record] = {}
        self._lock, self._last = threading.Lock(), -1e9
        self.matches = lru_cache(maxsize=8)(self._match)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away, as those do that are killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """What COVEY_XENOCANTO_URL is set to."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment."""
        return {"COVEY_XENOCANTO_URL": self.url, "XENO_CANTO_API_KEY": self.key}

    def paths(self) -> list[str]:
        """Return what was asked for, in order."""
        return [request.path for request in self.requests]

    def spread_faults(self, seed: int, share: float) -> None:
        """Let something go wrong with a share of the recordings, with half of them when a cut one is taken up."""
        rng = random.Random(seed)
        for record in self.records:
            if rng.random() < share:
                is_late = rng.random() < 0.5
                faults = sorted({*_TRANSIENT, *_OF_RANGES}, key=str) if is_late else _TRANSIENT
                self.faults[int(record["id"])] = [Fault.CUT] * is_late + [rng.choice(faults)]

    def find(self, number: int) -> Record | None:
        """Return the recording of a number."""
        if isinstance(self.records, InventedRecordings):
            index = number - self.records.first
            return self.records[index] if 0 <= index < len(self.records) else None
        return next((record for record in self.records if str(record["id"]) == str(number)), None)

    def sound(self, number: int) -> bytes:
        """Return the bytes of a recording, as they are now."""
        record = self.find(number)
        assert record is not None
        rate = int(record.get("smp") or 8000)
        return encode_sound(number, self.versions[number], seconds_of(record), rate, suffix_of(record))

    def is_too_fast(self) -> bool:
        """Return whether a request comes too early after the last one that was answered."""
        with self._lock:
            now = time.monotonic()
            is_early = now - self._last < self.pace
            self._last = self._last if is_early else now
            return is_early

    def take_fault(self, number: int, kinds: Callable[[Fault], bool]) -> Fault | None:
        """Return the next fault of a recording if it is of these kinds, and forget it."""
        with self._lock:
            pending = self.faults.get(number, [])
            return pending.pop(0) if pending and kinds(pending[0]) else None

    def _match(self, query: str) -> Sequence[int]:
        conditions = [(tag, value.strip('"')) for tag, value in _TAG.findall(query)]
        if all(tag not in _TESTS for tag, _ in conditions):
            return range(len(self.records))
        return [index for index, record in enumerate(self.records)
                if all(_TESTS.get(tag, _accept)(record, value) for tag, value in conditions)]  # fmt: skip


_TAG = re.compile(r'(\w+):("[^"]*"|[^\s"]+)')
_TAG_NAMES = (
    "grp gen sp fam ssp en rec cnt area loc lat lon box alt also type sex stage method nr lic q len temp regnr auto"
    " dvc mic smp rmk since year month seen playback colyear colmonth othertype"
)
_TAGS = frozenset(_TAG_NAMES.split())


def _accept(record: Record, value: str) -> bool:
    return True


def _starts(field: str) -> Callable[[Record, str], bool]:
    return lambda record, value: str(record.get(field) or "").lower().startswith(value.lstrip("=").lower())


def _is_species(record: Record, value: str) -> bool:
    names = (str(record.get("sp")), f"{record.get('gen')} {record.get('sp')}")
    return value.lower() in [name.lower() for name in names]


def _has_quality(record: Record, value: str) -> bool:
    quality = str(record.get("q"))
    return quality < value[1:] if value.startswith(">") else quality == value


def _is_within(measure: Callable[[Record], float]) -> Callable[[Record, str], bool]:
    def test(record: Record, value: str) -> bool:
        number = measure(record)
        if value[0] in "<>":
            return number < float(value[1:]) if value[0] == "<" else number > float(value[1:])
        low, _, high = value.lstrip("=").partition("-")
        return float(low) <= number <= float(high or low)

    return test


_TESTS: Mapping[str, Callable[[Record, str], bool]] = {
    **{tag: _starts(tag) for tag in ("gen", "cnt", "grp", "en", "rec", "ssp")},
    "sp": _is_species,
    "q": _has_quality,
    "len": _is_within(seconds_of),
    "nr": _is_within(lambda record: float(record["id"])),
}


class _Handler(BaseHTTPRequestHandler):
    server: XenoCantoServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        arguments = {name: values[0] for name, values in parse_qs(address.query).items()}
        self._remember(address.path, arguments)
        download = re.fullmatch(r"/(\d+)/download", address.path)
        sound = re.fullmatch(r"/sounds/uploaded/([A-J]{10})/[^/]+", address.path)
        if address.path == "/loop":
            self._redirect(f"{self.server.url}/loop")
        elif sound:
            self._send_sound(int("".join(str("ABCDEFGHIJ".index(letter)) for letter in sound[1])))
        elif self.server.is_too_fast():
            self._send(503, BUSY_PAGE)
        elif address.path == "/api/3/recordings":
            self._send_page(arguments)
        elif download:
            self._lead_to_sound(int(download[1]))
        else:
            self._send(404, b"<html>Page not found</html>")

    def _remember(self, path: str, arguments: Mapping[str, str]) -> None:
        shown = "&".join(f"{name}={value}" for name, value in arguments.items() if name != "key")
        start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        request = Request(
            at=time.monotonic(),
            path=f"{unquote(path)}?{shown}" if shown else unquote(path),
            start=int(start[1]) if start else 0,
            agent=self.headers.get("User-Agent", ""),
            had_key="key" in arguments,
        )
        self.server.requests.append(request)

    def _send_page(self, arguments: Mapping[str, str]) -> None:
        fault = self.server.page_faults.pop(0) if self.server.page_faults else None
        query, per_page, page = (arguments.get(name, "") for name in ("query", "per_page", "page"))
        if fault is not None:
            self._fail_page(fault)
        elif arguments.get("key") != self.server.key:
            self._refuse(401, "client_error", "Missing or invalid 'key' parameter.")
        elif not query:
            self._send_json(400, {"error": {"code": "missing_parameter", "message": "No query specified"}})
        elif _TAG.sub("", query).strip():
            self._refuse(400, "client_error", "This version of the API only accepts queries using tags.")
        elif unknown := {tag for tag, _ in _TAG.findall(query)} - _TAGS:
            self._refuse(400, "client_error", f"Unknown tag: {min(unknown)}")
        elif not (re.fullmatch(r"\d+", per_page or "100") and 50 <= int(per_page or 100) <= 500):
            self._refuse(400, "client_error", "Parameter 'per_page' must be between 50 and 500.")
        elif not re.fullmatch(r"[1-9]\d*", page or "1"):
            self._refuse(400, "client_error", "Parameter 'page' must be a positive number.")
        else:
            self._list(self.server.matches(query), int(per_page or 100), int(page or 1))

    def _list(self, indices: Sequence[int], per_page: int, page: int) -> None:
        start = max((page - 1) * per_page - (self.server.shift if page > 1 else 0), 0)
        records = [self.server.records[index] for index in indices[start : start + per_page]]
        species = {(record.get("gen"), record.get("sp")) for record in records if isinstance(record, dict)}
        answer = {"numRecordings": str(len(indices)), "numSpecies": str(len(species)), "page": page}
        self._send_json(200, answer | {"numPages": -(-len(indices) // per_page), "recordings": records})

    def _fail_page(self, fault: Fault) -> None:
        if fault is Fault.CUT:
            self._send(200, b'{"numRecordings": "5", "rec', announced=4000)
        else:
            self._fail(fault)

    def _lead_to_sound(self, number: int) -> None:
        record = self.server.find(number)
        if fault := self.server.take_fault(number, _BEFORE_SOUND.__contains__):
            self._fail(fault)
        elif record is None or record.get("file") in (None, "restricted_species"):
            self._send(404, b"<html>Recording not found</html>")
        else:
            letters = "".join("ABCDEFGHIJ"[int(digit)] for digit in f"{number:010}")
            name = quote(str(record.get("file-name") or "sound"), safe="")
            self._redirect(f"{self.server.url}/sounds/uploaded/{letters}/{name}")

    def _fail(self, fault: Fault) -> None:
        match fault:
            case Fault.LOOP:
                self._redirect(f"{self.server.url}/loop")
            case Fault.OTHER_HOST:
                self._redirect(ELSEWHERE)
            case Fault.TOO_MANY:
                self._send(429, b"<html>Too many requests</html>", {"Retry-After": self.server.retry_after})
            case Fault.BUSY:
                self._send(503, BUSY_PAGE)
            case Fault.HTML:
                self._send(200, BUSY_PAGE)
            case _:
                self._send(404, b"<html>Not found</html>")

    def _send_sound(self, number: int) -> None:
        self.server.gate.wait()
        is_range = "Range" in self.headers
        fault = self.server.take_fault(number, lambda fault: fault not in _BEFORE_SOUND and
                                       (is_range or fault not in _OF_RANGES))  # fmt: skip
        self.server.versions[number] += fault is Fault.CHANGED
        content = self.server.sound(number)
        etag = f'"{hashlib.md5(content).hexdigest()[:16]}"'
        start = self._range_start(etag) if fault is not Fault.WHOLE else None
        if fault is Fault.HTML:
            self._send(200, BUSY_PAGE)
        elif fault is Fault.RANGE_REFUSED or (start is not None and start >= len(content)):
            self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        else:
            self._send_content(number, content, start, etag, fault)

    def _range_start(self, etag: str) -> int | None:
        """Return the first byte that is asked for, None if the whole file is to be sent."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_current = self.headers.get("If-Range", etag) in (etag, _MODIFIED)
        return int(match[1]) if match and is_current else None

    def _send_content(self, number: int, content: bytes, start: int | None, etag: str, fault: Fault | None) -> None:
        record = self.server.find(number) or {}
        headers = {"ETag": etag, "Last-Modified": _MODIFIED, "Accept-Ranges": "bytes"}
        headers["Content-Type"] = FORMS[suffix_of(record)][1]
        if start is not None:
            first = start // 2 if fault is Fault.WRONG_RANGE else start
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            content = content[first:]
        if fault is Fault.GZIP:
            content = gzip.compress(content)
            headers["Content-Encoding"] = "gzip"
        announced = {Fault.TOO_LONG: len(content) + 1000, Fault.TOO_SHORT: len(content) * 2 // 3}
        length = announced.get(fault, len(content)) if fault else len(content)
        if fault in (Fault.CUT, Fault.TOO_SHORT):
            content = content[: len(content) // 2 if fault is Fault.CUT else length]
        status = 200 if start is None else 206
        self._send(status, content, headers, announced=length, is_slow=fault is Fault.DRIP)

    def _redirect(self, address: str) -> None:
        self._send(302, b"", {"Location": address})

    def _refuse(self, status: int, error: str, message: str) -> None:
        self._send_json(status, {"error": error, "message": message})

    def _send_json(self, status: int, content: Mapping[str, object]) -> None:
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(
        self,
        status: int,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        announced: int | None = None,
        is_slow: bool = False,
    ) -> None:
        length = len(content) if announced is None else announced
        self.close_connection = self.close_connection or length != len(content)
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=UTF-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        try:
            self._write(content, is_slow)
        except OSError:  # the client has gone
            self.close_connection = True

    def _write(self, content: bytes, is_slow: bool) -> None:
        piece = max(len(content) // 20, 1) if is_slow else len(content) + 1
        for start in range(0, len(content), piece):
            self.wfile.write(content[start : start + piece])
            self.wfile.flush()
            time.sleep(self.server.drip_s if is_slow else 0)


_MODIFIED = "Wed, 01 May 2024 06:30:00 GMT"


def main() -> None:
    """Serve recordings until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--recordings", type=int, default=240, help="how many tits are invented")
    parser.add_argument("--seconds", type=int, default=6, help="how long each of them is")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds between two requests; earlier ones get 503")
    parser.add_argument("--faults", type=float, default=0.0, help="the share of recordings with which something fails")
    arguments = parser.parse_args()
    invented = InventedRecordings(arguments.recordings, arguments.seconds)
    server = XenoCantoServer([*invented, *SAMPLE], arguments.pace, arguments.port)
    server.spread_faults(0, arguments.faults)
    print(*(f"export {name}={value}" for name, value in server.environment.items()), sep="\n", flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main()
