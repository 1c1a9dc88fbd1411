"""A folder of spectrogram images: which there are, what they contain, their pixels."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from covey._base.digests import digest
from covey._base.errors import reason
from covey._base.files import write_text
from covey._base.progress import SILENT, Progress
from covey._base.text import preview

SUFFIXES = (".png", ".jpg", ".jpeg")
MOST_PIXELS = 50_000_000
THREADS = min(8, os.cpu_count() or 1)
AT_ONCE = 1000
"""Files that wait for a thread: each that waits takes memory."""
_ELSEWHERE = re.compile(r"^$|^/|\\|\0|^[A-Za-z]:|(^|/)\.\.(/|$)")


class BrokenImage(Exception):
    """Why one image cannot be used, in a few words."""


@attrs.frozen
class ImageFile:
    """One image as it lies on disk.

    `time` is its modification time in nanoseconds, `content` the SHA-256 of its bytes. `problem` says why it cannot
    be used; height and width are then 0.
    """

    name: str
    bytes: int
    time: int
    content: str
    height: int = 0
    width: int = 0
    problem: str = ""


@attrs.frozen
class ImageFolder:
    """A folder with images in it, at any depth. An image's identity is its path relative to the folder, with "/"."""

    root: Path
    _here: Path = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: self.root.resolve(), takes_self=True)
    )

    def names(self) -> list[str]:
        """Return the names of all images, sorted; hidden folders and links to folders are left out."""
        return sorted(self.walk())

    def path(self, name: str) -> Path:
        """Return where an image lies.

        Raises:
            BrokenImage: it is not there, or its name is no text, or leads out of the folder, on any system.
        """
        path = self.root / name
        with _translate_errors():
            if not _is_text(name):
                raise BrokenImage("its name is no valid UTF-8: rename it")
            if escapes_folder(name) or not path.resolve(strict=True).is_relative_to(self._here):
                raise BrokenImage("it lies outside the image folder")
        return path

    def pixels(self, name: str) -> NDArray[np.uint8]:
        """Return an image as RGB (h, w, 3) uint8. Raises BrokenImage when it cannot be read."""
        with _translate_errors():
            return _decode(self.path(name).read_bytes())

    def index(self, index_file: Path, progress: Progress = SILENT) -> list[ImageFile]:
        """Return what is in the folder, in order of name.

        A file is read only when its size or time differ from what the JSON file `index_file` says, which is then
        updated.
        """
        known_files = {file.name: file for file in _read_index(index_file)}
        names = self.names()
        if gone := sorted(known_files.keys() - set(names)):
            progress.note(f"Gone since the last run, and left out: {preview(gone)}.")
        with progress.step("Looking at the images", len(names), "image") as step, ThreadPoolExecutor(THREADS) as pool:
            parts = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
            batches = (pool.map(lambda name: self._inspect(name, known_files.get(name)), part) for part in parts)
            files = [step.tick(file) for file in chain.from_iterable(batches)]
        if files != list(known_files.values()):
            write_text(index_file, json.dumps([attrs.astuple(file) for file in files]))
        return files

    def walk(self) -> Iterator[str]:
        """Yield the names of all images as they are found."""
        for folder, inner, files in os.walk(self.root):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            for name in files:
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    yield Path(folder, name).relative_to(self.root).as_posix()

    def _inspect(self, name: str, earlier: ImageFile | None) -> ImageFile:
        size = time = 0
        try:
            with _translate_errors():
                status = self.path(name).stat()
                size, time = status.st_size, status.st_mtime_ns
                if earlier and earlier.content and (earlier.bytes, earlier.time) == (size, time):
                    return earlier
                if not stat.S_ISREG(status.st_mode):
                    raise BrokenImage("it is not a file")
                content = self.path(name).read_bytes()
        except BrokenImage as error:
            return ImageFile(name, size, time, "", problem=str(error))
        return _examine(name, content, time)


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
    return digest([[file.name, file.content] for file in files])


def _examine(name: str, encoded: bytes, time: int) -> ImageFile:
    content = hashlib.sha256(encoded).hexdigest()
    try:
        with _translate_errors():
            width, height = _open(encoded).size
    except BrokenImage as error:
        return ImageFile(name, len(encoded), time, content, problem=str(error))
    return ImageFile(name, len(encoded), time, content, height, width)


def _open(encoded: bytes) -> Image.Image:
    if not encoded:
        raise BrokenImage("it is empty")
    image = Image.open(io.BytesIO(encoded), formats=("PNG", "JPEG"))
    if image.width * image.height > MOST_PIXELS:
        raise BrokenImage(f"it has {image.width} x {image.height} pixels, more than {MOST_PIXELS:,}")
    return image


def _decode(encoded: bytes) -> NDArray[np.uint8]:
    image = _open(encoded)
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip at 255
        grey = (np.asarray(image, dtype=np.uint32) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Turn whatever Pillow and the system raise over a bad file into BrokenImage."""
    try:
        yield
    except UnidentifiedImageError as error:
        raise BrokenImage("it is no PNG or JPEG image") from error
    except Image.DecompressionBombError as error:
        raise BrokenImage(f"it has more than {MOST_PIXELS:,} pixels") from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, MemoryError, RuntimeError) as error:
        raise BrokenImage(reason(error)) from error


def _read_index(index_file: Path) -> list[ImageFile]:
    try:
        return [ImageFile(*row) for row in json.loads(index_file.read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
