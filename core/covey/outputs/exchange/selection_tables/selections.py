"""Selections: stretches of recordings that people or programs gave a class, read from many tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from covey._base import csvs
from covey._base.errors import CoveyError, reason
from covey._base.text import preview
from covey.data.images import SUFFIXES
from covey.data.recording_index import is_sound_file

NO_TIMES = "without times"
"""Why a row that does not say from when to when cannot be used."""


class ForeignTableError(CoveyError):
    """A file is no table of the kind that was expected."""


@attrs.frozen(kw_only=True)
class SelectionRow:
    """A stretch of a recording, in seconds from its start, and its class, "" for none.

    `sound` is the path or name of the sound file as the table has it; `row` says where it stands, for messages.
    `problem` says why the row cannot be used, "" where it can.
    """

    sound: str
    begin: float = 0.0
    end: float = 0.0
    label: str = ""
    row: str = ""
    problem: str = ""


@attrs.frozen(kw_only=True)
class SelectionTable:
    """The selections in one file. `column` is where the classes stand, "" where the format has no columns.

    `looked_at` is the name of the sound file in which, by a table without selections, a person found nothing; "" if the
    table says no such thing.
    """

    path: Path
    selections: Sequence[SelectionRow]
    column: str = ""
    looked_at: str = ""

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders in which the file lies, the innermost last."""
        return self.path.resolve().parent.parts


@attrs.frozen
class TableFiles:
    """Tables that were read, and the files that were skipped, each with the reason."""

    tables: Sequence[SelectionTable]
    skipped: Sequence[str]


def read_tables(paths: Iterable[Path], read: Callable[[Path], SelectionTable], suffixes: tuple[str, ...]) -> TableFiles:
    """Read tables, and those in folders; in folders other files are skipped.

    Args:
        paths: files and folders.
        read: reads one file, or raises CoveyError.
        suffixes: how the files in folders end.

    Raises:
        CoveyError: a file that was named itself is no such table, or there is no table at all.
    """
    tables, skipped = list[SelectionTable](), list[str]()
    for path in paths:
        if not path.is_dir():
            tables.append(read(path))
            continue
        for file in _files(path):
            try:
                tables.append(_read_in_folder(file, read, suffixes))
            except CoveyError as error:
                skipped.append(f"{file.relative_to(path).as_posix()} ({str(error).rstrip('.')})")
    if not tables:
        endings = ", ".join(dict.fromkeys(suffixes))
        hint = preview(skipped) if skipped else f"name the folder that holds them ({endings})"
        raise CoveyError(f"There are no such tables in the folders: {hint}.")
    return TableFiles(tables, skipped)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder that may be taken for tables: no sounds, no pictures, none in hidden folders."""
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts[:-1])
        picture = file.suffix.lower() in SUFFIXES
        if file.is_file() and not (hidden or picture or (is_sound_file(file.name) and not file.name.startswith("."))):
            yield file


def _read_in_folder(file: Path, read: Callable[[Path], SelectionTable], suffixes: tuple[str, ...]) -> SelectionTable:
    if file.name.startswith("."):
        raise ForeignTableError("hidden")
    if file.suffix.lower() not in suffixes:
        raise ForeignTableError(f"it does not end with {' or '.join(suffixes)}")
    return read(file)


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file without their ends. Raises CoveyError."""
    try:
        with path.open(encoding=csvs.detect_encoding(path)) as file:
            return [line.removesuffix("\n") for line in file]
    except (OSError, UnicodeError) as error:
        raise CoveyError(f"{path} cannot be read: {reason(error)}.") from error


def parse_seconds(text: str) -> float:
    """Return a number of seconds; the decimal sign may be a comma. Raises ValueError."""
    text = text.strip()
    seconds = float(text.replace(",", ".") if "." not in text else text)
    if not math.isfinite(seconds) or "_" in text:  # Python takes 1_0 for 10
        raise ValueError(f"{text!r} is no time")
    return seconds
