"""Calls through Kaggle's own client, with patience; whatever it raises becomes a sentence."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from covey import CoveyError
from covey.authoring import reason
from covey_kaggle.local_copy import Slug

T = TypeVar("T")
PAUSES = (1.0, 3.0, 9.0)
"""Seconds to wait before each new try of a call that failed for no fault of ours."""
PATIENCE = 60.0
"""Seconds without a byte after which a connection counts as cut."""
LONGEST_WAIT = 60.0
"""Seconds that Kaggle may ask us to wait before the next try; when it asks for more, a person is told."""
_ANSWERS = {
    401: "Kaggle does not accept your credentials: make a new token at https://www.kaggle.com/settings/api, and save"
    " it where the old one is.",
    403: "{slug} does not exist, or you may not do this with it: check the spelling, or ask its owner to share it.",
    404: "There is no {slug}: check the spelling.",
}


def client() -> Any:
    """Return Kaggle's client, signed in with a person's credentials. Raises CoveyError when there are none.

    The package signs in as soon as it is imported, prints what it thinks of that, and ends the program if it fails.
    """
    try:
        with quiet():
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
    except SystemExit as error:
        raise CoveyError(
            "Kaggle wants credentials, and there are none that it accepts: make a token at"
            " https://www.kaggle.com/settings/api and save it as ~/.kaggle/access_token, or put it into the environment"
            " variable KAGGLE_API_TOKEN."
        ) from error
    except Exception as error:  # the network, the files with the credentials, their permissions
        raise CoveyError(
            f"Signing in to Kaggle failed ({_short(error)}): check your connection and try again."
        ) from error
    return api


@contextmanager
def service(api: Any) -> Iterator[Any]:
    """Open the client's calls about datasets. By itself it would wait for an answer for ever."""
    from requests.adapters import HTTPAdapter

    class Patient(HTTPAdapter):  # type: ignore[misc]
        """Waits no longer than PATIENCE."""

        def send(self, *args: Any, **options: Any) -> Any:
            """Send a request."""
            return super().send(*args, **options | {"timeout": PATIENCE})

    with quiet(), api.build_kaggle_client() as kaggle:
        for scheme in ("https://", "http://"):
            kaggle.http_client()._session.mount(scheme, Patient())
        yield kaggle.datasets.dataset_api_client


def patiently(call: Callable[[], T], slug: Slug, pauses: Sequence[float] | None = None) -> T:
    """Return what `call` returns, tried again while the fault lies with Kaggle or the connection. Raises CoveyError."""
    rest = iter(PAUSES if pauses is None else pauses)
    while True:
        try:
            return call()
        except (Exception, SystemExit) as error:
            wait = _wait(error, next(rest, None))
            if wait is None:
                raise _as_covey_error(error, slug) from error
            time.sleep(wait)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what the client prints from the terminal."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def status(error: BaseException) -> int | None:
    """Return the HTTP status behind an error of the client, None where there is none."""
    code = getattr(getattr(error, "response", None), "status_code", None)
    return code if isinstance(code, int) else None


def _wait(error: BaseException, pause: float | None) -> float | None:
    """Return the seconds to wait before the next try; None where there is no use in one, or none is left."""
    code = status(error)
    if pause is None:
        return None
    if code == 429:
        wait = _asked(error)
        return pause if wait is None else wait if wait <= LONGEST_WAIT else None
    return pause if (code is not None and code >= 500) or _is_cut(error) else None


def _asked(error: BaseException) -> float | None:
    """Return the seconds that Kaggle asks us to wait: a number, or a date."""
    text = getattr(error, "response").headers.get("Retry-After", "")  # noqa: B009
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _is_cut(error: BaseException) -> bool:
    import requests

    kinds = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, kinds)


def _as_covey_error(error: BaseException, slug: Slug) -> CoveyError:
    code = status(error)
    if isinstance(error, CoveyError):
        return error
    if code in _ANSWERS:
        return CoveyError(_ANSWERS[code].format(slug=slug))
    if code == 429:
        wait = _asked(error)
        when = f"in {wait:,.0f} seconds" if wait else "later"
        return CoveyError(f"Kaggle has had too many requests from you: try again {when}.")
    if code is not None and code >= 500:
        return CoveyError(f"Kaggle has a fault of its own ({code}): try again later; what came through is kept.")
    if _is_cut(error):
        return CoveyError(f"The connection to Kaggle failed ({_short(error)}): try again; what came through is kept.")
    if isinstance(error, OSError) and error.strerror:
        return CoveyError(
            f"{slug} could not be kept ({reason(error)}): make room, or let COVEY_HOME name another folder."
        )
    return CoveyError(f"Kaggle did not do what was asked for {slug} ({_short(error)}): try again later.")


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {reason(error)[:150]}"
