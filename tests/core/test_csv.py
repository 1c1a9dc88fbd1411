"""CSV: every text that covey writes comes back to the letter."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from covey._base.csvs import guard_cell, read_csv_rows, write_csv

CONTROLS = [chr(code) for code in (*range(32), 127, *range(128, 160), 0x2028, 0x2029)]
CELLS = st.text(st.one_of(st.sampled_from([*CONTROLS, *",;\"\t'=+-@"]), st.characters(exclude_categories=["Cs"])))


@example([[control, f"a{control}=1+2"] for control in CONTROLS])
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_all_text_comes_back_to_the_letter(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, ["filename", "x"], [[guard_cell(cell) for cell in row] for row in rows])
    assert [row for _, row in read_csv_rows(path, "cells")] == [["filename", "x"], *rows]


def test_a_carriage_return_never_begins_a_row(tmp_path: Path) -> None:
    """A spreadsheet ends a row at a carriage return outside quotes; what follows would be a formula."""
    path = tmp_path / "table.csv"
    write_csv(path, ["filename"], [[guard_cell("\r=cr.png")], [guard_cell("a\r=1+2")]])
    assert path.read_bytes() == b'filename\n"\'\r=cr.png"\n"a\r=1+2"\n'
    with path.open(newline="") as file:
        assert not [cell for row in csv.reader(file) for cell in row if cell.startswith("=")]
