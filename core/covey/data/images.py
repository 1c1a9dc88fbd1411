"""A folder of spectrogram images: which there are and what they contain."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.digests import digest
from covey._base.files import read_text, write_text
from covey._base.progress import SILENT, Progress
from covey._base.text import preview
from covey.data.picture_decoding import (
    BrokenImage,
    GreyRange,
    Picture,
    combine_ranges,
    decode_picture,
    examine_picture,
    translate_errors,
)

SUFFIXES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".bmp")
FORMAT = 3
"""Of the index; one of another format is made again."""
RANGES = "grey_ranges.json"
"""File beside the index with the ranges by which deep greys are scaled."""
THREADS = min(8, os.cpu_count() or 1)
AT_ONCE = 1000
"""Files that wait for a thread: each that waits takes memory."""
_ELSEWHERE = re.compile(r"^$|^/|\\|\0|^[A-Za-z]:|(^|/)\.\.(/|$)")


@attrs.frozen
class ImageFile:
    """One image as it lies on disk.

    Attributes:
        name: path relative to the folder of images.
        bytes: size of the file.
        time: modification time in nanoseconds.
        content: SHA-256 of the bytes; "" if they could not be read.
        height: in pixels, as it is decoded and upright; 0 if it cannot be used.
        width: likewise.
        problem: why it cannot be used, "" if it can.
        greys: the greys that it uses, if it is grey with more than 8 bits.
        changed: time in nanoseconds when the system last changed the file (ctime). It shows that a file was replaced by
            one of equal size and modification time; Windows keeps the time of creation there.
        scale: the greys that become black and white, if it is grey with more than 8 bits.
    """

    name: str
    bytes: int
    time: int
    content: str
    height: int = 0
    width: int = 0
    problem: str = ""
    greys: GreyRange | None = None
    changed: int = 0
    scale: GreyRange | None = None

    @property
    def identity(self) -> str:
        """Hash of what its pixels depend on: its content, and the range of greys where not all of 16 bits is used."""
        if self.scale is None or self.scale.is_full:
            return self.content
        return digest([self.content, self.scale.low, self.scale.high])


@attrs.frozen
class ImageFolder:
    """A folder with images in it, at any depth. An image is named by its path relative to the folder, with "/".

    `work` is the folder in which covey keeps its index, if it has one.
    """

    root: Path
    work: Path | None = attrs.field(default=None, eq=False)
    _here: Path = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: self.root.resolve(), takes_self=True)
    )
    _inner_folders: dict[str, bool] = attrs.field(init=False, eq=False, repr=False, factory=dict)

    def names(self) -> list[str]:
        """Return the names of all images, sorted; hidden folders and links to folders are left out."""
        return sorted(self.walk())

    def path(self, name: str) -> Path:
        """Return where an image lies.

        Raises:
            BrokenImage: it is not there, or its name is no text, or leads out of the folder, on any system.
        """
        path = self.root / name
        with translate_errors():
            if not _is_text(name):
                raise BrokenImage("its name is no valid UTF-8: rename it")
            if escapes_folder(name) or not self._leads_inside(path):
                raise BrokenImage("it lies outside the image folder")
            if not path.is_file():
                raise BrokenImage("it is not a file")
        return path

    def _leads_inside(self, path: Path) -> bool:
        """Whether a file lies in this folder, behind whatever links. Raises OSError when there is no such file.

        Each folder is resolved once: for a file of its own that would take most of the time of a run with small images.
        """
        if path.is_symlink():
            return path.resolve(strict=True).is_relative_to(self._here)
        folder = str(path.parent)
        if folder not in self._inner_folders:
            self._inner_folders[folder] = path.parent.resolve(strict=True).is_relative_to(self._here)
        path.lstat()
        return self._inner_folders[folder]

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """Return an image as RGB (h, w, 3) uint8, upright, on white where it is transparent.

        Raises:
            BrokenImage: it cannot be read.
        """
        with translate_errors():
            encoded = self.path(name).read_bytes()
        return decode_picture(encoded, _read_ranges(self.work and self.work / RANGES)).pixels

    def decode(self, file: ImageFile) -> Picture:
        """Decode an image of the index.

        Raises:
            BrokenImage: it cannot be read, or is not the one that was indexed.
        """
        with translate_errors():
            encoded = self.path(file.name).read_bytes()
        if hashlib.sha256(encoded).hexdigest() != file.content:
            raise BrokenImage("it was replaced while the run was at work: start again to use the new one")
        return decode_picture(encoded, {file.scale.kind: file.scale} if file.scale else {})

    def index(self, index_file: Path, progress: Progress = SILENT) -> list[ImageFile]:
        """Return what is in the folder, in order of name.

        A file is read only if its size or times differ from what the JSON file `index_file` says, which is then
        updated. Deep greys are scaled by one range for all images.
        """
        known_files = {file.name: file for file in read_index(index_file)}
        names = self.names()
        if gone := sorted(known_files.keys() - set(names)):
            progress.note(f"Gone since the last run, and left out: {preview(gone)}.")
        with progress.step("Looking at the images", len(names), "image") as step, ThreadPoolExecutor(THREADS) as pool:
            parts = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
            batches = (pool.map(lambda name: self._inspect(name, known_files.get(name)), part) for part in parts)
            files = [step.tick(file) for file in chain.from_iterable(batches)]
        if files != list(known_files.values()):
            _write_index(index_file, files)
        scaled = _scale_alike(files)
        _write_ranges(index_file.with_name(RANGES), scaled)
        return scaled

    def walk(self) -> Iterator[str]:
        """Yield the names of all images as they are found."""
        for folder, inner, files in os.walk(self.root):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            for name in files:
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    yield Path(folder, name).relative_to(self.root).as_posix()

    def _inspect(self, name: str, earlier: ImageFile | None) -> ImageFile:
        size = time = changed = 0
        try:
            with translate_errors():
                status = self.path(name).stat()
                size, time, changed = status.st_size, status.st_mtime_ns, status.st_ctime_ns
                if (
                    earlier
                    and earlier.content
                    and (earlier.bytes, earlier.time, earlier.changed) == (size, time, changed)
                ):
                    return earlier
                if not stat.S_ISREG(status.st_mode):
                    raise BrokenImage("it is not a file")
                content = self.path(name).read_bytes()
        except BrokenImage as error:
            return ImageFile(name, size, time, "", problem=str(error), changed=changed)
        return attrs.evolve(_examine(name, content), time=time, changed=changed)


def escapes_folder(name: str) -> bool:
    """Say whether a name leads out of the image folder on some system, whatever lies in the folder.

    Names come from files of others too: absolute ones, `..`, drives, and backslashes, which part folders on Windows.
    """
    return bool(_ELSEWHERE.search(name))


def _is_text(name: str) -> bool:
    try:
        return bool(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def key_of(files: Iterable[ImageFile]) -> str:
    """Return the key of a set of images: a hash of their names and contents."""
    return digest([[file.name, file.identity] for file in files])


def _examine(name: str, encoded: bytes) -> ImageFile:
    """Return what an image contains, without its times."""
    content = hashlib.sha256(encoded).hexdigest()
    try:
        picture = examine_picture(encoded)
    except BrokenImage as error:
        return ImageFile(name, len(encoded), 0, content, problem=str(error))
    return ImageFile(name, len(encoded), 0, content, picture.height, picture.width, greys=picture.greys)


def _scale_alike(files: Sequence[ImageFile]) -> list[ImageFile]:
    """Let all deep greys be scaled by one range, so that images stay comparable."""
    ranges = combine_ranges(file.greys for file in files if file.greys)
    return [attrs.evolve(file, scale=ranges[file.greys.kind]) if file.greys else file for file in files]


def _write_index(index_file: Path, files: Sequence[ImageFile]) -> None:
    rows = [attrs.astuple(file)[:-1] for file in files]
    write_text(index_file, json.dumps({"format": FORMAT, "files": rows}))


def read_index(index_file: Path) -> list[ImageFile]:
    """Return the files in an index; none if it is damaged or was written by another version."""
    try:
        index = json.loads(read_text(index_file))
        return list(map(_read_row, index["files"])) if index["format"] == FORMAT else []
    except (OSError, ValueError, TypeError, RecursionError, LookupError):
        return []


def _read_row(row: Sequence[Any]) -> ImageFile:
    name, greys, changed = str(row[0]), row[7], int(row[8])
    return attrs.evolve(ImageFile(name, *row[1:7]), greys=GreyRange(*greys) if greys else None, changed=changed)


def _write_ranges(path: Path, files: Sequence[ImageFile]) -> None:
    """Keep the ranges of deep greys for those who look at images; remove the file if there are none."""
    ranges = {file.scale.kind: [file.scale.low, file.scale.high] for file in files if file.scale}
    if ranges:
        write_text(path, json.dumps(ranges))
    elif path.exists():
        path.unlink()


def _read_ranges(path: Path | None) -> dict[str, GreyRange]:
    if path is None:
        return {}
    try:
        ranges = json.loads(read_text(path))
        scales = [GreyRange(str(kind), float(low), float(high)) for kind, (low, high) in ranges.items()]
        return {scale.kind: scale for scale in scales if isfinite(scale.low) and isfinite(scale.high)}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}
