"""Segments: the pieces of recordings that images show, as tables of other programs speak of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from covey._base.errors import CoveyError
from covey.data.dataset import Dataset
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.data.recording_index import is_sound_file
from covey.data.segment_names import parse_segment_names


@attrs.frozen
class ImageSegment:
    """What an image shows: a recording (its name without the ending), start and length in seconds.

    `sound` is the name of the recording's file; where no file is known, one is made up.
    """

    recording: str
    start: float
    length: float
    sound: str

    @property
    def end(self) -> float:
        """Where it ends, in seconds."""
        return self.start + self.length


def read_segments(dataset: Dataset, names: Collection[str], length: float | None = None) -> dict[str, ImageSegment]:
    """Return the segments of those of these images that show one, as clips or their names tell.

    Args:
        dataset: whose images they are.
        names: the images; some may not be on this machine.
        length: of all segments, in seconds, instead of what clips tell.

    Raises:
        CoveyError: nothing tells how long the segments are.
    """
    clips = dataset.clips(names)
    segments = {
        name: ImageSegment(clip.stub, clip.start_s, length or clip.duration_s, _name_sound(clip.recording))
        for name, clip in clips.items()
    }
    unclipped = parse_segment_names([name for name in names if name not in segments])
    segments |= {
        name: ImageSegment(cut.recording, cut.start, length or 0, _name_sound(cut.recording))
        for name, cut in unclipped.items()
    }
    if not all(segment.length for segment in segments.values()):
        raise CoveyError(
            f"How long is a segment? There is no {PARAMETERS_FILE} beside the images: set segment, its length in s."
        )
    return segments


def _name_sound(recording: str) -> str:
    return recording if is_sound_file(recording) else f"{recording}.wav"


def recordings_of(segments: Mapping[str, ImageSegment]) -> list[str]:
    """Return the recordings that segments show, each once."""
    return list(dict.fromkeys(segment.recording for segment in segments.values()))
