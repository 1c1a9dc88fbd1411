"""The keys of sources: where they are kept, and that they are never shown."""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from urllib.parse import quote, quote_plus

from covey._base.errors import CoveyError, reason
from covey._base.files import make_folder, write_text
from covey._base.user_folders import user_data_folder
from covey.components.source_contract import ServiceKey, Source

_FILE = "keys.json"
_VALID = re.compile(r"[\x21-\x7e]{1,500}")
_HIDDEN = "***"
_secrets: set[str] = set()
"""What must not be shown, since it was used in this process."""


def read_key(source: type[Source]) -> str:
    """Return the key of a source: from its environment variable, or as `covey keys set` stored it.

    Raises:
        CoveyError: there is none, and the sentence says how to get and set one.
    """
    key = source.key
    if key is None:
        return ""
    secret = _find_secret(source, key)
    if not secret:
        raise CoveyError(
            f"{source.name} needs a key. {key.how} Then store it once on the page Start of the dashboard or by `covey"
            f" keys set {source.name}`, or put it into the environment variable {key.variable}."
        )
    if not _VALID.fullmatch(secret):
        raise CoveyError(f"The key of {source.name} has blanks or odd characters: set it again.")
    hide_secret(secret)
    return secret


def lacks_key(source: type[Source]) -> bool:
    """Return whether a source needs a key and has none.

    Raises:
        CoveyError: the file with the keys cannot be read.
    """
    return source.key is not None and not _find_secret(source, source.key)


def _find_secret(source: type[Source], key: ServiceKey) -> str:
    variables = (key.variable, *key.other_variables)
    secret = next((text for name in variables if (text := os.environ.get(name, "").strip())), "")
    return secret or read_stored_keys().get(source.name, "")


def read_stored_keys() -> dict[str, str]:
    """Return the stored keys by the names of their sources.

    Raises:
        CoveyError: the file cannot be read.
    """
    path = _keys_file()
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CoveyError(f"{path} cannot be read ({reason(error)}): delete it and set the keys again.") from None
    stored = document.items() if isinstance(document, dict) else ()
    return {str(name): secret for name, secret in stored if isinstance(secret, str)}


def store_key(source: str, secret: str) -> None:
    """Store the key of a source in a file that only this user can read; "" removes it.

    Raises:
        CoveyError: it is no key, or the file cannot be written.
    """
    if secret and not _VALID.fullmatch(secret):
        raise CoveyError("A key has no blanks and only plain characters, 500 at most: copy it again.")
    make_folder(_keys_file().parent)
    stored = {**read_stored_keys(), source: secret}
    write_text(_keys_file(), json.dumps({name: text for name, text in stored.items() if text}, indent=2) + "\n")


def _keys_file() -> Path:
    return user_data_folder() / _FILE


def hide_secret(secret: str) -> None:
    """Let `redact` hide a secret from now on, and take it out of what libraries log."""
    _secrets.update(form for form in (secret, quote(secret, safe=""), quote_plus(secret)) if form)
    for name in ("urllib3.connectionpool", "requests"):
        logger = logging.getLogger(name)
        if _redact_record not in logger.filters:
            logger.addFilter(_redact_record)


def redact(text: str) -> str:
    """Return a text in which secrets that were used are hidden."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _redact_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact(record.getMessage()), ()
    return True
