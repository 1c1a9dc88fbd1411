"""The types of fixtures that are functions."""

from __future__ import annotations

from typing import Protocol

from click.testing import Result


class Cli(Protocol):
    """The fixture `covey`: runs a command line in this process."""

    def __call__(self, *words: object) -> Result:
        """Return the output and the exit code of `covey WORDS`."""


class Distribution(Protocol):
    """The fixture `distribution`: installs a distribution that a test writes."""

    def __call__(self, name: str, points: dict[str, str], **modules: str) -> None:
        """Install modules with these sources, and entry points to them."""
