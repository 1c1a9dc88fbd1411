"""The clips of images, as the catalogue of their dataset knows its recordings."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import attrs

from covey._base.errors import CoveyError
from covey.data.catalogue.catalogue import Catalogue
from covey.data.catalogue.clip_finder import ClipFinder, ImageClip, read_stamps
from covey.data.catalogue.part_store import MANIFEST
from covey.data.catalogue.recording_rows import list_files, read_recordings
from covey.data.images import ImageFolder


def find_clips(
    images: ImageFolder,
    home: Path,
    clip_folders: Sequence[Path],
    recording_folders: Sequence[Path],
    names: Collection[str],
) -> dict[str, ImageClip]:
    """Return the clips of those of these images of which it is known what they show.

    Args:
        images: the folder of the images.
        home: the folder of the dataset.
        clip_folders: where a table `clips.csv` may lie.
        recording_folders: where recordings may lie.
        names: the images.
    """
    if not names:
        return {}
    catalogue = Catalogue(images)
    stamps = read_stamps([catalogue.store.folder / MANIFEST, *ClipFinder.sources(clip_folders, images.root)])
    finder = _open_finder(catalogue, home, tuple(clip_folders), tuple(recording_folders), stamps)
    clips = finder.find(names)
    stale = {path for path, clip in _one_of_each(clips).items() if not finder.is_current(clip, home)}
    return {name: attrs.evolve(clip, content="") if clip.path in stale else clip for name, clip in clips.items()}


def _one_of_each(clips: Mapping[str, ImageClip]) -> dict[str, ImageClip]:
    """Return a clip of each recording that is there, by its path."""
    return {clip.path: clip for clip in clips.values() if clip.path}


@lru_cache(maxsize=2)
def _open_finder(
    catalogue: Catalogue, home: Path, clip_folders: Sequence[Path], recording_folders: Sequence[Path], _stamps: object
) -> ClipFinder:
    """Return the finder of a dataset, made again once the stamps of what it reads differ.

    Recordings that nobody has looked at yet are known by their names alone.
    """
    try:
        recordings = read_recordings(catalogue.store)
    except CoveyError:
        recordings = []
    recordings = [each for each in recordings if _lies_in(each.locate(home), recording_folders)]
    recordings = recordings or [each for folder in recording_folders for each in list_files(folder, home)]
    return ClipFinder.of(clip_folders, catalogue.images.root, recordings)


def _lies_in(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(os.path.normpath(folder)) for folder in folders)
