"""Files that a component needs and that people are asked about before they are fetched."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from covey._base.progress import Progress


@attrs.frozen(kw_only=True)
class MissingFiles:
    """Files that a component needs, that no library brings along, and that are not on this machine yet.

    Attributes:
        what: what they are: "the model BirdNET 2.4".
        size_mb: how much is fetched, in MB.
        licence: under which they may be used.
        origin: from where they are fetched.
        fetch: fetches them, once a person has agreed.
    """

    what: str
    size_mb: int
    licence: str
    origin: str
    fetch: Callable[[Progress], None]

    def describe(self) -> str:
        """Return in a sentence what a person has to agree to."""
        return (
            f"{self.what[:1].upper()}{self.what[1:]} is not on this machine: {self.size_mb} MB from {self.origin};"
            f" licence {self.licence}."
        )
