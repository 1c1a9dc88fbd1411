"""The files of a folder that are recordings, and why others in it are not."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import attrs

from covey._base.errors import CoveyError, reason

READABLE_SOUNDS = (
    *(".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".bwf", ".caf", ".mp1", ".mp2", ".mpga"),
    *(".nist", ".oga", ".ogx", ".opus", ".paf", ".rf64", ".snd", ".sph", ".voc", ".w64", ".wave"),
)
"""Endings of recordings that can be read; which it is, the contents decide."""
UNREADABLE_SOUNDS = (
    *(".3gp", ".aac", ".ac3", ".amr", ".ape", ".dts", ".m4a", ".m4b", ".mka", ".mov", ".mp4", ".mpc", ".tak", ".tta"),
    *(".wac", ".weba", ".webm", ".wma", ".wv"),
)
"""Endings of recordings that cannot be read: they are listed, and reported."""
SUFFIXES = READABLE_SOUNDS + UNREADABLE_SOUNDS


@attrs.define
class RecordingFiles:
    """What is in a folder of recordings, at any depth; hidden files and folders are left out.

    `paths` are the recordings, sorted. `skipped` says by path why a folder was not looked into. `others` counts the
    files that are no recordings by the ending of their names.
    """

    root: Path
    paths: list[Path] = attrs.field(factory=list)
    skipped: dict[Path, str] = attrs.field(factory=dict)
    others: Counter[str] = attrs.field(factory=Counter)
    _real_folders: set[str] = attrs.field(factory=set)

    @property
    def outside(self) -> list[Path]:
        """The recordings that lie outside the folder, behind links in it."""
        root = os.path.realpath(self.root)
        folders = {folder: os.path.realpath(folder) for folder in {path.parent for path in self.paths}}
        real_places = {
            path: os.path.realpath(path) if path.is_symlink() else folders[path.parent] for path in self.paths
        }
        return [path for path, place in real_places.items() if not Path(place).is_relative_to(root)]

    def collect(self) -> None:
        """Look at all folders, and last into those that links lead to, so that each keeps its own name."""
        pending, linked = [self.root], list[Path]()
        while pending or linked:
            folder = pending.pop() if pending else linked.pop(0)
            for path in self._entries(folder):
                if not _is_folder(path):
                    self._add_file(path)
                elif path.is_symlink():
                    linked.append(path)
                else:
                    pending.append(path)

    def _entries(self, folder: Path) -> list[Path]:
        """Return what is in a folder, unless it was looked at before or cannot be read."""
        real_folder = os.path.realpath(folder)
        if real_folder in self._real_folders:
            self.skipped[folder] = "it is a link to a folder that is used already"
            return []
        self._real_folders.add(real_folder)
        try:
            return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        except OSError as error:
            self.skipped[folder] = f"the folder cannot be read: {reason(error)}"
            return []

    def _add_file(self, path: Path) -> None:
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            self.paths.append(path)
        else:
            self.others[suffix or "without an ending"] += 1


def find_recordings(folder: Path) -> RecordingFiles:
    """Return the recordings in a folder, at any depth. Links to folders are followed, each folder once.

    Raises:
        CoveyError: it is no folder, or there are none.
    """
    if not folder.is_dir():
        raise CoveyError(f"{folder} is not a folder: give the folder that holds the recordings.")
    files = list_recordings(folder)
    if not files.paths:
        reasons = "".join(f"\n{path}: {problem}." for path, problem in files.skipped.items())
        raise CoveyError(
            f"There are no recordings in {folder}: covey looks for {', '.join(READABLE_SOUNDS[:4])} files.{reasons}"
        )
    return files


def list_recordings(folder: Path) -> RecordingFiles:
    """Return what is in a folder of recordings, which may be nothing."""
    files = RecordingFiles(folder)
    files.collect()
    files.paths.sort()
    return files


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
