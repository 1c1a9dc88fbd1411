"""A folder of spectrogram images: which there are and what they contain."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Protocol

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.digests import digest
from covey._base.files import read_text, write_text
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
RANGES = "grey_ranges.json"
"""File beside the index with the ranges by which deep greys are scaled."""
THREADS = min(8, os.cpu_count() or 1)
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


class NamedContent(Protocol):
    """Something with a name and a hash of its content, such as an image, or the sound behind one."""

    @property
    def name(self) -> str:
        """The name of the image."""

    @property
    def identity(self) -> str:
        """The hash."""


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

    def read(self, file: ImageFile) -> bytes:
        """Return the bytes of an image of the index.

        Raises:
            BrokenImage: it cannot be read, or is not the one that was indexed.
        """
        with translate_errors():
            encoded = self.path(file.name).read_bytes()
        if hashlib.sha256(encoded).hexdigest() != file.content:
            raise BrokenImage("it was replaced while the run was at work: start again to use the new one")
        return encoded

    def decode(self, file: ImageFile) -> Picture:
        """Decode an image of the index.

        Raises:
            BrokenImage: as in `read`, or it is damaged.
        """
        return decode_picture(self.read(file), {file.scale.kind: file.scale} if file.scale else {})

    def has_images(self) -> bool:
        """Whether there is any image. The folder is read only up to the first one."""
        folders = [self.root]
        while folders:
            with suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    elif entry.name.lower().endswith(SUFFIXES):
                        return True
        return False

    def walk(self) -> Iterator[str]:
        """Yield the names of all images as they are found."""
        for folder, inner, files in os.walk(self.root):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            for name in files:
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    yield Path(folder, name).relative_to(self.root).as_posix()


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


def key_of(files: Iterable[NamedContent]) -> str:
    """Return the key of a set of images: a hash of their names and contents."""
    return digest([[file.name, file.identity] for file in files])


def examine_file(folder: ImageFolder, name: str, size: int, modified: int, changed: int) -> ImageFile:
    """Return what an image contains, or why it cannot be used; size and times are those of its file."""
    unread = ImageFile(name, max(size, 0), modified, "", changed=changed)
    try:
        with translate_errors():
            path = folder.path(name)
            if size < 0:  # its folder does not tell what it is
                status = path.stat()
                unread = ImageFile(name, status.st_size, status.st_mtime_ns, "", changed=status.st_ctime_ns)
            encoded = path.read_bytes()
    except BrokenImage as error:
        return attrs.evolve(unread, problem=str(error))
    file = attrs.evolve(unread, content=hashlib.sha256(encoded).hexdigest())
    try:
        picture = examine_picture(encoded)
    except BrokenImage as error:
        return attrs.evolve(file, problem=str(error))
    return attrs.evolve(file, height=picture.height, width=picture.width, greys=picture.greys)


def scale_alike(files: Sequence[ImageFile]) -> list[ImageFile]:
    """Let all deep greys be scaled by one range, so that images stay comparable."""
    ranges = combine_ranges(file.greys for file in files if file.greys)
    return [attrs.evolve(file, scale=ranges[file.greys.kind]) if file.greys else file for file in files]


def write_ranges(path: Path, files: Sequence[ImageFile]) -> None:
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
