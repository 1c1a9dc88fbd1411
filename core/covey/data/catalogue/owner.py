"""The seal by which a user's covey knows what it wrote itself: a catalogue of somebody else is never read."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from functools import cached_property

import attrs

from covey._base.errors import CoveyError
from covey._base.files import create_file, make_folder, read_text
from covey._base.user_folders import user_data_folder

_FILE = "catalogue.key"


@attrs.frozen(slots=False)
class Owner:
    """A user, known by a secret that stays in the user's data folder."""

    _secret: str = attrs.field(repr=False)

    @cached_property
    def name(self) -> str:
        """What is no secret, and tells the catalogues of several users of one dataset apart."""
        return hashlib.sha256(self._secret.encode()).hexdigest()[:16]

    def seal(self, content: bytes) -> str:
        """Return a text that only this user's covey can make of these bytes."""
        return hmac.new(self._secret.encode(), content, "sha256").hexdigest()

    def has_sealed(self, content: bytes, seal: str) -> bool:
        """Whether this user's covey sealed these bytes."""
        return hmac.compare_digest(self.seal(content).encode(), seal.encode("utf-8", "replace"))


def current_owner() -> Owner:
    """Return the user at work; one that has never written a catalogue is a new one each time. Nothing is written."""
    try:
        secret = read_text(user_data_folder() / _FILE).strip()
    except (OSError, ValueError):
        secret = ""
    return Owner(secret or secrets.token_hex(32))


def create_owner() -> Owner:
    """Return the user at work, with a new secret if need be; without a data folder it is a new one each time."""
    path = user_data_folder() / _FILE
    with suppress(CoveyError):
        if not path.exists():
            make_folder(path.parent)
            create_file(path, secrets.token_hex(32).encode())
    return current_owner()
