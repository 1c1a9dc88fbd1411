"""Tables of selections with column heads: Raven's, and those of BirdNET."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path, PureWindowsPath

import attrs

from covey._base import csvs
from covey._base.errors import CoveyError, did_you_mean, reason, shorten
from covey.data.path_index import fold_name, split_path
from covey.data.recording_index import is_sound_file, strip_sound_suffix
from covey.outputs.exchange.selection_tables.audacity_tracks import read_audacity_track
from covey.outputs.exchange.selection_tables.selections import (
    NO_TIMES,
    ForeignTableError,
    SelectionRow,
    SelectionTable,
    parse_seconds,
    read_lines,
)

BEGIN, END, OFFSET = "Begin Time (s)", "End Time (s)", "File Offset (s)"
DURATION = "Duration (s)"
BEGIN_PATH, BEGIN_FILE, LABEL = "Begin Path", "Begin File", "Label"
CLASS_COLUMNS = (
    LABEL, "Class", "Annotation", "Annotations", "Species", "Common Name", "Common_Name", "Call Type", "Sound Type",
    "Type", "Scientific Name", "Scientific_Name", "Species Code", "Code", "Tag",
)  # fmt: skip
"""The usual columns with classes; the first one with any content counts."""
NOTHING_HEARD = "nocall"
"""BirdNET's class for a recording in which it heard nothing."""
SEVERAL_FILES = f"from a table of several files without {OFFSET!r}, where seconds may count from the first file"
DIFFERENT_FILES = f"whose {BEGIN_PATH!r} and {BEGIN_FILE!r} name different files"
TOO_MANY_CELLS = "with more cells than the table has columns"
_TABLE_NAMES = [
    re.compile(rf"(.+){ending}\.(txt|tsv|csv)", re.IGNORECASE)
    for ending in (r"\.Table\.\d+.*", r"\.BirdNET\..*", r"\.selections?", "")
]

Rows = Sequence[tuple[int, Sequence[str]]]


@attrs.frozen
class Columns:
    """What the columns of one kind of table are called, in small letters."""

    begin: str
    end: str
    path: str = BEGIN_PATH.lower()
    file: str = BEGIN_FILE.lower()
    end_is_duration: bool = False

    @property
    def used(self) -> set[str]:
        """All that are read, but for the class."""
        return {self.begin, self.end, self.path, self.file, OFFSET.lower()}


RAVEN = Columns(BEGIN.lower(), END.lower())
BIRDNET = (
    RAVEN,
    Columns("start (s)", "end (s)", "file"),
    Columns("start", "end", "filepath"),
    Columns("offset", "duration", "in file", end_is_duration=True),
)
"""Selection tables, CSV, R and Kaleidoscope, as BirdNET-Analyzer writes them."""

_EVENT_HEADS = {
    **dict.fromkeys(("start", "begin", "onset", "start_s", "begin_s", "start_time", "begin_time", "start (s)"), BEGIN),
    **dict.fromkeys(("end", "stop", "end_s", "end_time", "stop_s", "end (s)"), END),
    **dict.fromkeys(("duration", "duration_s", "length_s"), DURATION),
    **dict.fromkeys(("recording", "file", "filename", "file_name", "filepath", "sound", "sound_file"), BEGIN_FILE),
}
"""What other programs call the columns of a table of events, in small letters."""


def read_event_table(path: Path) -> SelectionTable:
    """Read a table of events, CSV or tab-separated: recording, start, and end or duration in seconds; no class needed.

    Raises:
        CoveyError: the file cannot be read, or is no such table.
    """
    rows = list(csvs.read_csv_rows(path, "events"))
    heads = [head.strip() for head in rows[0][1]] if rows else []
    keys = [_key(_EVENT_HEADS.get(_key(head), head)) for head in heads]
    kinds = RAVEN, attrs.evolve(RAVEN, end=DURATION.lower(), end_is_duration=True)
    kind = next((kind for kind in kinds if {kind.begin, kind.end} <= set(keys)), None)
    if kind is None:
        raise ForeignTableError(f"{path} has no columns for start and end in seconds. There is: {_list(heads)}.")
    selections = [_read_row(path, line, keys, row, kind, "") for line, row in rows[1:]]
    if columns := _list_repeated(heads, keys, kind.used):
        selections = [attrs.evolve(row, problem=f"from a table with several columns {columns}") for row in selections]
    if RAVEN.begin in map(_key, heads):
        selections = _check_files(selections, OFFSET.lower() in keys)
    return SelectionTable(path=path, selections=selections)


