"""The source `inaturalist`: sounds of animals in observations that people share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, urlsplit

from covey import CoveyError, component, hookimpl
from covey.authoring import FoundRecording, JsonObject, RecordingDownload, Resume, Source, WebClient, WebSource

_PER_PAGE = "200"
_READ = {".wav", ".mp3", ".flac", ".ogg", ".aif", ".aiff", ""}
"""Endings of files that covey can read, or that say nothing."""
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
        words = parse_qsl(query) if "=" in query else [("taxon_name", query)]
        params = {**dict(words), "sounds": "true", "order_by": "id", "order": "asc", "per_page": _PER_PAGE}
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
    withheld = "" if address else "without a file"
    return FoundRecording(
        id=_text(sound, "id"),
        name=f"{_text(taxon, 'name')} {_text(sound, 'id')}{suffix}".strip(),
        species=_text(taxon, "name"),
        licence=_text(sound, "license_code"),
        recordist=_text(user, "name") or _text(user, "login"),
        url=f"https://www.inaturalist.org/observations/{observation_id}",
        withheld=withheld or ("" if suffix in _READ else f"as {suffix[1:6].upper()} files, which covey cannot read"),
        metadata={name: text for name, text in fields.items() if text},
    )


def _object(document: JsonObject, name: str) -> JsonObject:
    nested = document.get(name)
    return nested if isinstance(nested, dict) else {}


def _objects(document: object) -> list[JsonObject]:
    return [each for each in document if isinstance(each, dict)] if isinstance(document, list) else []


def _text(document: Mapping[str, object], name: str) -> str:
    """Return a text or a number as text in one line; "" for anything else."""
    field = document.get(name)
    is_plain = isinstance(field, str | int | float) and not isinstance(field, bool)
    return re.sub(r"\s+", " ", str(field)).strip() if is_plain else ""


@hookimpl
def covey_sources() -> Iterable[type[Source]]:
    """Offer iNaturalist."""
    yield INaturalist
