"""Sound: how the browser gets the piece of a recording that an image shows."""

from __future__ import annotations

import importlib.util
import io

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from covey import CoveyError
from covey.frontend import BrokenRecording, Dataset, locate_recording, read_stretch
from covey_dashboard.server.thumbnails import HEADERS, public_path
from covey_dashboard.server.tokens import Tokens

UNKNOWN_S, LONGEST_S = 1.0, 60.0
"""Seconds of a clip that are played: where nothing tells its length, and at most."""
MOST_SAMPLES = 20_000_000
"""Samples of a clip, all channels together: a minute at 96 kHz in three channels, 80 MB."""
MISSING = 'Sound needs a library that is not installed: pip install "covey[audio]"'
NO_FOLDER = "No sound: no folder with recordings is known, or it is gone."

_PLACE = "/covey/sound"


@attrs.frozen
class Recordings:
    """The recordings of a dataset."""

    dataset: Dataset = attrs.field(eq=False)
    location: str

    def explain(self, name: str) -> str:
        """Return why there is no sound of an image."""
        clip = self.dataset.clips([name]).get(name)
        if clip is None:
            return "No sound: nothing tells which recording the image shows."
        return f"No sound: {clip.problem or f'{clip.recording} cannot be read there'}."

    def clip(self, name: str) -> bytes | None:
        """Return the piece of sound that an image shows as a WAV file; None where there is none.

        It has the recording's own rate and channels, 16 bits each.
        """
        import soundfile

        clip = self.dataset.clips([name]).get(name)
        path = locate_recording(self.dataset.home, clip) if clip else None
        if not clip or not path:
            return None
        samples, rate = read_stretch(path, clip.start_s, min(clip.duration_s or UNKNOWN_S, LONGEST_S), MOST_SAMPLES)
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, rate, format="WAV", subtype="PCM_16")
        return buffer.getvalue() if len(samples) else None


_recordings: Tokens[Recordings] = Tokens()


def address(dataset: Dataset) -> str:
    """Return the address of the sound of an image, to which its name is added; "" where there are no recordings.

    Used like `thumbnails.address`; the answer is a WAV file, or 404 with a sentence that says why.
    """
    if not dataset.recording_folders or not _installed():
        return ""
    return f"{public_path(_PLACE)}?of={_recordings.token(Recordings(dataset, dataset.location))}&name="


def problem(dataset: Dataset) -> str:
    """Return why no image has sound, "" where some may have it."""
    if not dataset.recording_folders:
        return NO_FOLDER
    return "" if _installed() else MISSING


def _installed() -> bool:
    return importlib.util.find_spec("soundfile") is not None


def _answer(request: Request) -> Response:
    recordings, name = _recordings.find_opened(request.query_params.get("of", "")), request.query_params.get("name", "")
    if recordings is None:
        return Response(status_code=404)
    try:
        wav = recordings.clip(name)
    except (OSError, RuntimeError, ValueError, BrokenRecording, CoveyError):  # soundfile's own is a RuntimeError
        wav = None
    if wav is None:
        return Response(recordings.explain(name), 404, media_type="text/plain")
    return Response(wav, media_type="audio/wav", headers=HEADERS)


ROUTES = (Route(_PLACE, _answer),)
