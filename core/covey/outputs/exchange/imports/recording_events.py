"""Annotated events in recordings, from the tables that importers read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from covey._base.balance import Balance
from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun, preview
from covey.data.recording_index import RecordingIndex
from covey.outputs.exchange.imports.import_selections import SelectionImporter
from covey.outputs.exchange.imports.match_selections import AMBIGUOUS, CONFLICT, find_conflicting_sounds
from covey.outputs.exchange.selection_tables.selection_columns import own_name, read_event_table, rows_of
from covey.outputs.exchange.selection_tables.selections import NO_TIMES, ForeignTableError, SelectionTable, read_tables
from covey.outputs.exchange.selection_tables.track_names import find_recordings
from covey.sound.segments import Event

UNKNOWN_RECORDING = "in recordings that are not there"
_TABLE_SUFFIXES = (".csv", ".tsv", ".txt")


@attrs.frozen
class RecordingEvents:
    """The events in each recording, by its name without the ending, and what became of the rows of the tables."""

    by_recording: Mapping[str, Sequence[Event]]
    balance: Balance


def read_events(
    paths: Iterable[Path],
    recordings: Iterable[str],
    importers: Sequence[SelectionImporter],
    progress: Progress = SILENT,
) -> RecordingEvents:
    """Return the events that tables, and folders of tables, name in some recordings.

    A table is read by the importer that understands it, or by its columns for recording, start and end.

    Args:
        paths: the tables.
        recordings: the names of the recordings without their endings.
        importers: those that may read the tables.
        progress: shows which files were skipped.

    Raises:
        CoveyError: there is no table, or none of its rows can be used.
    """
    suffixes = (*_TABLE_SUFFIXES, *(suffix for importer in importers for suffix in importer.suffixes))
    files = read_tables(paths, lambda path: _read_table(path, importers), suffixes)
    if files.skipped:
        progress.note(f"Skipped: {preview(files.skipped)}.")
    events = _match_events(files.tables, RecordingIndex.of_recordings(recordings))
    if not events.by_recording:
        raise CoveyError(f"There is no event to cut around. {events.balance.describe()}")
    return events


def _read_table(path: Path, importers: Sequence[SelectionImporter]) -> SelectionTable:
    """Read one table as the importer does that understands most of its rows, and what recordings they name.

    Raises:
        CoveyError: there is no such table, or nothing understands it.
    """
    if not path.is_file():
        raise CoveyError(f"There is no table {path}: name a file with annotated events, or a folder of such files.")
    suffix, tables = path.suffix.lower(), list[SelectionTable]()
    for importer in importers:
        if suffix in importer.suffixes:
            with suppress(CoveyError):
                tables.append(importer.read_table(path))
    if suffix in _TABLE_SUFFIXES:
        try:
            tables.append(read_event_table(path))
        except CoveyError as error:
            if not tables and not isinstance(error, ForeignTableError):
                raise
    if tables:
        return min(tables, key=_rank_reading)
    raise CoveyError(
        f"{path} is no table of events: it needs columns for recording, start and end in seconds, such as recording,"
        " start_s and end_s, or to be one of Raven, BirdNET, Audacity or Praat."
    )


def _rank_reading(table: SelectionTable) -> tuple[int, bool, int, int]:
    """Return the faults of a reading: rows without times, no rows, rows whose recording only the file name gives.

    Of readings alike in these the one that refuses more rows counts: a reader that knows less refuses fewer.
    """
    name = own_name(table.path)
    misread = sum(row.problem == NO_TIMES for row in table.selections)
    refused = sum(bool(row.problem) for row in table.selections)
    return misread, not table.selections, sum(row.sound == name for row in table.selections), -refused


def _match_events(tables: Sequence[SelectionTable], index: RecordingIndex) -> RecordingEvents:
    rows = list(rows_of(tables))
    recordings_by_sound = {
        sound: find_recordings(index, *sound)
        for sound in dict.fromkeys((row.sound, table.folders) for table, row in rows)
    }
    conflicting_sounds = find_conflicting_sounds(recordings_by_sound)
    balance = Balance("event", f"in {count_noun(len(tables), 'table')}")
    by_recording: dict[str, list[Event]] = defaultdict(list)
    for table, row in rows:
        recordings = recordings_by_sound[row.sound, table.folders]
        if row.problem:
            balance.leave_out(row.problem, row.row)
        elif row.sound in conflicting_sounds:
            balance.leave_out(CONFLICT, row.sound)
        elif len(recordings) != 1:
            balance.leave_out(AMBIGUOUS if recordings else UNKNOWN_RECORDING, row.sound)
        else:
            balance.used += 1
            by_recording[recordings[0]].append(Event(row.begin, row.end))
    return RecordingEvents(by_recording, balance)
