"""The source `inaturalist`: sounds of animals in observations that people share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, urlsplit

from covey import CoveyError, component, hookimpl
from covey.authoring import (
    READABLE_SOUNDS,
    FoundRecording,
    JsonObject,
    RecordingDownload,
    Resume,
    Source,
    WebClient,
    WebSource,
)

_PER_PAGE = "200"
_EXAMPLES = "iNaturalist is asked for a taxon, such as Hyla arborea, or as in taxon_name=Hyla&quality_grade=research"
_FIELDS = ("observed_on", "place_guess", "location", "quality_grade", "description")
_ADDRESS = "sound_url"


@component
class INaturalist(WebSource):
    """Sounds of frogs, insects, mammals and birds in observations on inaturalist.org."""

    name = "inaturalist"
    service = WebClient(
        address="https://api.inaturalist.org",
        hosts=("static.inaturalist.org", "www.inaturalist.org", "inaturalist-open-data.s3.amazonaws.com"),
        moved_by="COVEY_INATURALIST_URL",
    )
    prefix = "INAT"
    id_pattern = r"[1-9]\d{0,11}"
    query_hint = (
        "A species or a larger group, such as Hyla arborea; or parameters of iNaturalist's own search, such as"
        " taxon_name=Hyla&quality_grade=research."
    )
    terms = (
        "iNaturalist asks programs for at most 60 requests a minute, 10,000 requests a day and 5 GB of media an hour:"
        " fetch larger amounts in parts, and name the observers wherever their sounds are shown."
    )

    def find(self, query: str) -> Iterator[FoundRecording]:
        """Yield the sounds of observations, the oldest first.

        Args:
            query: a taxon such as "Hyla arborea", or parameters as in the addresses of iNaturalist's own searches, such
                as "taxon_name=Hyla&place_id=7236&quality_grade=research".

        Raises:
            CoveyError: a parameter is wrong, or iNaturalist cannot be asked.
        """
        params = {**_read_query(query), "sounds": "true", "order_by": "id", "order": "asc", "per_page": _PER_PAGE}
        last_id = "0"
        while True:
            answer = self.client.get_json("/v1/observations", {**params, "id_above": last_id})
            observations = _objects(answer.get("results"))
            for observation in observations:
                yield from (_read_sound(observation, sound) for sound in _objects(observation.get("sounds")))
            ids = [text for observation in observations if (text := _text(observation, "id")).isdecimal()]
            if not ids or int(ids[-1]) <= int(last_id):
                return
            last_id = ids[-1]

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        """Return the file of a sound.

        Raises:
            Interrupted: the connection was cut.
            StopFetching: iNaturalist cannot be reached.
            CoveyError: there is no such file.
        """
        address = recording.metadata.get(_ADDRESS, "")
        if not address:
            raise CoveyError(f"the address of its file is not known, {recording.id[:40]!r}: find it again")
        return self.client.download(address, resume)


def _read_query(query: str) -> dict[str, str]:
    """Return the parameters that a query means.

    Raises:
        CoveyError: it is empty, which would mean all sounds, or some of it is no parameter or stands there twice.
    """
    try:
        pairs = parse_qsl(query, strict_parsing=True) if "=" in query else [("taxon_name", query.strip())]
    except ValueError:
        raise CoveyError(f"{query[:80]!r} has a part that is no parameter: {_EXAMPLES}.") from None
    params = dict(pairs)
    if not any(params.values()):
        raise CoveyError(f"The query is empty: {_EXAMPLES}.")
    if len(params) < len(pairs):
        raise CoveyError(f"A parameter stands twice in {query[:80]!r}: put commas between its values.")
    return params


def _read_sound(observation: JsonObject, sound: JsonObject) -> FoundRecording:
    """Return one sound of an observation; nothing in either is what it should be for sure."""
    user, taxon, address = _object(observation, "user"), _object(observation, "taxon"), _text(sound, "file_url")
    suffix = PurePosixPath(urlsplit(address).path if address.isprintable() else "").suffix.lower()
    observation_id = _text(observation, "id")
    fields = {name: _text(observation, name) for name in _FIELDS} | {"attribution": _text(sound, "attribution")}
    fields |= {
        "observation_id": observation_id,
        _ADDRESS: address,
        "common_name": _text(taxon, "preferred_common_name"),
    }
    return FoundRecording(
        id=_text(sound, "id"),
        name=f"{_text(taxon, 'name')} {_text(sound, 'id')}{suffix}".strip(),
        species=_text(taxon, "name"),
        licence=_text(sound, "license_code"),
        recordist=_text(user, "name") or _text(user, "login"),
        url=f"https://www.inaturalist.org/observations/{observation_id}",
        withheld=_explain_missing_file(address, suffix),
        metadata={name: text for name, text in fields.items() if text},
    )


def _explain_missing_file(address: str, suffix: str) -> str:
    """Return why there is no file to fetch, "" if there is one; the ending of its name may say nothing."""
    if not address:
        return "without a file"
    return "" if suffix in ("", *READABLE_SOUNDS) else f"as {suffix[1:6].upper()} files, which covey cannot read"


def _object(document: JsonObject, name: str) -> JsonObject:
    nested = document.get(name)
    return nested if isinstance(nested, dict) else {}


def _objects(document: object) -> list[JsonObject]:
    return [entry for entry in document if isinstance(entry, dict)] if isinstance(document, list) else []


def _text(document: Mapping[str, object], name: str) -> str:
    """Return a text or a number as text in one line; "" for anything else."""
    field = document.get(name)
    is_plain = isinstance(field, str | int | float) and not isinstance(field, bool)
    return re.sub(r"\s+", " ", str(field)).strip() if is_plain else ""


@hookimpl
def covey_sources() -> Iterable[type[Source]]:
    """Offer iNaturalist."""
    yield INaturalist
