"""A client for web services that is polite, safe, and never shows a key."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from http.client import responses
from typing import Protocol, TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import attrs

from covey._base.announced_waits import wait
from covey._base.errors import CoveyError, reason, shorten
from covey._base.run_log import LOGGER
from covey._version import __version__
from covey.components.source_contract import Interrupted, RecordingDownload, Resume, StopFetching
from covey.sources.source_keys import hide_secret, redact

T = TypeVar("T")
JsonObject = dict[str, object]
"""An object of a JSON answer, as a service sends it: nothing in it is checked."""
TRIES = 8
"""How often one thing is tried before the service counts as gone."""
_LONGEST_WAIT_S = 60.0
_LONGEST_RETRY_AFTER_S = 600.0
_LEAST_PACE_S = 1.0
_MOST_REDIRECTS = 5
_MOST_BYTES = 500 * 10**6
_MOST_JSON_BYTES = 50 * 10**6
_BLOCK = 1 << 16
_LEAST_BYTES = 1024
"""What must arrive in each stretch of `patience_s`, or the connection counts as standing still."""
_TOO_FAST = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}
_RANGE = re.compile(r"bytes (?:(\d{1,18})-\d{1,18}|\*)/(\d{1,18}|\*)")


class _RawBody(Protocol):
    """The body of an answer as urllib3 reads it."""

    def read1(self, amt: int, decode_content: bool) -> bytes: ...


class _Response(Protocol):
    """What is used of an answer of the untyped library requests."""

    status_code: int
    headers: Mapping[str, str]
    raw: _RawBody

    def close(self) -> None: ...


class _TryAgain(Exception):
    """Why a request failed that may succeed later; `wait_s` is how long the service asks to wait.

    With `is_about_file`, other files may still be fetched if this one fails for good.
    """

    def __init__(self, problem: str, wait_s: float | None = None, is_about_file: bool = False) -> None:
        super().__init__(problem)
        self.wait_s, self.is_about_file = wait_s, is_about_file


@attrs.frozen(kw_only=True)
class WebClient:
    """Asks one web service, one request at a time and never faster than its pace.

    It is a value: clients with equal fields share one connection and one pace, so that a source makes one wherever it
    needs it. What is busy (429, 503), cut, silent, or sends a web page in place of an answer is asked again after 1, 2,
    4 ... 60 pauses of the pace, or when it says, at most 8 times; 400 and 401 stop at once, with the service's words.
    Only `address` and `hosts` are ever asked, by https, with at most 5 redirects.

    Attributes:
        address: of the service, such as "https://xeno-canto.org".
        hosts: names of further hosts that files may come from.
        moved_by: environment variable with an address on this machine that takes the place of the service and of all
            its hosts, such as "COVEY_XENOCANTO_URL": for tests. "" if there is none.
        seconds_between: least time between the starts of two requests; below 1 only where the service was moved.
        patience_s: how long to wait for a connection, for an answer, and for the next 1,024 bytes.
        most_bytes: size that no file may exceed.
    """

    address: str
    hosts: tuple[str, ...] = ()
    moved_by: str = ""
    seconds_between: float = _LEAST_PACE_S
    patience_s: float = 30.0
    most_bytes: int = _MOST_BYTES

    def get_json(
        self, path: str, params: Mapping[str, str] | None = None, secret_params: Mapping[str, str] | None = None
    ) -> JsonObject:
        """Return the JSON object that the service answers with.

        Args:
            path: of the service, such as "/api/3/recordings".
            params: of the address, not yet encoded.
            secret_params: such ones whose values must never be shown.

        Raises:
            StopFetching: the service refuses the question (its words are in the message), or cannot be reached.
            CoveyError: there is no such thing.
        """
        for secret in (secret_params or {}).values():
            hide_secret(secret)
        query = urlencode({**(params or {}), **(secret_params or {})})
        url = f"{self._locate(path)}{'?' if query else ''}{query}"
        return self._try_often(lambda: self._read_json(url), others_follow=False)

    def download(self, url: str, resume: Resume | None = None) -> RecordingDownload:
        """Return a file of the service on its way, from where an earlier attempt stopped if the file is still the same.

        Args:
            url: its address, or its path on the service.
            resume: what is there already.

        Raises:
            Interrupted: while blocks are taken: the connection was cut or stood still.
            StopFetching: the service refuses the key, or cannot be reached.
            CoveyError: there is no such file, it is too large, or it would come from elsewhere.
        """
        located = self._locate(url)
        return self._try_often(lambda: self._start_download(located, resume), others_follow=True)

    def _try_often(self, attempt: Callable[[], T], others_follow: bool) -> T:
        connection = self._connection
        for failures in range(TRIES):
            try:
                answer = attempt()
            except _TryAgain as error:
                problem, wait_s, is_about_file = redact(str(error)), error.wait_s, error.is_about_file
            else:
                connection.has_failed = False
                return answer
            if failures == 1 and not connection.has_answered:
                raise StopFetching(f"{self._host} cannot be reached ({problem}): check the network, and try again.")
            if wait_s is not None and wait_s > _LONGEST_RETRY_AFTER_S:
                minutes = wait_s / 60
                raise StopFetching(f"{self._host} asks to wait {minutes:,.0f} minutes: start again then.")
            if failures < TRIES - 1:
                LOGGER.info("%s: %s; trying again", self._host, problem)
                wait(self._back_off(failures) if wait_s is None else wait_s, problem)
        if others_follow and is_about_file and not connection.has_failed:
            connection.has_failed = True
            raise CoveyError(problem)
        raise StopFetching(f"{self._host} failed {TRIES} times in a row ({problem}): start again later.")

    def _back_off(self, failures: int) -> float:
        return float(min(_LONGEST_WAIT_S, self._pace_s * 2**failures))

    def _read_json(self, url: str) -> JsonObject:
        response = self._send(url, {"Accept": "application/json"})
        try:
            body = b"".join(self._read_blocks(response, _MOST_JSON_BYTES, f"the answer of {self._host}"))
            answer = json.loads(body)
        except Interrupted as error:
            raise _TryAgain(str(error)) from None
        except (ValueError, RecursionError):
            raise _TryAgain("it answered with something else than JSON") from None
        if not isinstance(answer, dict):
            raise CoveyError(f"{self._host} answered with JSON that is no object: is covey too old for it?")
        return answer

    def _start_download(self, url: str, resume: Resume | None) -> RecordingDownload:
        can_resume = resume is not None and bool(resume.version)
        headers = {"Accept-Encoding": "identity"}
        if resume and can_resume:
            headers |= {"Range": f"bytes={resume.offset}-", "If-Range": resume.version}
        response = self._send(url, headers)
        if _is_web_page(response):
            response.close()
            raise _TryAgain("it sent a web page in place of a recording", is_about_file=True)
        if response.status_code == HTTPStatus.OK:
            return self._describe_download(response)
        response_range = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if resume and can_resume and response_range:
            download = self._resume_download(response, resume, response_range)
            if download:
                return download
        response.close()
        if not can_resume:
            raise _TryAgain("it answered for a part of a recording without being asked")
        return self._start_download(url, None)

    def _resume_download(self, response: _Response, resume: Resume, parts: re.Match[str]) -> RecordingDownload | None:
        """Return the rest of a file; None if it is another file now, or another part than was asked for."""
        is_same = _read_version(response) in ("", resume.version) and not _is_encoded(response)
        size = None if parts[2] == "*" else int(parts[2])
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if not is_same or size not in (None, resume.offset):
                return None
            response.close()
            return RecordingDownload(blocks=iter(()), offset=resume.offset, size=size, version=resume.version)
        if not is_same or parts[1] is None or int(parts[1]) > resume.offset:
            return None
        offset = int(parts[1])
        blocks = self._read_blocks(response, self.most_bytes - offset)
        return RecordingDownload(blocks=blocks, offset=offset, size=size, version=resume.version)

    def _describe_download(self, response: _Response) -> RecordingDownload:
        """Return a whole file; one that comes packed has no size and no version, since these are of what is packed."""
        blocks = self._read_blocks(response, self.most_bytes)
        if _is_encoded(response):
            return RecordingDownload(blocks=blocks)
        length = response.headers.get("Content-Length", "")
        size = int(length) if re.fullmatch(r"\d{1,18}", length) else None
        if size is not None and size > self.most_bytes:
            response.close()
            raise CoveyError(_describe_excess("it", self.most_bytes))
        return RecordingDownload(blocks=blocks, size=size, version=_read_version(response))

    def _read_blocks(self, response: _Response, most_bytes: int, what: str = "it") -> Iterator[bytes]:
        """Yield the body of an answer as it arrives; `what` names it where it is too large."""
        from requests.exceptions import RequestException
        from urllib3.exceptions import HTTPError

        count, window_count, window_end = 0, 0, time.monotonic() + self.patience_s
        try:
            while block := response.raw.read1(_BLOCK, decode_content=True):
                count, window_count = count + len(block), window_count + len(block)
                if count > most_bytes:
                    raise CoveyError(_describe_excess(what, most_bytes))
                yield block
                if time.monotonic() > window_end:
                    if window_count < _LEAST_BYTES:
                        raise Interrupted(f"{self._host} sends next to nothing any more", self._pace_s)
                    window_count, window_end = 0, time.monotonic() + self.patience_s
        except (HTTPError, RequestException, OSError) as error:
            raise Interrupted(f"the connection to {self._host} was cut", self._pace_s) from _without_secrets(error)
        finally:
            response.close()

    def _send(self, url: str, headers: Mapping[str, str]) -> _Response:
        """Return the answer to a request, redirects followed; its body is not yet read."""
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send_once(url, headers)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or target is None:
                self._check_status(response)
                return response
            response.close()
            url = self._locate(target, url)
        raise CoveyError(f"{self._host} leads from one address to the next, more than {_MOST_REDIRECTS} times")

    def _send_once(self, url: str, headers: Mapping[str, str]) -> _Response:
        from requests.exceptions import RequestException

        connection = self._connection
        connection.wait_for_turn(self._pace_s)
        try:
            return connection.send(url, headers, self.patience_s)
        except (RequestException, OSError) as error:
            LOGGER.debug("%s", redact(str(error)))
            kind = type(error).__name__
            words = {"ConnectTimeout": "no answer", "ReadTimeout": "no answer", "SSLError": "no safe connection"}
            raise _TryAgain(words.get(kind, "no connection")) from _without_secrets(error)

    def _check_status(self, response: _Response) -> None:
        """Raise if an answer is none that can be used."""
        status = response.status_code
        if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE):
            return
        phrase = f"{status} {responses.get(status, '')}".strip()
        if status in _BUSY:
            response.close()
            problem = f"the service asks to slow down: {phrase}" if status in _TOO_FAST else f"it answered {phrase}"
            is_about_file = status == HTTPStatus.INTERNAL_SERVER_ERROR
            raise _TryAgain(problem, _read_retry_after(response), is_about_file)
        message = self._read_message(response) or phrase
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise CoveyError(f"{self._host} has nothing at this address: {message}")
        sentence = f"{self._host} refuses: {message}"
        if status == HTTPStatus.UNAUTHORIZED:
            raise StopFetching(f"{sentence.rstrip('.')}. Set another key of this source, or its variable.")
        if status == HTTPStatus.BAD_REQUEST:
            raise StopFetching(sentence)
        raise CoveyError(sentence)

    def _read_message(self, response: _Response) -> str:
        """Return what a service says is wrong: as `message`, in an object `error`, or as text `error`."""
        try:
            answer = json.loads(b"".join(self._read_blocks(response, _BLOCK)))
        except (CoveyError, ValueError, RecursionError):
            return ""
        if not isinstance(answer, dict):
            return ""
        nested = answer.get("error")
        candidates = (nested.get("message") if isinstance(nested, dict) else None, answer.get("message"), nested)
        message = next((text for text in candidates if isinstance(text, str)), "")
        return shorten(" ".join(redact(message).split()))

    def _locate(self, address: str, base: str = "") -> str:
        """Return where an address leads, relative to another one; CoveyError if that is none of the service's own."""
        try:
            parts = urlsplit(urljoin(base or self.address, address))
            is_own = self._is_own(parts)
        except ValueError:
            raise CoveyError(f"{self._host} names an address that is none") from None
        if not is_own:
            host = shorten(redact(parts.hostname or parts.scheme))
            raise CoveyError(f"{self._host} leads to {host}, which is none of its own addresses")
        origin = urlsplit(self._origin)
        moved = {"scheme": origin.scheme, "netloc": origin.netloc} if self._moved_to else {"scheme": "https"}
        return parts._replace(**moved, fragment="").geturl()

    def _is_own(self, parts: SplitResult) -> bool:
        if parts.username or parts.password or parts.scheme not in ("http", "https"):
            return False
        if self._moved_to and _is_below(parts.geturl(), self._origin):
            return True
        own_hosts = {urlsplit(self.address).hostname, *self.hosts}
        return parts.hostname in own_hosts and parts.port in (None, 443)

    @property
    def _moved_to(self) -> str:
        return os.environ.get(self.moved_by, "").rstrip("/") if self.moved_by else ""

    @property
    def _origin(self) -> str:
        """Where the service really is asked."""
        moved_to = self._moved_to
        if moved_to and not _is_loopback(moved_to):
            raise CoveyError(f"{self.moved_by} may only lead to this machine, such as http://127.0.0.1:8000.")
        return moved_to or self.address

    @property
    def _host(self) -> str:
        return urlsplit(self.address).hostname or self.address

    @property
    def _pace_s(self) -> float:
        if self.seconds_between < _LEAST_PACE_S and not self._moved_to:
            raise CoveyError(f"{self._host} is asked once in {_LEAST_PACE_S:g} s at most: choose a slower pace.")
        return self.seconds_between

    @property
    def _connection(self) -> _Connection:
        return _connect(self._origin)


