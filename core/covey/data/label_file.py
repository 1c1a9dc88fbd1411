"""Label files: a class for each image, as a table that people keep in a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from covey._base import csvs
from covey._base.errors import CoveyError, did_you_mean

NAME, LABEL = "filename", "label"


def read_labels(path: Path, column: str | None = None) -> dict[str, str]:
    """Read one value for each image from a CSV file with a column `filename`.

    The separator may be a comma, a semicolon or a tab; the encoding UTF-8, UTF-16 with its mark, or Windows-1252.

    Args:
        path: the file.
        column: the column with the values; by default what `label_column` finds.

    Returns:
        The value of each image that has one.

    Raises:
        CoveyError: the file cannot be read, lacks a column, or gives an image two values.
    """
    label_head = column or label_column(path)
    rows = csvs.read_csv_rows(path, "labels")
    _, heads = next(rows, (0, []))
    others = _others(path, heads)
    if label_head not in heads:
        near = did_you_mean(label_head, others)
        raise CoveyError(f"The labels {path} have no column {label_head!r}.{near} There is: {', '.join(others)}.")
    places = [heads.index(NAME), heads.index(label_head)]
    return _values(path, [(line, _cells(row, places)) for line, row in rows])


def label_column(path: Path, group: str | None = None) -> str:
    """Return the column with the labels: `label`, or else the only one beside `filename` and the column `group`.

    Raises:
        CoveyError: the file cannot be read, or has no such column or several.
    """
    _, heads = next(csvs.read_csv_rows(path, "labels"), (0, []))
    others = _others(path, heads)
    candidates = [LABEL] if LABEL in others else [head for head in others if head != group]
    if len(candidates) != 1:
        problem = f"have no column {LABEL!r}: say with --column which holds the labels. There is: {', '.join(others)}."
        raise CoveyError(f"The labels {path} {problem}")
    return candidates[0]


def _others(path: Path, heads: Sequence[str]) -> list[str]:
    """Return the columns beside `filename`. Raises CoveyError when it or any other is missing."""
    others = [head for head in heads if head not in ("", NAME)]
    if NAME not in heads or not others:
        present = ", ".join(head for head in heads if head) or "nothing"
        raise CoveyError(f"The labels {path} need a column {NAME!r} and one with labels; there is: {present}.")
    return others


def _cells(row: Sequence[str], places: Sequence[int]) -> tuple[str, str]:
    name, label = (row[place].strip() if place < len(row) else "" for place in places)
    return name, label


def _values(path: Path, rows: Sequence[tuple[int, Sequence[str]]]) -> dict[str, str]:
    labels_by_image: dict[str, tuple[int, str]] = {}
    for line, (name, label) in rows:
        if not (name and label):
            continue
        before, earlier = labels_by_image.setdefault(name, (line, label))
        if earlier != label:
            conflict = f"{earlier!r} (line {before}) and {label!r} (line {line})"
            raise CoveyError(f"The labels {path} give {name!r} two values, {conflict}: keep one.")
    return {name: label for name, (_, label) in labels_by_image.items()}


def match_label_names(path: Path, labels: Mapping[str, str], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the labelled names that are no image, and the images that have no label, each sorted.

    Raises:
        CoveyError: no image has a label.
    """
    images = set(names)
    if images.isdisjoint(labels):
        examples = f"the labels {path} name {next(iter(labels), 'none')!r}, the images {next(iter(names), 'none')!r}"
        raise CoveyError(f"No image has a label: {examples}. Names count from the image folder on, with '/'.")
    return sorted(set(labels) - images), sorted(images - set(labels))
