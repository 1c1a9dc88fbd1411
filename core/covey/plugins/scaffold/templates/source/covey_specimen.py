"""The source `specimen` for covey."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable, Iterator

from covey import CoveyError, component, hookimpl, option
from covey.authoring import FoundRecording, RecordingDownload, Resume, Source

_SECONDS = {"robin": 1, "wren": 2}


@component
class Specimen(Source):
    """Two silent recordings, as a start: `robin` and `wren`."""

    name = "specimen"

    rate: int = option(default=8000, ge=1, help="Samples of a second. More make larger files.")

    def find(self, query: str) -> Iterator[FoundRecording]:
        """Yield the recordings whose names a query is part of."""
        for name, seconds in _SECONDS.items():
            if query in name:
                yield FoundRecording(id=name, name=f"{name}.wav", duration_s=seconds, licence="CC0-1.0")

    def open(self, recording: FoundRecording, resume: Resume | None = None) -> RecordingDownload:
        """Return the bytes of a recording, always all of them. Raises CoveyError when there is none of that id."""
        if recording.id not in _SECONDS:
            raise CoveyError(f"There is no recording {recording.id!r}: find it again.")
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setparams((1, 2, self.rate, 0, "NONE", ""))
            file.writeframes(bytes(2 * self.rate * _SECONDS[recording.id]))
        return RecordingDownload(blocks=iter([buffer.getvalue()]), size=len(buffer.getvalue()))


@hookimpl
def covey_sources() -> Iterable[type[Source]]:
    """Offer the source."""
    yield Specimen