def read_raven_table(path: Path, column: str | None = None) -> SelectionTable:
    """Read a Raven selection table: tab-separated text without quoting.

    `File Offset (s)`, where it is there, tells the time in the file; `Begin Path`, `Begin File` or the name of the
    table tell which file. The columns may be in any case, the decimal sign may be a comma.

    Args:
        path: the file.
        column: the column with the classes; by default the first of CLASS_COLUMNS with any content.

    Raises:
        CoveyError: the file cannot be read, is no such table, or lacks the column.
    """
    table = _read(path, _split_lines(path), (RAVEN,), column)
    return attrs.evolve(table, looked_at="" if table.selections else own_name(path))


def read_birdnet_table(path: Path, column: str | None = None) -> SelectionTable:
    """Read a table of BirdNET-Analyzer: selection table, CSV, R, Kaleidoscope or label track; of one file or several.

    Args:
        path: the file.
        column: the column with the classes; by default the common names.

    Raises:
        CoveyError: the file cannot be read, is no such table, or lacks the column.
    """
    if path.suffix.lower() == ".csv":
        return _read(path, list(csvs.read_csv_rows(path, "detections")), BIRDNET, column)
    rows = _split_lines(path)
    if rows and re.fullmatch(r"[\d.,]+", rows[0][1][0].strip()):
        track = read_audacity_track(path)
        names = [attrs.evolve(row, sound=own_name(path), label=row.label.rpartition(", ")[2])
                 for row in track.selections]  # fmt: skip
        return attrs.evolve(track, selections=names)
    return _read(path, rows, BIRDNET, column)


def _split_lines(path: Path) -> Rows:
    lines = read_lines(path)
    return [(line_number, line.split("\t")) for line_number, line in enumerate(lines, 1) if line.strip()]


def _read(path: Path, rows: Rows, kinds: Sequence[Columns], column: str | None) -> SelectionTable:
    heads = [head.strip() for head in rows[0][1]] if rows else []
    keys = [_key(head) for head in heads]
    kind = next((kind for kind in kinds if {kind.begin, kind.end} <= set(keys)), None)
    if kind is None:
        missing = next(head for head in (BEGIN, END) if head.lower() not in keys)
        raise ForeignTableError(f"The selections {path} have no column {missing!r}. There is: {_list(heads)}.")
    label = _class_column(path, heads, [dict(zip(keys, row, strict=False)) for _, row in rows[1:]], column)
    if columns := _list_repeated(heads, keys, {*kind.used, _key(label)}):
        raise CoveyError(f"The selections {path} have several columns {columns}: rename or delete all but one.")
    selections = [_read_row(path, line, keys, row, kind, _key(label)) for line, row in rows[1:]]
    return SelectionTable(path=path, selections=_check_files(selections, OFFSET.lower() in keys), column=label)


def _key(head: str) -> str:
    """Return the head of a column as it is compared: capitals and the number of spaces do not count."""
    return " ".join(head.lower().split())


def _list_repeated(heads: Sequence[str], keys: Sequence[str], used: Collection[str]) -> str:
    """Return the heads of a column that is read and there twice, so that nothing tells which one is meant, or ""."""
    counts = Counter(keys)
    repeated_key = next((key for key in keys if key in used and counts[key] > 1), None)
    names = [repr(head) for head, key in zip(heads, keys, strict=True) if key == repeated_key]
    return " and ".join(dict.fromkeys(names))


def _class_column(path: Path, heads: Sequence[str], rows: Sequence[Mapping[str, str]], column: str | None) -> str:
    """Return the head of the column with classes. Raises CoveyError when there is none."""
    heads_by_key = {_key(head): head for head in reversed(heads)}
    usual_heads = [head.lower() for head in CLASS_COLUMNS if head.lower() in heads_by_key]
    chosen_head = _key(column) if column else next((head for head in usual_heads if _has_content(rows, head)), None)
    chosen_head = chosen_head or next(iter(usual_heads), None) or ("" if not rows else LABEL.lower())
    if chosen_head and chosen_head not in heads_by_key:
        hint = did_you_mean(column, heads) if column else ""
        advice = f" There is: {_list(heads)}. Name the one with classes by the option column."
        raise CoveyError(f"The selections {path} have no column {column or LABEL!r}.{hint}{advice}")
    return heads_by_key.get(chosen_head, "")


def _has_content(rows: Sequence[Mapping[str, str]], head: str) -> bool:
    return any(row.get(head, "").strip() for row in rows)


