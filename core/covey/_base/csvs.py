"""CSV files: as people's spreadsheets write them, and so that no spreadsheet takes a cell of ours for a formula."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs

from covey._base.errors import CoveyError, reason
from covey._base.files import replace_file

SEPARATORS = ",;\t"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CHUNK = 1 << 20
_RUNS = "=+\\-@\t\r\n＝＋－＠"
"""What a cell begins with that a spreadsheet takes for a formula."""
_GUARDED = re.compile(f"'+[{_RUNS}]")
_DANGEROUS = re.compile(f"'*[{_RUNS}]")


def read_csv_rows(path: Path, what: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file that are not blank, the heads first, each with the number of its line.

    The separator may be a comma, a semicolon or a tab; the encoding UTF-8, UTF-16 with its mark, or Windows-1252.

    Args:
        path: the file.
        what: what it holds, for messages: "labels".

    Raises:
        CoveyError: the file cannot be read.
    """
    line = 0
    try:
        with path.open(encoding=detect_encoding(path), newline="") as file:
            separator = _detect_separator(file.readline())
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, strict=True)  # else an open quote swallows all that follows
            for row in reader:
                line = reader.line_num
                if row:
                    yield line, [unguarded(cell) for cell in row]
    except csv.Error as error:
        raise CoveyError(f"The {what} {path} cannot be read: {reason(error)} (after line {line}).") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CoveyError(
            f"The {what} {path} cannot be read: {reason(error)}. Name a table as a text file in UTF-8."
        ) from error


def write_csv(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file in UTF-8, atomically.

    Args:
        path: the file.
        heads: the names of the columns, as they are.
        rows: cells; text has gone through `guard_cell`.

    Raises:
        CoveyError: the file cannot be written.
    """
    with replace_file(path) as file:
        write_csv_rows(codecs.getwriter("utf-8")(file), [[guarded(head) for head in heads]])
        write_csv_rows(codecs.getwriter("utf-8")(file), rows)


def write_csv_rows(file: SupportsWrite, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV; lines end with a newline, and every cell with a carriage return is quoted.

    Args:
        file: where the text goes.
        rows: cells; text has gone through `guard_cell`.
    """
    csv.writer(_NewlineWriter(file), lineterminator="\r\n").writerows(rows)


class SupportsWrite(Protocol):
    """What text can be written to."""

    def write(self, text: str, /) -> object:
        """Write a text."""


@attrs.frozen
class _NewlineWriter:
    """Ends each row with a newline alone. The csv module quotes only the signs that its own line end holds."""

    _file: SupportsWrite

    def write(self, row: str) -> None:
        self._file.write(row.removesuffix("\r\n") + "\n")


def guard_cell(content: Any) -> Any:
    """Return a value as it goes into a cell: text that looks like a formula gets an apostrophe before it."""
    return guarded(content) if isinstance(content, str) else content


def guarded(text: str) -> str:
    """Return a cell that no spreadsheet runs: what looks like a formula gets an apostrophe before it."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(text: str) -> str:
    """Return what was in a cell before it was `guarded`."""
    return text[1:] if _GUARDED.match(text) else text


def detect_encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-8, UTF-16 with its mark, or Windows-1252. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(max(map(len, _MARKS)))
        for mark, encoding in _MARKS.items():
            if start.startswith(mark):
                return encoding
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"  # what Excel writes in the west
    return "utf-8"


def _detect_separator(line: str) -> str:
    """Return what parts the heads: a class may have any of the separators in its name."""
    return max(
        SEPARATORS,
        key=lambda sign: ("filename" in next(csv.reader([line.lower()], delimiter=sign), []), line.count(sign)),
    )
