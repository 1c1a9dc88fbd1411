"""The names that people give to clusterings: a table beside these, so that a name changes neither key nor file."""

from __future__ import annotations

from pathlib import Path

from covey._base import csvs
from covey._base.errors import CoveyError
from covey._base.run_lock import hold_run_lock
from covey.data.dataset import Dataset

FILE = "grouping_names.csv"
HEADS = ("key", "name")
LONGEST = 80
"""Characters of a name, at most."""
_PATIENCE_S = 5.0


def read_grouping_names(folder: Path) -> dict[str, str]:
    """Return the names of clusterings by the keys of their provenance, each name once; none if there is no table.

    Raises:
        CoveyError: the table cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    rows = [row for _, row in csvs.read_csv_rows(path, "names of groupings") if len(row) == len(HEADS)]
    key_by_name = {name[:LONGEST]: key for key, name in reversed(rows) if name}
    return {key: name for name, key in key_by_name.items()}


def name_grouping(dataset: Dataset, key: str, name: str) -> None:
    """Give the clustering with this key a name; "" takes its name away.

    Raises:
        CoveyError: another clustering has this name, it is too long, or the dataset cannot be written.
    """
    name = " ".join(name.split())
    if len(name) > LONGEST:
        raise CoveyError(f"The name of a grouping has at most {LONGEST} characters: choose a shorter one.")
    with hold_run_lock(dataset.home / f".{FILE}.lock", _PATIENCE_S):
        names_by_key = read_grouping_names(dataset.home)
        other_names = {other_key: other_name for other_key, other_name in names_by_key.items() if other_key != key}
        if name and name in {*other_names.values(), *(entry.stem for entry in dataset.clusterings())}:
            raise CoveyError(f"There is a grouping called {name!r} already: choose another name.")
        rows = [*other_names.items(), (key, name)]
        path = dataset.home / FILE
        csvs.write_csv(path, HEADS, [(row_key, csvs.guard_cell(text)) for row_key, text in rows if text])
    dataset.keep(path)
