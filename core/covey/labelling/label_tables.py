"""Labels as tables to take home, and tables brought back."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from covey._base import csvs
from covey._base.csvs import guarded
from covey._base.errors import CoveyError, reason
from covey._base.text import count_noun
from covey.labelling.changes import Labelled
from covey.labelling.classes import class_name, isolate_text
from covey.labelling.history import Action, now
from covey.labelling.store import LabelStore

LONG = ("filename", "label", "when", "how")
_FLAGS = {"0.0": False, "1.0": True, "0": False, "1": True, "": False}


def original_table(store: LabelStore, names: Iterable[str]) -> bytes:
    """Return the labels as the original tools have them: a row for each image, a column of 0.0 and 1.0 for each class.

    Rows are sorted by name and numbered; images that are labelled and not among `names` have rows too. The bytes are
    those that pandas writes, but for names that a spreadsheet would run: an apostrophe goes before them.
    """
    labelled = store.by_image()
    classes = [found.name for found in store.classes()]
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


def import_labels(store: LabelStore, path: Path, name: str) -> Action | None:
    """Add the labels of a CSV file of either form, in one action; None when all of them are there already.

    Args:
        store: the labels to add to.
        path: the file.
        name: what it is called: for messages and the history.

    Raises:
        CoveyError: it is no such table.
    """
    return store.give(
        _read(path, name), lambda count: f"{count_noun(count, 'label')} brought from {isolate_text(name)}"
    )


def _read(path: Path, name: str) -> list[Labelled]:
    """Return the labels in a table of either form. Raises CoveyError, naming the line, when it is neither."""
    (_, heads), *lines = [*csvs.read_csv_rows(path, "labels")] or [(0, [])]
    heads = _plain_heads(heads)
    if "filename" not in heads:
        raise CoveyError(f"{name} needs a column 'filename', and 'label' or a column of 0 and 1 for each class.")
    rows = [(line, [*row, *[""] * len(heads)][: len(heads)]) for line, row in lines]
    columns = [at for at, head in enumerate(heads) if head and at != heads.index("filename")]
    odd = next(((line, heads[at], row[at]) for line, row in rows for at in columns if row[at] not in _FLAGS), None)
    if "label" in heads and (odd or heads[0]):
        return [labelled for line, row in rows if (labelled := _long(dict(zip(heads, row, strict=True)), name, line))]
    if odd:
        line, head, cell = odd
        problem = f"{cell[:40]!r} in the column {head[:40]!r} is neither 0 nor 1: names go under 'label'"
        raise CoveyError(f"{name} cannot be read, line {line}: {problem}.")
    return _original(heads, columns, [row for _, row in rows], name)


def _plain_heads(heads: Sequence[str]) -> list[str]:
    """Return the heads with `filename`, and `label` in a long table, in small letters."""
    plain = list(heads)
    for name in ("filename", "label") if heads and heads[0] else ("filename",):
        similar = [at for at, head in enumerate(heads) if head.lower() == name]
        if name not in heads and similar:
            plain[similar[0]] = name
    return plain


def _long(cells: Mapping[str, str], name: str, line: int) -> Labelled | None:
    """Return the label in a row of the long table, None where there is none. Raises CoveyError."""
    file, label, when, how = (cells.get(head, "") for head in LONG)
    if not (file and label.strip()):
        return None
    try:
        return Labelled(file, class_name(label), _time(when) if when else now(), how or _origin(name))
    except (CoveyError, ValueError, OverflowError) as error:
        raise CoveyError(f"{name} cannot be read, line {line}: {reason(error)}.") from error


def _original(heads: Sequence[str], columns: Sequence[int], rows: Sequence[Sequence[str]], name: str) -> list[Labelled]:
    """Return the labels in the original's table, class by class, so that the classes keep their order."""
    file, when, how = heads.index("filename"), now(), _origin(name)
    pairs = ((row[file], heads[at]) for at in columns for row in rows if _FLAGS[row[at]])
    return [Labelled(image, label, when, how) for image, label in pairs if image]


def _origin(name: str) -> str:
    return f"import of {name}"


def _time(text: str) -> str:
    """Return a time as labels have it: UTC, to the second. Raises ValueError, OverflowError."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csvs.write_csv_rows(text, rows)
    return text.getvalue().encode()
