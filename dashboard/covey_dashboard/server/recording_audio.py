"""Sound: how the browser gets the piece of a recording that an image shows, and what is around it."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import attrs
import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from covey import CoveyError, Floats
from covey.frontend import BrokenRecording, Dataset, ImageClip, in_terminal, locate_recording, read_stretch
from covey_dashboard.server.access.tokens import Tokens
from covey_dashboard.server.clips.byte_ranges import answer_range
from covey_dashboard.server.thumbnails import HEADERS, public_path

UNKNOWN_S, LONGEST_S = 1.0, 60.0
"""Seconds of a clip that are played: where nothing tells its length, and at most."""
MOST_AROUND_S = 10.0
"""Seconds before and after a clip that are played, at most."""
MOST_SAMPLES = 20_000_000
"""Samples of a clip, all channels together: a minute at 96 kHz in three channels, 80 MB."""
SLOWEST = 20
"""How many times slower than it was a recording is played, at most."""
LEAST_RATE, MOST_RATE = 8000, 48000
"""Hz that every browser plays; above them nobody hears anything."""
MISSING = "Sound needs a library that is not installed: " + in_terminal('pip install "covey[audio]"')
NO_FOLDER = "No sound: no folder with recordings is known, or it is gone."
UNREADABLE = (OSError, RuntimeError, ValueError, BrokenRecording, CoveyError)  # soundfile's own is a RuntimeError
"""What reading a recording raises."""

_PLACE = "/covey/sound"


@attrs.frozen
class Stretch:
    """A piece of a recording: where it lies, and from when to when in seconds."""

    path: Path
    start_s: float
    end_s: float

    def read(self) -> tuple[Floats, int]:
        """Return its sound (n, channels) float32 and its rate in Hz. Raises BrokenRecording."""
        return read_stretch(self.path, self.start_s, self.end_s - self.start_s, MOST_SAMPLES)


@attrs.frozen
class Recordings:
    """The recordings of a dataset."""

    dataset: Dataset = attrs.field(eq=False)
    location: str

    def explain(self, name: str) -> str:
        """Return why there is no sound of an image."""
        clip = self.find_clip(name)
        if clip is None:
            return "No sound: nothing tells which recording the image shows."
        return f"No sound: {clip.problem or f'{clip.recording} cannot be read there'}."

    def find_clip(self, name: str) -> ImageClip | None:
        """Return which piece of which recording an image shows, None if nothing tells it."""
        return self.dataset.clips([name]).get(name)

    def find_stretch(self, name: str, around_s: float = 0.0) -> Stretch | None:
        """Return the piece of a recording that an image shows, with what is around it; None where it is not there."""
        clip = self.find_clip(name)
        path = locate_recording(self.dataset.home, clip) if clip else None
        if not clip or not path:
            return None
        end_s = clip.start_s + min(clip.duration_s or UNKNOWN_S, LONGEST_S)
        return Stretch(path, max(0.0, clip.start_s - around_s), end_s + around_s)

    def clip(self, name: str, around_s: float = 0.0, slow: int = 1) -> bytes | None:
        """Return the piece of sound that an image shows as a WAV file with 16 bits a sample; None where there is none.

        It has the recording's own samples and channels; only where browsers cannot play its rate is it converted.

        Args:
            name: the image.
            around_s: how much of the recording comes before and after it, in seconds.
            slow: how many times slower it is played, and so much lower.
        """
        stretch = self.find_stretch(name, around_s)
        samples, rate = stretch.read() if stretch else (np.empty((0, 1), dtype=np.float32), LEAST_RATE)
        return encode_wav(*as_playable(samples, rate / slow)) if len(samples) else None


def as_playable(samples: Floats, rate: float) -> tuple[Floats, int]:
    """Return sound (n, channels) at a rate that browsers play, with one or two channels: others are averaged."""
    import soxr

    samples = samples if samples.shape[1] <= 2 else samples.mean(axis=1, keepdims=True)
    playable_rate = round(min(max(rate, LEAST_RATE), MOST_RATE))
    if playable_rate == round(rate):
        return samples, playable_rate
    return np.asarray(soxr.resample(samples, rate, playable_rate, quality="HQ"), dtype=np.float32), playable_rate


def encode_wav(samples: Floats, rate: int) -> bytes:
    """Return sound (n, channels) as a WAV file with 16 bits a sample."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


_recordings: Tokens[Recordings] = Tokens()


def recordings_address(path: str, dataset: Dataset) -> str:
    """Return what comes before an image's name in an address below which a route answers from its recordings."""
    return f"{public_path(path)}?of={_recordings.token(Recordings(dataset, dataset.location))}&name="


def asked_recordings(request: Request) -> tuple[Recordings | None, str]:
    """Return of which recordings and which image a request speaks; None for an unknown token."""
    return _recordings.find_opened(request.query_params.get("of", "")), request.query_params.get("name", "")


def address(dataset: Dataset) -> str:
    """Return the address of the sound of an image, to which its name is added: for datasets without a `problem`.

    Used like `thumbnails.address`; the answer is a WAV file, or 404 with a sentence that says why. With "&around=2"
    after the name it has two seconds of the recording on both sides, with "&slow=10" it is ten times slower.
    """
    return recordings_address(_PLACE, dataset)


def problem(dataset: Dataset) -> str:
    """Return why no image has sound, "" where some may have it."""
    if not dataset.recording_folders:
        return NO_FOLDER
    return "" if is_installed() else MISSING


def is_installed() -> bool:
    """Whether sound can be read."""
    return importlib.util.find_spec("soundfile") is not None


def read_around(request: Request) -> float:
    """Return how many seconds around a clip a request asks for. Raises ValueError."""
    return min(max(0.0, float(request.query_params.get("around", 0))), MOST_AROUND_S)


def _answer(request: Request) -> Response:
    recordings, name = asked_recordings(request)
    if recordings is None:
        return Response(status_code=404)
    try:
        slow = min(max(1, int(request.query_params.get("slow", 1))), SLOWEST)
        wav = recordings.clip(name, read_around(request), slow)
    except UNREADABLE:
        wav = None
    if wav is None:
        return Response(recordings.explain(name), 404, media_type="text/plain")
    return answer_range(request, wav, "audio/wav", HEADERS)


ROUTES = (Route(_PLACE, _answer),)
