"""The sound behind each image, as an extractor that listens takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import attrs

from covey._base.digests import digest
from covey._base.errors import CoveyError, reason
from covey._base.text import count_noun
from covey.components.contracts import FeatureExtractor, Floats
from covey.data.catalogue.clip_finder import NO_CLIP, ImageClip
from covey.data.images import ImageFile
from covey.sound.clip_samples import locate_recording, read_centred
from covey.sound.decoder import BrokenRecording, read_header

NO_LENGTH = "nothing tells how long its clip is"
NOT_READ = "the recording could not be read"
_Stamp = tuple[int, int]


class NoSound(CoveyError):
    """No image has a sound."""


@attrs.frozen(slots=False)
class ClipSound:
    """The sound behind one image: the clip that it shows and what the recording holds around it.

    Attributes:
        name: of the image.
        rate: samples a second, in Hz.
        seconds: how long the sound is.
        clip: the piece of the recording; None if it is not known.
        path: the recording; None if it is not known.
        stamp: size and modification time of the recording when the run began.
        problem: why there is no sound, "" if there is.
    """

    name: str
    rate: int
    seconds: float
    clip: ImageClip | None
    path: Path | None
    stamp: _Stamp
    problem: str

    @cached_property
    def identity(self) -> str:
        """Hash of the clip: content of the recording, start and duration; "" if there is no sound."""
        return "" if self.problem else identify_clip(self.clip)

    @property
    def height(self) -> int:
        """A row of samples."""
        return 1

    @property
    def width(self) -> int:
        """Number of samples."""
        return round(self.rate * self.seconds)

    @property
    def is_within_recording(self) -> bool:
        """Whether the clip begins before the end of the recording.

        Raises:
            BrokenRecording: it is no sound.
        """
        if self.path is None or self.clip is None:
            return False
        length_s = _read_length(self.path, self.stamp)
        return length_s is None or self.clip.start_s < length_s

    @property
    def can_be_learned(self) -> bool:
        """Whether there is a sound, as far as the header of the recording tells."""
        try:
            return not self.problem and self.is_within_recording
        except (BrokenRecording, OSError, RuntimeError):
            return False

    def read(self) -> Floats:
        """Return the samples (n,) float32.

        Raises:
            BrokenRecording: the recording is damaged, or another one than when the run began.
            CoveyError: it cannot be reached.
        """
        if self.path is None or self.clip is None:
            raise BrokenRecording(self.problem)
        if _read_stamp(self.path) != self.stamp:
            raise BrokenRecording(
                "its recording was replaced while the run was at work: start again to use the new one"
            )
        try:
            return read_centred(self.path, self.clip, self.rate, self.seconds)
        except BrokenRecording:
            _read_stamp(self.path)
            raise
        except (OSError, RuntimeError) as error:
            raise BrokenRecording(f"{self.path.name} cannot be decoded there ({reason(error)})") from error


def identify_clip(clip: ImageClip | None) -> str:
    """Return a hash of a clip: content of the recording, start and duration; "" if one of them is not known."""
    return digest([clip.content, clip.start_s, clip.duration_s]) if clip and clip.content and clip.duration_s else ""


def list_clip_sounds(
    extractor: FeatureExtractor, files: Sequence[ImageFile], clips: Mapping[str, ImageClip], home: Path
) -> list[ClipSound]:
    """Return the sound behind each image, in the order of `files`.

    Args:
        extractor: it listens.
        files: the images.
        clips: those of the images of which one is known, by name.
        home: the folder of the dataset.
    """
    stamps: dict[Path, _Stamp | None] = {}

    def describe(file: ImageFile) -> ClipSound:
        clip = clips.get(file.name)
        path = locate_recording(home, clip) if clip else None
        if path and path not in stamps:
            stamps[path] = _find_stamp(path)
        stamp = stamps[path] if path else None
        problem = _find_problem(clip) or ("" if stamp else NOT_READ)
        return ClipSound(file.name, extractor.rate, extractor.seconds, clip, path, stamp or (0, 0), problem)

    return [describe(file) for file in files]


def count_silent(sounds: Iterable[ClipSound]) -> dict[str, int]:
    """Return how many images have no sound, by reason."""
    problems = (sound.problem for sound in sounds if sound.problem)
    return dict(Counter(problem.partition(":")[0] for problem in problems))


def describe_silent(silent: Mapping[str, int]) -> str:
    """Return in words why so many images have no sound."""
    return ", ".join(f"{why} ({count:,})" for why, count in silent.items())


def describe_short_clips(extractor: FeatureExtractor, sounds: Iterable[ClipSound]) -> list[str]:
    """Return a sentence if clips are so short that an extractor hears mostly what is around them; else none."""
    least_s = extractor.seconds / 3
    count = sum(sound.clip.duration_s < least_s for sound in sounds if sound.clip and not sound.problem)
    if not count:
        return []
    images, seconds = count_noun(count, "image"), f"{extractor.seconds:g}"
    return [
        f"{extractor.name} hears {seconds} s around the middle of each image, and {images} show less than"
        f" {least_s:.2g} s, so that neighbours sound alike to it: images of {seconds} s suit it."
    ]


def check_sounds(extractor: FeatureExtractor, sounds: Sequence[ClipSound]) -> None:
    """Check that an extractor that listens hears something.

    Raises:
        NoSound: none has a sound.
    """
    if sounds and all(sound.problem for sound in sounds):
        raise NoSound(
            f"{extractor.name} listens to the recordings behind the images, and none of the"
            f" {count_noun(len(sounds), 'image')} has one: {describe_silent(count_silent(sounds))}. Put the recordings"
            " into a folder named recordings beside the images, or list their clips in a table clips.csv."
        )


def _find_problem(clip: ImageClip | None) -> str:
    if clip is None:
        return NO_CLIP
    if clip.problem:
        return clip.problem
    if not clip.content or not clip.path:
        return NOT_READ
    return "" if clip.duration_s else NO_LENGTH


def _find_stamp(path: Path) -> _Stamp | None:
    try:
        return _read_stamp(path)
    except CoveyError:
        return None


@lru_cache(maxsize=4096)
def _read_length(path: Path, stamp: _Stamp) -> float | None:
    """Return the length of a recording in seconds, None if its header does not say; read again if it has changed."""
    return read_header(path).seconds


def _read_stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError as error:
        raise CoveyError(
            f"{path} cannot be read any more ({reason(error)}): see that the recordings can be reached and start again."
            " What is finished is kept."
        ) from error
    return status.st_size, status.st_mtime_ns
