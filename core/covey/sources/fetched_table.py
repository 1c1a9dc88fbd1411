"""What was fetched into a dataset: rows of its metadata, which are written down one by one before the table is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from covey._base.csvs import guard_cell, write_csv
from covey._base.errors import reason
from covey._base.files import WORK, remove_leftovers
from covey.components.source_contract import StopFetching
from covey.data.metadata import FILES, read_columns
from covey.data.outside_paths import leads_outside

STUB, CONTENT, BYTES, SOURCE = "file_name_stub", "sha256", "bytes", "source"
_JOURNAL = "fetched.jsonl"
_TABLE = FILES[0]
Row = Mapping[str, str]


class FetchedTable:
    """The rows of `metadata.csv` about recordings that covey fetched, by their names without the endings.

    Each new row goes into a journal at once; `write` moves the journal into the table. Rows and columns of others stay.
    """

    def __init__(self, folder: Path) -> None:
        """Read the table of a dataset.

        Raises:
            CoveyError: there is a table that cannot be read.
        """
        self._path = folder / _TABLE
        self._journal = folder / WORK / _JOURNAL
        self._foreign_rows: list[Row] = []
        self.rows: dict[str, Row] = {}
        for row in _read_table(folder):
            if row.get(STUB) and row.get(SOURCE) and row.get(CONTENT):
                self.rows[row[STUB]] = row
            else:
                self._foreign_rows.append(row)
        for row in self._read_journal():
            self.rows[row[STUB]] = row

    def add(self, row: Row) -> None:
        """Write down one more row; what people or other tools said of the recording is kept where it says nothing.

        Raises:
            StopFetching: it cannot be written.
        """
        row = {**next((other for other in self._foreign_rows if other.get(STUB) == row[STUB]), {}), **row}
        try:
            with self._journal.open("ab") as file:
                file.write(json.dumps(dict(row)).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StopFetching(
                f"{self._journal} could not be written: {reason(error)}. What was fetched is kept: make room, and start"
                " again."
            ) from error
        self.rows[row[STUB]] = row

    def write(self) -> None:
        """Write the table, if there are new rows.

        Raises:
            CoveyError: it cannot be written; the new rows are kept.
        """
        if not self._journal.exists():
            return
        others = (row for row in self._foreign_rows if row.get(STUB) not in self.rows)
        rows = [*others, *self.rows.values()]
        heads = list(dict.fromkeys(head for row in rows for head in row))
        write_csv(self._path, heads, ([guard_cell(row.get(head, "")) for head in heads] for row in rows))
        self._journal.unlink()
        remove_leftovers(self._path)

    def _read_journal(self) -> Iterator[Row]:
        try:
            lines = self._journal.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:  # the last line is torn, or empty
                continue
            if isinstance(row, dict) and isinstance(row.get(STUB), str):
                yield {str(head): str(cell) for head, cell in row.items()}


def _read_table(folder: Path) -> Iterator[Row]:
    """Yield the rows of the metadata that are there, in whatever form."""
    paths = [folder / name for name in FILES]
    path = next((path for path in paths if path.is_file() and not leads_outside(path, folder)), None)
    columns = {head: column for head, column in read_columns(path).items() if head} if path else {}
    for cells in zip(*columns.values(), strict=True):
        yield {head: "" if cell is None else str(cell) for head, cell in zip(columns, cells, strict=True)}
