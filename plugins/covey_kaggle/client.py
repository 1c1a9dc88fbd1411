"""Calls through Kaggle's own client, retried where that helps; its exceptions become CoveyErrors."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from covey import CoveyError
from covey.authoring import reason
from covey_kaggle.local_copy import Slug
from covey_kaggle.sdk_types import DatasetCalls, KaggleApi, Response

T = TypeVar("T")
RETRY_PAUSES_S = (1.0, 3.0, 9.0)
"""Seconds to wait before each retry of a call that failed because of Kaggle or the connection."""
READ_TIMEOUT_S = 60.0
"""Seconds without a byte after which a connection counts as broken."""
LONGEST_PAUSE_S = 60.0
"""The longest pause in seconds that Kaggle may ask for before a retry; if it asks for more, the call fails."""
_MESSAGES_BY_STATUS = {
    401: "Kaggle does not accept your credentials: make a new token at https://www.kaggle.com/settings/api and save"
    " it in place of the old one.",
    403: "{slug} does not exist, or you may not do this with it: check the spelling, or ask its owner to share it.",
    404: "There is no {slug}: check the spelling.",
}


def sign_in() -> KaggleApi:
    """Return Kaggle's client, signed in with the user's credentials.

    The package kaggle signs in as soon as it is imported, prints about it, and ends the program if it fails.

    Raises:
        CoveyError: there are no credentials, or signing in failed.
    """
    try:
        with silence_output():
            from kaggle.api import kaggle_api_extended

            api: KaggleApi = kaggle_api_extended.KaggleApi()
            api.authenticate()
    except SystemExit as error:
        raise CoveyError(
            "Kaggle needs credentials and accepts none on this machine: make a token at"
            " https://www.kaggle.com/settings/api and save it as ~/.kaggle/access_token, or put it into the environment"
            " variable KAGGLE_API_TOKEN."
        ) from error
    except Exception as error:  # the network, the files with the credentials, their permissions
        raise CoveyError(
            f"Signing in to Kaggle failed ({_summarise(error)}): check your connection and try again."
        ) from error
    return api


@contextmanager
def open_dataset_calls(api: KaggleApi) -> Iterator[DatasetCalls]:
    """Open the calls about datasets, with a timeout: Kaggle's client itself would wait for an answer for ever."""
    from requests.adapters import HTTPAdapter

    class TimeoutAdapter(HTTPAdapter):  # type: ignore[misc]
        """Limits each wait to READ_TIMEOUT_S."""

        def send(self, *args: object, **options: object) -> Response:
            """Send a request."""
            response: Response = super().send(*args, **options | {"timeout": READ_TIMEOUT_S})
            return response

    with silence_output(), api.build_kaggle_client() as sdk:
        for scheme in ("https://", "http://"):
            sdk.http_client()._session.mount(scheme, TimeoutAdapter())
        yield sdk.datasets.dataset_api_client


def call_with_retries(call: Callable[[], T], slug: Slug, pauses_s: Sequence[float] | None = None) -> T:
    """Return what `call` returns; retry while the fault lies with Kaggle or the connection.

    Args:
        call: the call to Kaggle.
        slug: the dataset that messages name.
        pauses_s: seconds before each retry; RETRY_PAUSES_S by default.

    Raises:
        CoveyError: the last attempt failed, or a retry is useless.
    """
    remaining_pauses_s = iter(RETRY_PAUSES_S if pauses_s is None else pauses_s)
    while True:
        try:
            return call()
        except (Exception, SystemExit) as error:
            pause_s = _pause_before_retry(error, next(remaining_pauses_s, None))
            if pause_s is None:
                raise _as_covey_error(error, slug) from error
            time.sleep(pause_s)


@contextmanager
def silence_output() -> Iterator[None]:
    """Keep what the client prints from the terminal."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


def http_status(error: BaseException) -> int | None:
    """Return the HTTP status behind an exception of the client, None if there is none."""
    status: object = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _pause_before_retry(error: BaseException, pause_s: float | None) -> float | None:
    """Return the seconds to wait before the next attempt, None if there shall be none."""
    status = http_status(error)
    if pause_s is None:
        return None
    if status == 429:
        requested_pause_s = _requested_pause(error)
        if requested_pause_s is None:
            return pause_s
        return requested_pause_s if requested_pause_s <= LONGEST_PAUSE_S else None
    return pause_s if (status is not None and status >= 500) or _is_connection_error(error) else None


def _requested_pause(error: BaseException) -> float | None:
    """Return the seconds that Kaggle asks to wait: its header holds a number or a date."""
    response: Response = getattr(error, "response")  # noqa: B009
    retry_after = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _is_connection_error(error: BaseException) -> bool:
    import requests

    connection_errors: tuple[type[BaseException], ...] = (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
    )
    return isinstance(error, connection_errors)


def _as_covey_error(error: BaseException, slug: Slug) -> CoveyError:
    status = http_status(error)
    if isinstance(error, CoveyError):
        return error
    if status in _MESSAGES_BY_STATUS:
        return CoveyError(_MESSAGES_BY_STATUS[status].format(slug=slug))
    if status == 429:
        pause_s = _requested_pause(error)
        when = f"in {pause_s:,.0f} seconds" if pause_s else "later"
        return CoveyError(f"Kaggle has had too many requests from you: try again {when}.")
    if status is not None and status >= 500:
        return CoveyError(
            f"Kaggle has an internal error ({status}): try again later; what was transferred so far is not lost."
        )
    if _is_connection_error(error):
        problem = f"The connection to Kaggle failed ({_summarise(error)})"
        return CoveyError(f"{problem}: try again; what was transferred so far is not lost.")
    if isinstance(error, OSError) and error.strerror:
        return CoveyError(
            f"{slug} could not be saved ({reason(error)}): make room, or set COVEY_HOME to another folder."
        )
    return CoveyError(f"Kaggle refused the request for {slug} ({_summarise(error)}): try again later.")


def _summarise(error: BaseException) -> str:
    return f"{type(error).__name__}: {reason(error)[:150]}"
