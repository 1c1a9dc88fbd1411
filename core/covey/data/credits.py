"""Whom to thank for the recordings behind images, as the metadata have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from covey._base.errors import CoveyError
from covey._base.text import count_noun, preview
from covey.data.licences import Licence, read_licence
from covey.data.metadata import RECORDING, Metadata, Value
from covey.data.segment_names import xeno_canto_number

RECORDIST, LICENCE, PAGE, FETCHED = "rec", "lic", "url", "fetched"
"""The columns of metadata that credits need, besides the number at xeno-canto (id)."""
_NUMBER = re.compile(r"(?:XC)?([1-9]\d{0,8})(?:\.0)?")
_UNKNOWN = "Licence unknown"


@attrs.frozen(order=True)
class CreditedRecording:
    """A recording as credits name it; `address` is that of its page, "" if it has none."""

    title: str
    address: str = ""


@attrs.frozen
class Credit:
    """What one person has recorded under one licence; `fetched` are the days on which it was fetched, sorted."""

    licence: Licence
    recordist: str
    recordings: Sequence[CreditedRecording]
    fetched: Sequence[str] = ()

    def describe_fetching(self) -> str:
        """Return when the recordings were fetched, "" if that is not known."""
        days = self.fetched
        return f"fetched {days[0]}{f' to {days[-1]}' if len(days) > 1 else ''}" if days else ""


def list_credits(names: Sequence[str], columns: Mapping[str, Sequence[Value]]) -> list[Credit]:
    """Return whom to thank for images, sorted by licence and person; images of which neither is known are left out.

    Args:
        names: of the images.
        columns: what is known of each, as `Metadata.of` gives it.
    """
    recordings: dict[tuple[str, str], set[CreditedRecording]] = {}
    days: dict[tuple[str, str], set[str]] = {}
    for name, row in zip(names, _rows(len(names), columns), strict=True):
        if row[RECORDIST] or row[LICENCE]:
            key = (row[LICENCE] or _UNKNOWN, row[RECORDIST] or "unknown")
            recordings.setdefault(key, set()).add(_credit_recording(name, row))
            days.setdefault(key, set()).update({row[FETCHED][:10]} - {""})
    return [
        Credit(read_licence(licence), recordist, sorted(recordings[key]), sorted(days[key]))
        for key in sorted(recordings)
        for licence, recordist in [key]
    ]


def _rows(count: int, columns: Mapping[str, Sequence[Value]]) -> Iterator[dict[str, str]]:
    heads = (RECORDIST, LICENCE, PAGE, FETCHED, RECORDING, "id")
    missing_column: Sequence[Value] = [None] * count
    for cells in zip(*(columns.get(head, missing_column) for head in heads), strict=True):
        yield {head: "" if cell is None else str(cell) for head, cell in zip(heads, cells, strict=True)}


def _credit_recording(name: str, row: Mapping[str, str]) -> CreditedRecording:
    number = _NUMBER.fullmatch(row["id"] or xeno_canto_number(name) or "")
    if number:
        return CreditedRecording(f"XC{number[1]}", f"https://xeno-canto.org/{number[1]}")
    return CreditedRecording(row["id"] or row[RECORDING] or name, _web_address(row[PAGE]))


def _web_address(text: str) -> str:
    """Return an address of the web, "" of anything else."""
    return text if re.fullmatch(r"https?://[!-~]+", text) else ""


def check_derivatives(names: Sequence[str], metadata: Metadata) -> None:
    """Check that images may be shown to everybody: a spectrogram is a derivative of its recording.

    Raises:
        CoveyError: recordings of some images are under a licence that excludes derivatives.
    """
    licences = metadata.of(names).get(LICENCE, ())
    excluded = [
        name
        for name, text in zip(names, licences, strict=bool(licences))
        if text and (licence := read_licence(str(text))).kind and not licence.allows_derivatives
    ]
    if excluded:
        raise CoveyError(
            f"{count_noun(len(excluded), 'image')} may not be published, since the licence of the recording excludes "
            f"derivatives: {preview(excluded)}. Take them out of the dataset, or let only yourself see it."
        )
