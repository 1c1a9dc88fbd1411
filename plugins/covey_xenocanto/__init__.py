"""The source `xeno-canto`: recordings of birds and other animals that its members share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from covey import CoveyError, component, hookimpl
from covey.authoring import (
    FoundRecording,
    RecordingDownload,
    Resume,
    ServiceKey,
    Source,
    WebClient,
    WebSource,
    read_key,
)
from covey_xenocanto.query import check_query
from covey_xenocanto.records import Record, read_record

_PER_PAGE = 500
_FIRST_PAGE, _MOST_PAGES = 1, 10_000


@component
class XenoCanto(WebSource):
    """Recordings of wild animals on xeno-canto.org, found by the tags of its search."""

    name = "xeno-canto"
    service = WebClient(address="https://xeno-canto.org", moved_by="COVEY_XENOCANTO_URL")
    prefix = "XC"
    id_pattern = r"[1-9]\d{0,8}"
    key = ServiceKey(
        variable="XENO_CANTO_API_KEY",
        how="Every member of xeno-canto with a confirmed e-mail address finds one at xeno-canto.org/account.",
        other_variables=("XC_API_KEY", "XCKEY"),
    )
    query_hint = (
        "Tags of xeno-canto's own search: gen:Parus (genus), sp:major (species), cnt:Switzerland (country), q:A"
        " (quality), len:5-20 (seconds). Together: gen:Parus cnt:Switzerland q:A len:5-20"
    )
    terms = (
        "The terms of xeno-canto discourage mass downloads by programs: arrange larger transfers with its team first, "
        "and name recordist, licence and XC number wherever a recording is shown."
    )

    def find(self, query: str) -> Iterator[FoundRecording]:
        """Yield the recordings with these tags: all pages, one that shifts onto the next page a second time.

        Args:
            query: tags as in xeno-canto's own search, such as `gen:Parus cnt:"United Kingdom" q:A len:5-20`.

        Raises:
            CoveyError: some of it is no tag, the key is missing or wrong, or xeno-canto cannot be asked.
        """
        tags, secret = check_query(query), read_key(type(self))
        for page in range(_FIRST_PAGE, _MOST_PAGES):
            arguments = {"query": tags, "page": str(page), "per_page": str(_PER_PAGE)}
            answer = self.client.get_json("/api/3/recordings", arguments, {"key": secret})
            records = _read_records(answer)
            yield from map(read_record, records)
            if not records or page >= _count_pages(answer):
                return

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        """Return the file as it was uploaded: MP3, WAV or FLAC, whatever its name says.

        Raises:
            Interrupted: the connection was cut.
            StopFetching: xeno-canto cannot be reached.
            CoveyError: there is no such recording.
        """
        if not re.fullmatch(self.id_pattern, recording.id):
            raise CoveyError(f"{recording.id[:40]!r} is no number of a recording at xeno-canto: find it again.")
        return self.client.download(f"/{recording.id}/download", resume)


def _read_records(answer: Record) -> list[Record]:
    """Return the recordings of a page; what is no object becomes one without a number, so that it is counted."""
    records = answer.get("recordings")
    if not isinstance(records, list):
        raise CoveyError("xeno-canto answered without a list of recordings: is covey too old for it?")
    return [record if isinstance(record, dict) else {} for record in records]


def _count_pages(answer: Record) -> int:
    """Return the number of pages; 0 if the answer does not say."""
    text = str(answer.get("numPages", ""))
    return int(text) if re.fullmatch(r"\d{1,9}", text) else 0


@hookimpl
def covey_sources() -> Iterable[type[Source]]:
    """Offer xeno-canto."""
    yield XenoCanto
