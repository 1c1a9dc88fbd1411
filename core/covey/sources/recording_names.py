"""The names under which recordings are stored: from their ids alone, or as the original tools name them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Literal

from covey.components.source_contract import FoundRecording, Source

Layout = Literal["covey", "original"]
_PLAIN = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9_-]{1,64}")
"""Ids that any system can take for names of files: without capitals, since some systems take "A" and "a" for one."""
_LONGEST_ORIGINAL = 30


def name_recording(source: Source, recording: FoundRecording, layout: Layout = "covey") -> str:
    """Return the name of a recording without an ending: plain letters, digits, "_" and "-".

    It is the prefix of the source and the id. An id with capitals or other signs, such as a path, is simplified and
    gets a hash. The original tools' names are the file name without signs, 30 characters at most.
    """
    stub = source.prefix + (recording.id if _PLAIN.fullmatch(recording.id) else _simplify_id(recording.id))
    if layout == "covey":
        return stub
    plain_name = _simplify(re.sub(r"\.[A-Za-z0-9]{1,5}$", "", recording.name))
    begins_with_id = re.match(rf"{re.escape(_simplify(stub))}(?![0-9])", plain_name)
    return plain_name[:_LONGEST_ORIGINAL] if begins_with_id else _simplify(stub)


def _simplify_id(id: str) -> str:
    digits = hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_simplify(re.sub(r'[./]', '_', id))[:40]}-{digits}"


def _simplify(text: str) -> str:
    """Return a text as the original tools clean names: no accents, blanks and hyphens as "_", nothing else."""
    plain_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]", "", re.sub(r"[ -]", "_", plain_text))