def _read_row(
    path: Path, line: int, keys: Sequence[str], row: Sequence[str], kind: Columns, label: str
) -> SelectionRow:
    selection = _selection(path, line, dict(zip(keys, row, strict=False)), kind, label)
    has_more = any(cell.strip() for cell in row[len(keys) :])  # a tab or comma within a text moves the cells after it
    return attrs.evolve(selection, problem=TOO_MANY_CELLS) if has_more else selection


def _selection(path: Path, line: int, cells: Mapping[str, str], kind: Columns, label: str) -> SelectionRow:
    sound, row = _sound(path, cells, kind), f"{path.name} line {line}"
    try:
        begin, end = parse_seconds(cells[kind.begin]), parse_seconds(cells[kind.end])
        end = begin + end if kind.end_is_duration else end
        if offset := cells.get(OFFSET.lower(), "").strip():
            begin, end = parse_seconds(offset), parse_seconds(offset) + end - begin
        if not 0 <= begin <= end:
            raise ValueError("the end is not after the begin")
    except (ValueError, KeyError) as error:
        times = f"{cells.get(kind.begin)!r} to {cells.get(kind.end)!r} are no times"
        return SelectionRow(sound=sound, row=f"{row}: {times}, {reason(error)}", problem=NO_TIMES)
    class_name = cells.get(label, "").strip()
    if sound_files := _different_files(cells, kind):
        return SelectionRow(sound=sound, row=f"{row}: {sound_files}", problem=DIFFERENT_FILES)
    problem = "in which nothing was heard" if class_name.lower() == NOTHING_HEARD else ""
    return SelectionRow(sound=sound, begin=begin, end=end, label=class_name, row=row, problem=problem)


def _sound(path: Path, cells: Mapping[str, str], kind: Columns) -> str:
    """Return the path of the sound file as far as a row tells it, or else the name of the table."""
    path_cell, file_name_cell = cells.get(kind.path, "").strip(), cells.get(kind.file, "").strip()
    if "indir" in cells:
        return "/".join(part for part in (cells["indir"], cells.get("folder", ""), path_cell) if part.strip())
    if (
        path_cell
        and file_name_cell
        and not is_sound_file(path_cell)
        and split_path(path_cell)[-1:] != split_path(file_name_cell)[-1:]
    ):
        # the path of a folder; backslashes are understood everywhere
        return str(PureWindowsPath(path_cell, file_name_cell))
    return path_cell or file_name_cell or own_name(path)


def _different_files(cells: Mapping[str, str], kind: Columns) -> str:
    """Return the path and the name of the sound file where these are not of one file, else ""."""
    path, name = cells.get(kind.path, "").strip(), cells.get(kind.file, "").strip()
    parts = filter(None, map(split_path, (path, name)))
    bases = {fold_name(strip_sound_suffix(file_parts[-1]).strip()) for file_parts in parts}
    return f"{path} and {name}" if len(bases) > 1 and is_sound_file(path) else ""


def own_name(path: Path) -> str:
    """Return the name of the sound file after which a table is named."""
    matches = (pattern.fullmatch(path.name) for pattern in _TABLE_NAMES)
    return next((match[1] for match in matches if match), path.stem)


def _check_files(selections: Sequence[SelectionRow], with_offset: bool) -> list[SelectionRow]:
    """Refuse the rows of a table whose seconds may count from the first of several files."""
    spans: dict[str, tuple[float, float]] = {}
    for row in selections:
        first_begin, last_end = spans.get(row.sound, (row.begin, row.end))
        if not row.problem:
            spans[row.sound] = min(first_begin, row.begin), max(last_end, row.end)
    if with_offset or not _follow_one_another(list(spans.values())):
        return list(selections)
    return [attrs.evolve(row, problem=row.problem or SEVERAL_FILES) for row in selections]


def _follow_one_another(spans: Sequence[tuple[float, float]]) -> bool:
    """Say whether the files of a table may have been opened as one sound: none begins before another ends."""
    ordered = sorted(spans)
    return len(spans) > 1 and all(
        previous_end <= next_begin for (_, previous_end), (next_begin, _) in pairwise(ordered)
    )


def _list(heads: Sequence[str]) -> str:
    return ", ".join(shorten(head) for head in heads[:20] if head) or "nothing"


def rows_of(tables: Sequence[SelectionTable]) -> Iterator[tuple[SelectionTable, SelectionRow]]:
    """Yield each selection with its table."""
    for table in tables:
        for selection in table.selections:
            yield table, selection
