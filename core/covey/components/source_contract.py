"""The contract of sources: where recordings are found and fetched from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

import attrs

from covey._base.errors import CoveyError
from covey.components.contracts import Component


@attrs.frozen(kw_only=True)
class Annotation:
    """A piece of a recording that somebody has named.

    Attributes:
        start_s: where it begins, in seconds.
        end_s: where it ends, in seconds.
        label: the name, such as a species or a kind of call.
        low_hz: its lowest frequency; None if the source does not say.
        high_hz: its highest frequency; None if the source does not say.
        author: who named it; "" if the source does not say.
    """

    start_s: float
    end_s: float
    label: str
    low_hz: float | None = None
    high_hz: float | None = None
    author: str = ""


@attrs.frozen(kw_only=True)
class FoundRecording:
    """A recording as a source lists it. All texts come from elsewhere: covey never takes one for a path.

    Attributes:
        id: what the source knows it by; no two recordings of a source have the same. It matches `Source.id_pattern`.
        name: file name for a person; the original tools name their files after it.
        species: scientific name; "" if the source does not say.
        bytes: size of the file; None if the source does not say.
        sha256: hash of its bytes in hexadecimal digits; "" if the source does not say.
        duration_s: its length; None if the source does not say.
        licence: as the source names it: address, code or name; "" if it does not say.
        recordist: who made it; "" if the source does not say.
        url: address of its page, for credits; "" if it has none.
        withheld: why the source does not hand over the file, such as "of a restricted species"; "" if it does. Such a
            recording is counted and never opened.
        annotations: what people have named in it.
        metadata: what else the source says of it, by the source's own names. Each becomes a column of `metadata.csv`.
            A column `id` is for numbers of xeno-canto alone.
    """

    id: str
    name: str
    species: str = ""
    bytes: int | None = None
    sha256: str = ""
    duration_s: float | None = None
    licence: str = ""
    recordist: str = ""
    url: str = ""
    withheld: str = ""
    annotations: tuple[Annotation, ...] = ()
    metadata: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Resume:
    """What was fetched of a recording before.

    Attributes:
        offset: how many of its bytes are there already, at least 1.
        version: of the file they belong to, as `RecordingDownload.version` said; "" if the source did not say.
    """

    offset: int
    version: str = ""


@attrs.frozen(kw_only=True)
class RecordingDownload:
    """The bytes of a recording on their way.

    Attributes:
        blocks: the bytes from `offset` on, in blocks of any size. Taking one may raise what `Source.open` raises.
        offset: where in the file they begin. 0 if the source starts over; never more than `Resume.offset`.
        size: of the whole file in bytes; None if the source does not say.
        version: changes with the contents of the file (an ETag, say), so that a later attempt takes up the same file;
            "" if the source does not say.
    """

    blocks: Iterator[bytes]
    offset: int = 0
    size: int | None = None
    version: str = ""


class Interrupted(CoveyError):  # the word a user reads
    """The connection was cut or stood still: covey opens the recording again and takes up what is there.

    `wait_s` says how many seconds to wait before the first new attempt; each further one waits twice as long.
    """

    def __init__(self, message: str, wait_s: float = 1.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class StopFetching(CoveyError):  # an order, as StopIteration is
    """Nothing more can be fetched: the key is wrong, the service is gone, the disk is full. What is there is kept."""


@attrs.frozen(kw_only=True)
class ServiceKey:
    """The key that a source needs. It never enters options, files of datasets, addresses that are shown, or messages.

    Attributes:
        variable: the environment variable that holds it, such as "XENO_CANTO_API_KEY"; it wins over a stored key.
        how: sentence that says where people get one.
        other_variables: further variables that are in use for it.
    """

    variable: str
    how: str
    other_variables: tuple[str, ...] = ()


class Source(Component):
    """Finds recordings and hands over their bytes. What it says is never believed: covey verifies what it fetches.

    covey paces retries, resumes, verifies, keeps the balance, metadata and licences for all sources alike. One that
    reads from the web is a `covey.authoring.WebSource`, whose client is polite by itself.
    """

    prefix: ClassVar[str] = ""
    """What file names begin with, before the id: "XC" makes XC123456.mp3. An id with capitals gets a hash as well."""
    id_pattern: ClassVar[str] = r"[A-Za-z0-9_-]{1,64}"
    """Regular expression that the whole of an id matches; a recording with any other is left out."""
    key: ClassVar[ServiceKey | None] = None
    """The key that it needs; read it by `covey.authoring.read_key`."""
    query_hint: ClassVar[str] = ""
    """Sentence that says to a person how a query is written, with an example."""
    terms: ClassVar[str] = ""
    """Sentence of its terms that people read before they fetch more than 500 recordings."""

    @abstractmethod
    def find(self, query: str) -> Iterator[FoundRecording]:
        """Yield the recordings that a query means, as they are found, in the same order each time.

        Pages are the source's business: it asks for the next one when it is needed. A recording that is yielded twice,
        because pages shift, counts once.

        Args:
            query: what to look for, in the words of the source.

        Raises:
            CoveyError: the query is wrong, or the source cannot be reached.
        """

    @abstractmethod
    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        """Return the bytes of a recording.

        Args:
            recording: as `find` has yielded it, perhaps in an earlier run.
            resume: what is there already; a source that cannot take it up starts over.

        Raises:
            Interrupted: the connection was cut: trying again may help.
            StopFetching: no recording can be fetched any more.
            CoveyError: this recording cannot be fetched; the others can.
        """