class _Connection:
    """One connection to a service, which keeps its pace."""

    def __init__(self, origin: str) -> None:
        from requests import Session
        from requests.adapters import HTTPAdapter

        self.has_answered = False
        self.has_failed = False  # the last file, for good
        self._lock = threading.Lock()
        self._last_start = -float("inf")
        self._session = Session()
        self._session.headers["User-Agent"] = f"covey/{__version__}"
        self._session.auth = _no_auth
        self._session.trust_env = not _is_loopback(origin)
        self._session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
        self._session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1))

    def wait_for_turn(self, pace_s: float) -> None:
        with self._lock:
            time.sleep(max(0.0, self._last_start + pace_s - time.monotonic()))
            self._last_start = time.monotonic()

    def send(self, url: str, headers: Mapping[str, str], patience_s: float) -> _Response:
        """Send one request past the redirects of requests, which would follow and parse any address."""
        from requests import Request

        session = self._session
        request = session.prepare_request(Request("GET", url, headers=dict(headers)))
        settings = session.merge_environment_settings(request.url, {}, True, None, None)
        response: _Response = session.get_adapter(request.url).send(request, timeout=patience_s, **settings)
        self.has_answered = True
        return response


@cache
def _connect(origin: str) -> _Connection:
    return _Connection(origin)


def _no_auth(request: T) -> T:
    """Leave a request as it is: without this, requests would add a password from the user's .netrc."""
    return request


def _is_below(address: str, origin: str) -> bool:
    return address == origin or address.startswith((f"{origin}/", f"{origin}?"))


def _is_loopback(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _is_web_page(response: _Response) -> bool:
    """Return whether a page comes instead of a file; the one that explains 416 is none that matters."""
    is_page = response.headers.get("Content-Type", "").lower().startswith("text/html")
    return is_page and response.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE


def _describe_excess(what: str, most_bytes: int) -> str:
    return f"{what} is larger than {most_bytes / 10**6:,.0f} MB"


def _is_encoded(response: _Response) -> bool:
    return response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")


def _read_version(response: _Response) -> str:
    """Return what identifies the contents of a file: a strong ETag, or else the time of its last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _read_retry_after(response: _Response) -> float | None:
    """Return the seconds that a service asks to wait; None if it does not say."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _without_secrets(error: Exception) -> Exception:
    """Return an error that can be shown as a cause: what libraries raise holds whole addresses."""
    return RuntimeError(f"{type(error).__name__}: {redact(reason(error))}")
