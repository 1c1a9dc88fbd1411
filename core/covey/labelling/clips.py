"""The stretch of a recording that an image shows."""

from __future__ import annotations

import attrs


@attrs.frozen
class RecordingClip:
    """A stretch of a recording, which is known by the SHA-256 of its file; start and duration in milliseconds."""

    recording: str
    start_ms: int
    duration_ms: int

    def measure_overlap(self, other: RecordingClip) -> int:
        """Return for how many milliseconds two clips of the same recording overlap."""
        end = min(self.start_ms + self.duration_ms, other.start_ms + other.duration_ms)
        return max(0, end - max(self.start_ms, other.start_ms))
