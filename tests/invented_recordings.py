"""Recordings that nobody made, as xeno-canto lists them, and their sounds."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, overload

import numpy as np
import soundfile

Record = dict[str, Any]
"""A recording as the service lists it: any JSON, for its fields are not always what they should be."""
FORMS = {".mp3": ("MP3", "audio/mpeg"), ".wav": ("WAV", "audio/wav"), ".flac": ("FLAC", "audio/flac"),
         ".ogg": ("OGG", "audio/ogg")}  # fmt: skip
"""What soundfile calls each form of sound, and what a web server calls it, by the ending of a file."""
SAMPLE: list[Record] = [
    {
        "id": "9000001", "gen": "Inventa", "sp": "prima", "ssp": "", "grp": "birds", "status": "identified",
        "en": "Invented Tit", "rec": "Ann Example", "cnt": "Switzerland", "loc": "Nowhere, Bern", "lat": "46.9",
        "lon": "7.4", "alt": "540", "type": "song", "sex": "male", "stage": "adult", "method": "field recording",
        "url": "//xeno-canto.org/9000001", "file": "https://xeno-canto.org/9000001/download",
        "file-name": "XC9000001-Invented tit 1.mp3", "sono": {"small": "", "med": "", "large": "", "full": ""},
        "osci": {"small": "", "med": "", "large": ""}, "lic": "//creativecommons.org/licenses/by-nc-sa/4.0/",
        "q": "A", "length": "0:06", "time": "06:30", "date": "2024-05-01", "uploaded": "2024-05-03",
        "also": ["Inventa secunda"], "rmk": "", "animal-seen": "yes", "playback-used": "no", "temp": "", "regnr": "",
        "auto": "no", "dvc": "", "mic": "", "smp": "48000",
        "annotation-set": {"set_name": "Annotation set for XC9000001", "annotations": [
            {"annotation_xc_id": 1, "xc_nr": "9000001", "scientific_name": "Inventa prima",
             "annotator": "Bob Example", "start_time": 0.5, "end_time": 1.9, "frequency_low": 2500,
             "frequency_high": 7800, "sound_type": "song", "sex": None, "life_stage": None,
             "annotation_remarks": None}]},
    },
    {
        "id": 9000002, "gen": "Inventa", "sp": "prima", "ssp": "minor", "grp": "birds", "en": "Invented Tit",
        "rec": "C. O&#039;Sample &amp; D. Sample", "cnt": "France", "loc": "Bois d&amp;#039;Exemple", "lat": "91.5",
        "lon": "0.9", "type": "call, &quot;tsip&quot;", "url": "//xeno-canto.org/9000002",
        "file": "//xeno-canto.org/9000002/download", "file-name": "XC9000002 cri.WAV",
        "lic": "https://creativecommons.org/licenses/by-nc-nd/4.0/", "q": "no score", "length": "1:02:03", "time": "?",
        "date": "1998-06-00", "uploaded": "2023-03-04", "also": [], "smp": 96000,
    },
    {
        "id": "9000003", "gen": "Inventa", "sp": "rara", "grp": "birds", "en": "Restricted Owl", "rec": "E. Sample",
        "cnt": "New Zealand", "loc": None, "lat": None, "lon": None, "file": None, "file-name": None,
        "length": "0:12", "lic": "//creativecommons.org/licenses/by/4.0/", "also": [],
        "_meta": {"redacted_fields": dict.fromkeys(("loc", "lat", "lon", "file", "file-name"), "restricted_species")},
    },
    {
        "id": "9000004", "gen": "Sonus", "sp": "naturalis", "grp": "soundscape", "en": "Soundscape",
        "rec": '=HYPERLINK("x")', "cnt": "Brazil", "loc": "<script>x</script>",
        "file": "https://xeno-canto.org/9000004/download", "file-name": "../../XC9000004.flac", "lic": "",
        "length": "12:34:56:78", "time": "morning", "date": "0000-00-00", "also": [],
    },
    {
        "id": "9000001", "gen": "Inventa", "sp": "prima", "file": "https://xeno-canto.org/9000001/download",
        "file-name": "XC9000001-Invented tit 1.mp3", "lic": "//creativecommons.org/licenses/by-nc-sa/4.0/",
        "length": "0:06", "also": [],
    },
]  # fmt: skip
"""One recording that can be fetched, one without derivatives, one withheld, one without a licence, one repetition."""
_SPECIES = (("Parus", "major", "Great Tit"), ("Parus", "minor", "Japanese Tit"), ("Parus", "cinereus", "Cinereous Tit"))
_COUNTRIES = ("Switzerland", "Switzerland", "Switzerland", "France", "Japan")
_LICENCES = ("by-nc-sa/4.0", "by-nc-sa/4.0", "by-nc-nd/4.0", "by-sa/4.0", "by/4.0")
_UPLOADED = (".mp3", ".wav", ".flac")
"""What members upload; no two OGG files of the same sound are the same."""
_COUNTED = ("id", "gen", "sp", "lic", "length", "file")
_LONGEST_S = 60
_SHORTEST_S = 0.3


def invent(number: int, seconds: int = 1, rate: int = 8000) -> Record:
    """Return the recording of a number, which decides species, country, licence and form."""
    genus, epithet, name = _SPECIES[number % len(_SPECIES)]
    suffix = _UPLOADED[number % len(_UPLOADED)]
    return SAMPLE[0] | {
        "id": str(number), "gen": genus, "sp": epithet, "en": name, "rec": f"Recordist {number % 7}",
        "cnt": _COUNTRIES[number % len(_COUNTRIES)], "url": f"//xeno-canto.org/{number}",
        "file": f"https://xeno-canto.org/{number}/download", "file-name": f"XC{number}-{name} {number % 9}{suffix}",
        "lic": f"//creativecommons.org/licenses/{_LICENCES[number % len(_LICENCES)]}/",
        "q": "AABC"[number % 4], "length": f"0:{seconds:02}", "smp": str(rate), "also": [], "annotation-set": None,
    }  # fmt: skip


class InventedRecordings(Sequence[Record]):
    """Any number of recordings of the same length, each invented when somebody looks at it.

    Of those that are `brief` the service says only what is counted.
    """

    def __init__(self, size: int, seconds: int = 1, first: int = 100_000, is_brief: bool = False) -> None:
        self.size, self.seconds, self.first, self.is_brief = size, seconds, first, is_brief

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        numbers = range(self.first, self.first + self.size)[index]
        return self._invent(numbers) if isinstance(numbers, int) else [self._invent(number) for number in numbers]

    def _invent(self, number: int) -> Record:
        record = invent(number, self.seconds)
        return {field: record[field] for field in _COUNTED} if self.is_brief else record


def suffix_of(record: Record) -> str:
    """Return the form of a recording, from the name of its file; MP3 if that does not tell."""
    match = re.search(r"\.\w+$", str(record.get("file-name") or ""))
    return match[0].lower() if match and match[0].lower() in FORMS else ".mp3"


def seconds_of(record: Record) -> float:
    """Return how long the sound is: what its length says, if that is a length and not too long."""
    match = re.fullmatch(r"(\d+):(\d\d)", str(record.get("length")))
    length = int(match[1]) * 60 + int(match[2]) if match else 0
    return length if 0 < length <= _LONGEST_S else _SHORTEST_S


@lru_cache(maxsize=4096)
def encode_sound(number: int, version: int, seconds: float, rate: int, suffix: str) -> bytes:
    """Return the bytes of a sound file: syllables that rise and fall, different for each number and version."""
    rng = np.random.default_rng([number, version])
    time_s = np.arange(int(seconds * rate)) / rate
    centre, width, period = rate * rng.uniform(0.1, 0.35), rate * rng.uniform(0.01, 0.08), rng.uniform(0.1, 0.6)
    phase = np.cumsum(centre + width * np.sin(2 * np.pi * time_s / period)) * 2 * np.pi / rate
    loudness = np.clip(np.sin(np.pi * time_s / period), 0, None)
    samples = 0.4 * loudness * np.sin(phase) + 0.01 * rng.standard_normal(len(time_s))
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=FORMS[suffix][0])
    return file.getvalue()
