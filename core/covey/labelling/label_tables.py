"""Labels as tables to take home, and such tables read back."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs

from covey._base import csvs
from covey._base.balance import Balance
from covey._base.csvs import guarded
from covey._base.errors import CoveyError, reason
from covey._base.text import count_noun
from covey.labelling.changes import Labelled
from covey.labelling.classes import class_name
from covey.labelling.history import now
from covey.labelling.store import LabelStore

LONG = ("filename", "label", "when", "how")
_FLAGS = {"0.0": False, "1.0": True, "0": False, "1": True, "": False}


def original_table(store: LabelStore, names: Iterable[str]) -> bytes:
    """Return the labels as the original tools have them: a row for each image, a column of 0.0 and 1.0 for each class.

    Rows are sorted by name and numbered; images that are labelled and not among `names` have rows too. The bytes are
    those that pandas writes, but for names that a spreadsheet would run: an apostrophe goes before them.
    """
    labelled = store.by_image()
    classes = [label_class.name for label_class in store.classes()]
    rows = (
        [number, guarded(name), *("1.0" if label in labelled.get(name, ()) else "0.0" for label in classes)]
        for number, name in enumerate(sorted({*names, *labelled}))
    )
    return _written([["", "filename", *map(guarded, classes)], *rows])


def long_table(store: LabelStore) -> bytes:
    """Return the labels as a table with the columns filename, label, when and how: a row for each image in each class.

    An apostrophe goes before what a spreadsheet would run.
    """
    rows = ([row.filename, row.label, row.when, row.how] for row in store.rows())
    return _written([LONG, *([guarded(cell) for cell in row] for row in rows)])


@attrs.frozen
class LabelTable:
    """What a table of labels says: the labels, and the name of the image in each row that has a class.

    Rows without a name or a class are in `balance`, which counts no others yet. `empty_classes` are the columns in
    which no row has a 1.
    """

    labels: Sequence[Labelled]
    row_names: Sequence[str]
    balance: Balance
    empty_classes: Sequence[str] = ()


def read_label_table(path: Path, name: str) -> LabelTable:
    """Read a table of labels of either form.

    Args:
        path: the file.
        name: what it is called: for messages, and for how the labels came.

    Raises:
        CoveyError: it is no such table; the message names the line.
    """
    (_, heads), *lines = [*csvs.read_csv_rows(path, "labels")] or [(0, [])]
    heads = _plain_heads(heads)
    if "filename" not in heads:
        raise CoveyError(f"{name} needs a column 'filename', and 'label' or a column of 0 and 1 for each class.")
    rows = [(line, [*row, *[""] * len(heads)][: len(heads)]) for line, row in lines]
    columns = [at for at, head in enumerate(heads) if head and at != heads.index("filename")]
    odd = next(((line, heads[at], row[at]) for line, row in rows for at in columns if row[at] not in _FLAGS), None)
    if "label" in heads and (odd or heads[0]):
        return _read_long(heads, rows, name)
    if odd:
        line, head, cell = odd
        problem = f"{cell[:40]!r} in the column {head[:40]!r} is neither 0 nor 1: names go under 'label'"
        raise CoveyError(f"{name} cannot be read, line {line}: {problem}.")
    return _read_original(heads, columns, rows, name)


def describe_new(noun: str, total: int, new: int) -> str:
    """Say how many things a table had, and how many of them are new: "5 labels: 3 new, 2 were there."."""
    if not new:
        return f"{count_noun(total, noun)}: 0 new, all were there." if total else f"0 {noun}s."
    existing_count = total - new
    return f"{count_noun(total, noun)}: {new:,} new" + (f", {existing_count:,} were there." if existing_count else ".")


def _plain_heads(heads: Sequence[str]) -> list[str]:
    """Return the heads with `filename`, and `label` in a long table, in small letters."""
    plain = list(heads)
    for name in ("filename", "label") if heads and heads[0] else ("filename",):
        similar = [at for at, head in enumerate(heads) if head.lower() == name]
        if name not in heads and similar:
            plain[similar[0]] = name
    return plain


def _read_long(heads: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], name: str) -> LabelTable:
    """Return the labels in the long table. Raises CoveyError."""
    labels, balance = [], Balance("row")
    for line, row in rows:
        cells = dict(zip(heads, row, strict=True))
        file, label, when, how = (cells.get(head, "") for head in LONG)
        if not _note_empty(balance, line, file, bool(label.strip())):
            continue
        try:
            labels.append(Labelled(file, class_name(label), _time(when) if when else now(), how or _origin(name)))
        except (CoveyError, ValueError, OverflowError) as error:
            raise CoveyError(f"{name} cannot be read, line {line}: {reason(error)}.") from error
    return LabelTable(labels, [row.filename for row in labels], balance)


def _read_original(
    heads: Sequence[str], columns: Sequence[int], rows: Sequence[tuple[int, Sequence[str]]], name: str
) -> LabelTable:
    """Return the labels in the original's table, class by class, so that the classes keep their order."""
    file_column, when, how, balance = heads.index("filename"), now(), _origin(name), Balance("row")
    labelled_rows = [
        row
        for line, row in rows
        if _note_empty(balance, line, row[file_column], any(_FLAGS[row[at]] for at in columns))
    ]
    pairs = ((row[file_column], heads[at]) for at in columns for row in labelled_rows if _FLAGS[row[at]])
    labels = [Labelled(image, label, when, how) for image, label in pairs]
    empty_classes = [heads[at] for at in columns if heads[at] not in {row.label for row in labels}]
    return LabelTable(labels, [row[file_column] for row in labelled_rows], balance, empty_classes)


def _note_empty(balance: Balance, line: int, file: str, has_class: bool) -> bool:
    """Return whether a row has a name and a class; put it into the balance if it has not."""
    if not file:
        balance.leave_out("without a file name", f"line {line}")
    elif not has_class:
        balance.leave_out("without a class", file)
    return bool(file and has_class)


def _origin(name: str) -> str:
    return f"import of {name}"


def _time(text: str) -> str:
    """Return a time as labels have it: UTC, to the second. Raises ValueError, OverflowError."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csvs.write_csv_rows(text, rows)
    return text.getvalue().encode()
