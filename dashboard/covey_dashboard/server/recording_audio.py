"""Sound: how the browser gets the piece of a recording that an image shows."""

from __future__ import annotations

import importlib.util
import io
import json
import math
from pathlib import Path, PurePosixPath

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from covey.frontend import PARAMETERS_FILE, SEGMENT_NAME, ImageFolder, read_text
from covey_dashboard.server.thumbnails import HEADERS, public_path
from covey_dashboard.server.tokens import Tokens

FOLDER = "audio"
"""Where the recordings of a dataset lie, in its home."""
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
LENGTH, LONGEST = 1.0, 60.0
"""Seconds of a segment: where nothing tells it, and at most."""
MOST_SAMPLES = 20_000_000
"""Samples of a segment, all channels together: a minute at 96 kHz in three channels, 80 MB."""
MISSING = 'Sound needs a library that is not installed: pip install "covey[audio]"'

_PLACE = "/covey/sound"


@attrs.frozen
class Recordings:
    """The recordings of a dataset, and the folder of the images that were made from them."""

    root: Path
    images: ImageFolder

    def path(self, stub: str) -> Path | None:
        """Return where a recording lies; None where it does not, or outside the folder."""
        name = PurePosixPath(stub).name
        for suffix in (*SUFFIXES, *map(str.upper, SUFFIXES)):
            path = (self.root / stub).with_name(name + suffix)
            if path.is_file() and path.resolve().is_relative_to(self.root.resolve()):
                return path
        return None

    def segment(self, name: str) -> bytes | None:
        """Return the piece of sound that an image shows as a WAV file; None where there is none.

        It starts where the image's name says, and has the recording's own rate and channels, 16 bits each.
        """
        import soundfile

        name_match = SEGMENT_NAME.fullmatch(name)
        path = self.path(name_match["stub"]) if name_match else None
        if not name_match or not path:
            return None
        with soundfile.SoundFile(str(path)) as sound:
            sound.seek(round(float(name_match["start"]) * sound.samplerate))
            frame_count = min(round(self.length() * sound.samplerate), MOST_SAMPLES // sound.channels)
            samples = sound.read(frame_count, dtype="float32")
            buffer = io.BytesIO()
            soundfile.write(buffer, samples, sound.samplerate, format="WAV", subtype="PCM_16")
        return buffer.getvalue() if len(samples) else None

    def length(self) -> float:
        """Return how long the segments are, in seconds, from the file beside the images."""
        try:
            length_s = float(json.loads(read_text(self.images.root / PARAMETERS_FILE))["segment_duration_sec"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return LENGTH
        return min(length_s, LONGEST) if math.isfinite(length_s) and length_s > 0 else LENGTH


_recordings: Tokens[Recordings] = Tokens()


def address(home: Path, images: ImageFolder | None) -> str:
    """Return the address of the sound of an image, to which its name is added; "" where there are no recordings.

    Used like `thumbnails.address`; the answer is a WAV file, or 404.
    """
    root = home / FOLDER
    if images is None or not root.is_dir() or not _installed():
        return ""
    return f"{public_path(_PLACE)}?of={_recordings.token(Recordings(root, images))}&name="


def problem(home: Path) -> str:
    """Return why the recordings that are there cannot be played, "" where they can or there are none."""
    return MISSING if (home / FOLDER).is_dir() and not _installed() else ""


def _installed() -> bool:
    return importlib.util.find_spec("soundfile") is not None


def _answer(request: Request) -> Response:
    recordings = _recordings.find_opened(request.query_params.get("of", ""))
    try:
        wav = recordings.segment(request.query_params.get("name", "")) if recordings else None
    except (OSError, RuntimeError, ValueError):  # soundfile's own error is a RuntimeError
        wav = None
    if wav is None:
        return Response(status_code=404)
    return Response(wav, media_type="audio/wav", headers=HEADERS)


ROUTES = (Route(_PLACE, _answer),)
