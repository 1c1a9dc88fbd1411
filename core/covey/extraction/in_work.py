"""Which images are in work, on disk, so that one that ends the process is found at the next start."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from covey._base.files import read_text
from covey.extraction.shards import Content

FILE = "in_work.json"
DEATHS = 2
"""How many processes must have ended before a small image is to blame: people and power cuts end processes too."""


@attrs.frozen
class _Record:
    """What the file holds.

    Attributes:
        extractor: tag of the extractor whose images are in work.
        images: those in work.
        deaths: number of processes in a row that ended with these images, or with more, in work.
        left_out: images that are to blame, by the tag of the extractor.
    """

    extractor: str = ""
    images: list[Content] = attrs.field(factory=list)
    deaths: int = 0
    left_out: dict[str, list[Content]] = attrs.field(factory=dict)


class InWork:
    """The images that one extractor has in work.

    A process that is killed leaves them in the file. At the next start they are tried again in halves, so that the one
    that ends the process is soon alone in the file; it is then left out for good.

    Args:
        path: JSON file, written before each batch.
        extractor: tag of the extractor; what ended another one is no reason to leave an image out.
    """

    def __init__(self, path: Path, extractor: str) -> None:
        self.path = path
        self._extractor = extractor
        with suppress(OSError):
            if path.lstat().st_nlink > 1:  # a second name of a file that may be anything
                path.unlink()
        record = _read_record(path)
        self._left_out = record.left_out
        is_same_extractor = record.extractor == extractor
        self.suspects = frozenset(record.images if is_same_extractor else ())
        self._deaths = record.deaths if is_same_extractor else 0

    def blame(self, large: frozenset[Content]) -> frozenset[Content]:
        """Return the images that ended a process; one of the `large` ones is to blame after its first time."""
        if len(self.suspects) == 1 and (self.suspects <= large or self._deaths >= DEATHS):
            self._left_out.setdefault(self._extractor, []).extend(self.suspects)
            self.suspects = frozenset()
            self._write((), 0)
        return frozenset(self._left_out.get(self._extractor, ()))

    def split(self, contents: Sequence[Content]) -> list[Sequence[Content]]:
        """Return a batch in one part; in parts of half as many images as were in work when the process ended."""
        batch_size = max(1, len(self.suspects) // 2) if self.suspects & set(contents) else len(contents)
        return [contents[start : start + batch_size] for start in range(0, len(contents), batch_size)]

    @contextmanager
    def writing(self, contents: Sequence[Content]) -> Iterator[None]:
        """Keep these images in the file during the block, and no longer, however it ends."""
        narrowed = bool(self.suspects) and self.suspects >= frozenset(contents)
        self._write(contents, self._deaths + 1 if narrowed else 1)
        try:
            yield
        finally:
            self._write((), 0)

    def finish(self) -> None:
        """Delete the file, unless it says which images to leave out."""
        if not self._left_out:
            with suppress(OSError):
                self.path.unlink()

    def _write(self, contents: Sequence[Content], deaths: int) -> None:
        """Overwrite the file in place: it is whole after a kill, and a power cut tells nothing about images."""
        record = _Record(self._extractor, list(contents), deaths, self._left_out)
        with (
            suppress(OSError),  # a full disk is reported where results are written
            open(self.path, "w", encoding="utf-8", opener=_open_private) as file,
        ):
            file.write(json.dumps(attrs.asdict(record)))


def _open_private(path: str, flags: int) -> int:
    """Open a file that is the user's alone, and never one that a link leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _read_record(path: Path) -> _Record:
    """Return the record in a file; an empty one if the file is missing or damaged."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        record = _Record(**json.loads(read_text(path)))
        if _is_valid(record):
            return record
    return _Record()


def _is_valid(record: _Record) -> bool:
    lists = [record.images, *record.left_out.values()] if isinstance(record.left_out, dict) else [None]
    texts = all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists)
    return texts and isinstance(record.extractor, str) and isinstance(record.deaths, int)
