"""The contract of sources: where recordings are found and fetched from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping

import attrs

from covey.components.contracts import Component


@attrs.frozen(kw_only=True)
class FoundRecording:
    """A recording as a source lists it. All texts come from elsewhere: covey never takes one for a path.

    Attributes:
        id: what the source knows it by; no two recordings of a source have the same.
        name: file name for a person.
        bytes: size of the file; None if the source does not say.
        sha256: hash of its bytes in hexadecimal digits; "" if the source does not say.
        duration_s: its length; None if the source does not say.
        licence: as the source names it; "" if it does not say.
        recordist: who made it; "" if the source does not say.
        metadata: what else the source says of it, by the source's own names.
    """

    id: str
    name: str
    bytes: int | None = None
    sha256: str = ""
    duration_s: float | None = None
    licence: str = ""
    recordist: str = ""
    metadata: Mapping[str, str] = attrs.field(factory=dict)


class Source(Component):
    """Finds recordings and hands over their bytes. What it says is never believed: covey verifies what it fetches."""

    @abstractmethod
    def find(self, query: str) -> Iterator[FoundRecording]:
        """Yield the recordings that a query means, as they are found, each once and in the same order each time.

        Args:
            query: what to look for, in the words of the source.

        Raises:
            CoveyError: the query is wrong, or the source cannot be reached.
        """

    @abstractmethod
    def open(self, recording: FoundRecording, offset: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a recording in blocks.

        Args:
            recording: as `find` has yielded it, perhaps in an earlier run.
            offset: number of bytes to leave out at the beginning, because they are there already.

        Raises:
            CoveyError: there is no such recording any more, or the source cannot be reached.
        """
