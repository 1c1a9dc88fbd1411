"""The images of a folder as columns: a million of them in about 120 MB."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.data.catalogue.image_scan import GONE, Portion
from covey.data.catalogue.part_store import Columns, TableLayout
from covey.data.formats.arrow_columns import Mask, Rows, TextColumn
from covey.data.images import ImageFile
from covey.data.picture_decoding import GreyRange

LAYOUT = TableLayout(
    name="images",
    key="name",
    columns=("name", "bytes", "time", "changed", "content", "height", "width", "problem", "greys"),
    dictionary=("problem", "greys"),
)
_RECENT_NS = 2_000_000_000
"""What was changed in the two seconds before it was read may change again without another time: FAT's are no finer."""
NO_CONTENT = bytes(32)

Integers = NDArray[np.int64]
Contents = NDArray[np.void]
"""SHA-256 of files (n,), 32 bytes each; zeros where it is not known."""


@attrs.frozen(eq=False)
class Stamps:
    """Names, sizes in bytes and times in nanoseconds (n,) of files, as the file system tells them."""

    names: TextColumn
    bytes: Integers
    time: Integers
    changed: Integers

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of(cls, portions: Iterable[Portion]) -> Stamps:
        """Return the stamps of files that come in portions, as `ImageScan` yields them."""
        names: list[TextColumn] = [TextColumn.of([])]
        numbers: list[Integers] = [np.empty((0, 3), np.int64)]
        for portion_names, portion_numbers in portions:
            names.append(TextColumn.of(portion_names))
            numbers.append(portion_numbers)
        sizes, times, changes = np.concatenate(numbers).T
        return cls(TextColumn.join(names), sizes, times, changes)


@attrs.frozen(eq=False)
class ImageRows:
    """Images (n,) and what is known of them, in any order. The columns are those of `LAYOUT`, or some of them."""

    columns: Columns

    @classmethod
    def of_files(cls, files: Sequence[ImageFile]) -> ImageRows:
        """Return the rows of these images."""
        contents = [bytes.fromhex(file.content) or NO_CONTENT for file in files]
        return cls(
            {
                "name": TextColumn.of([file.name for file in files]),
                "bytes": np.array([file.bytes for file in files], np.int64),
                "time": np.array([file.time for file in files], np.int64),
                "changed": np.array([file.changed for file in files], np.int64),
                "content": np.frombuffer(b"".join(contents), "V32"),
                "height": np.array([file.height for file in files], np.int32),
                "width": np.array([file.width for file in files], np.int32),
                "problem": TextColumn.of([file.problem for file in files]),
                "greys": TextColumn.of([_format_greys(file.greys) for file in files]),
            }
        )

    def __len__(self) -> int:
        return len(self.names) if self.columns else 0

    @property
    def names(self) -> TextColumn:
        """The names of the images."""
        return self.text("name")

    def text(self, column: str) -> TextColumn:
        """Return a column of texts."""
        texts = self.columns[column]
        assert isinstance(texts, TextColumn)
        return texts

    def numbers(self, column: str) -> NDArray[Any]:
        """Return a column of numbers or digests."""
        return np.asarray(self.columns[column])

    def locate(self, names: TextColumn) -> Rows:
        """Return the row of each of these images (k,), -1 where there is none."""
        return self.names.locate(names) if self.columns else np.full(len(names), -1)

    def is_unchanged(self, stamps: Stamps, rows: Rows) -> Mask:
        """Return for each file whether it is the one that was read, so that it need not be read again.

        Args:
            stamps: of the files (k,).
            rows: the row of each (k,), -1 where there is none.
        """
        if not len(self):
            return np.zeros(len(stamps), bool)
        same = (rows >= 0) & (stamps.bytes != GONE)
        for column in ("bytes", "time", "changed"):
            same &= self.numbers(column)[rows] == getattr(stamps, column)
        return np.asarray(same, bool)

    def files(self, rows: Rows) -> list[ImageFile]:
        """Return the images of these rows, one by one."""
        columns = {
            name: column.take(rows).texts() if isinstance(column, TextColumn) else column[rows]
            for name, column in self.columns.items()
        }
        numbers = (columns[name] for name in ("bytes", "time", "changed", "height", "width"))
        return [
            ImageFile(
                name=name, bytes=int(size), time=int(modified), changed=int(changed), content=format_content(content),
                height=int(height), width=int(width), problem=problem, greys=_parse_greys(greys),
            )
            for name, content, problem, greys, size, modified, changed, height, width in zip(
                columns["name"], columns["content"], columns["problem"], columns["greys"], *numbers, strict=True
            )
        ]  # fmt: skip


def mark_gone(names: Iterable[str]) -> ImageRows:
    """Return rows that end those of images that are no longer there."""
    return ImageRows.of_files([ImageFile(name, GONE, 0, "") for name in names])


def forget_recent(file: ImageFile) -> ImageFile:
    """Return an image without its time of change if it must be read again the next time.

    That is one that could not be read, or was just written.
    """
    recent = abs(time.time_ns() - file.changed) < _RECENT_NS
    return attrs.evolve(file, changed=0) if recent or not file.content else file


def format_content(content: np.void) -> str:
    """Return a SHA-256 in hexadecimal digits, "" if it is not known."""
    digits = content.tobytes()
    return digits.hex() if digits != NO_CONTENT else ""


def _format_greys(greys: GreyRange | None) -> str:
    return f"{greys.kind} {greys.low!r} {greys.high!r}" if greys else ""


def _parse_greys(text: str) -> GreyRange | None:
    if not text:
        return None
    kind, low, high = text.rsplit(" ", 2)
    return GreyRange(kind, float(low), float(high))
