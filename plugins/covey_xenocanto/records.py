"""A recording as xeno-canto lists it becomes one as covey knows it. No field is believed to be what it should be."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Mapping

from covey.authoring import Annotation, FoundRecording

Record = Mapping[str, object]
"""A recording in the service's answer; a field may be missing or hold any JSON."""
_FIELDS = (
    *("id", "gen", "sp", "ssp", "grp", "status", "en", "rec", "cnt", "loc", "lat", "lon", "alt", "type", "sex"),
    *("stage", "method", "url", "file", "file-name", "lic", "q", "length", "time", "date", "uploaded", "also", "rmk"),
    *("animal-seen", "playback-used", "temp", "regnr", "auto", "dvc", "mic", "smp"),
)
"""What becomes metadata, by xeno-canto's own names; pictures of the sound do not."""
_ADDRESSES = ("url", "file", "lic")
_UNKNOWN = {"?", "-", "0000-00-00"}
"""What people fill into a field when they do not know."""
_LIMITS = {"lat": 90.0, "lon": 180.0}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of characters, which no file can hold."""
_LENGTH = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d)")
RESTRICTED = "restricted_species"
"""What stands in the place of a field that only some members may see."""


def read_record(record: Record) -> FoundRecording:
    """Return a recording; one whose number is none has the id "" or one that is no number."""
    fields = {name: _read_field(name, record.get(name)) if record.get(name) else "" for name in _FIELDS}
    return FoundRecording(
        id=fields["id"],
        name=fields["file-name"] or f"XC{fields['id']}",
        species=f"{fields['gen']} {fields['sp']}".strip(),
        duration_s=read_length(fields["length"]),
        licence=fields["lic"],
        recordist=fields["rec"],
        url=fields["url"],
        withheld=_explain_missing_file(record),
        annotations=tuple(_read_annotations(record.get("annotation-set"))),
        metadata={name: text for name, text in fields.items() if text},
    )


def clean_text(value: object) -> str:
    """Return a text in one line, of what may be a text with HTML entities (also doubled), a number or nothing."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        return "; ".join(text for text in map(clean_text, value) if text)
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    text = html.unescape(html.unescape(str(value)))
    return " ".join(_CONTROLS.sub(" ", text).split())


def read_length(text: str) -> float | None:
    """Return the seconds of a length such as 1:02 or 1:02:03, None of anything else."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(digits or 0) for digits in match.groups())
    return float(3600 * hours + 60 * minutes + seconds)


def _read_field(name: str, value: object) -> str:
    if isinstance(value, Mapping):  # {"url": "..."}
        value = value.get("url")
    text = clean_text(value)
    if text in _UNKNOWN or text == RESTRICTED:
        return ""
    if name in _ADDRESSES and text.startswith("//"):
        return f"https:{text}"
    return text if _is_possible(text, _LIMITS.get(name)) else ""


def _is_possible(text: str, limit: float | None) -> bool:
    """Return whether a coordinate lies on the Earth; texts without a limit do."""
    if limit is None:
        return True
    number = _as_number(text)
    return number is not None and abs(number) <= limit


def _explain_missing_file(record: Record) -> str:
    """Return why there is no file to fetch, "" if there is one."""
    meta = record.get("_meta")
    redacted = meta.get("redacted_fields") if isinstance(meta, Mapping) else None
    cause = redacted.get("file") if isinstance(redacted, Mapping) else None
    if RESTRICTED in (cause, record.get("file")):
        return "of a restricted species"
    if cause:
        return f"withheld by xeno-canto: {clean_text(cause)[:60]}"
    return "" if _read_field("file", record.get("file")) else "without a file"


def _read_annotations(annotation_set: object) -> Iterator[Annotation]:
    """Yield the pieces that somebody has named: by the kind of sound, or else by the species."""
    rows = annotation_set.get("annotations") if isinstance(annotation_set, Mapping) else None
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping):
            continue
        start_s, end_s = _as_number(row.get("start_time")), _as_number(row.get("end_time"))
        label = clean_text(row.get("sound_type")) or clean_text(row.get("scientific_name"))
        if label and start_s is not None and end_s is not None and 0 <= start_s < end_s:
            yield Annotation(
                start_s=start_s,
                end_s=end_s,
                label=label,
                low_hz=_as_number(row.get("frequency_low")),
                high_hz=_as_number(row.get("frequency_high")),
                author=clean_text(row.get("annotator")),
            )


def _as_number(value: object) -> float | None:
    """Return a finite number, None of anything else."""
    try:
        number = float(clean_text(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
