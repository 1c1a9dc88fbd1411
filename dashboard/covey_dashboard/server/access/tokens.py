"""Random tokens by which the browser refers to folders that the server has opened."""

from __future__ import annotations

import secrets
from typing import Generic, TypeVar

T = TypeVar("T")


class Tokens(Generic[T]):
    """What has been opened, each under a token of its own for as long as the server runs."""

    def __init__(self) -> None:
        self._tokens: dict[T, str] = {}
        self._opened: dict[str, T] = {}

    def token(self, opened: T) -> str:
        """Return the token of something, always the same."""
        token = self._tokens.setdefault(opened, secrets.token_urlsafe(16))
        self._opened[token] = opened
        return token

    def find_opened(self, token: str) -> T | None:
        """Return what was opened under a token, None if nothing was."""
        return self._opened.get(token)
