"""The recordings of a dataset's images, by what other programs call them: the one place where they are looked up."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs

from covey.data.path_index import PathIndex
from covey.data.recording_files import SUFFIXES
from covey.data.segment_names import recordings_of_images, xeno_canto_number

_SOUND_SUFFIX = re.compile(rf"\.({'|'.join(suffix[1:] for suffix in SUFFIXES)})$", re.IGNORECASE)


@attrs.frozen
class RecordingIndex:
    """The recordings of some images, each a path in the dataset without the ending of the sound file."""

    recordings: Sequence[str]
    _paths: PathIndex
    _recordings_by_number: Mapping[str, Sequence[str]]

    @classmethod
    def of_images(cls, names: Iterable[str]) -> RecordingIndex:
        """Return the index of the recordings that the names of these images tell."""
        return cls.of_recordings(recordings_of_images(names).values())

    @classmethod
    def of_recordings(cls, names: Iterable[str]) -> RecordingIndex:
        """Return the index of recordings with these names, which have no ending."""
        recordings = list(dict.fromkeys(names))
        by_number: dict[str, list[str]] = defaultdict(list)
        for recording in recordings:
            if number := xeno_canto_number(recording):
                by_number[number].append(recording)
        return cls(recordings, PathIndex.of(recordings), by_number)

    def find(self, path: str, folders: Sequence[str] = ()) -> list[str]:
        """Return the recordings that a sound file may be: one where it is certain, several where it is not, or none.

        It is found by its path, with or without the ending of a sound file, or else by its number at xeno-canto.

        Args:
            path: as another program has it: absolute, relative, with "/" or backslashes.
            folders: those in which the table with the path lies, the innermost last.
        """
        stem = strip_sound_suffix(path.strip())
        found_by_path = self._paths.find(stem, folders) or self._paths.find(path, folders)
        return found_by_path or self.find_number(xeno_canto_number(stem.replace("\\", "/")) or "")

    def find_number(self, number: str) -> list[str]:
        """Return the recordings with this number at xeno-canto."""
        return list(self._recordings_by_number.get(number, ()))


def is_sound_file(name: str) -> bool:
    """Say whether a name ends as that of a sound file does."""
    return bool(_SOUND_SUFFIX.search(name))


def strip_sound_suffix(name: str) -> str:
    """Return a name without the ending of a sound file."""
    return _SOUND_SUFFIX.sub("", name)
