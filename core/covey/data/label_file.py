"""Label files: a class for each image, as a table that people keep in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from covey._base import csvs
from covey._base.errors import CoveyError, did_you_mean
from covey._base.text import FEW, preview
from covey.data.path_index import PathIndex, split_path

NAME, LABEL = "filename", "label"
_IMAGE_FOLDERS = ("images", "xc_spectrograms")


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
    heads = plain_heads(next(rows, (0, []))[1])
    others = _others(path, heads)
    if label_head not in heads:
        hint = did_you_mean(label_head, others)
        raise CoveyError(f"The labels {path} have no column {label_head!r}.{hint} There is: {', '.join(others)}.")
    places = [heads.index(NAME), heads.index(label_head)]
    return _values(path, [(line, _cells(row, places)) for line, row in rows])


def label_column(path: Path, group: str | None = None) -> str:
    """Return the column with the labels: `label`, or else the only one beside `filename` and the column `group`.

    Raises:
        CoveyError: the file cannot be read, or has no such column or several.
    """
    heads = plain_heads(next(csvs.read_csv_rows(path, "labels"), (0, []))[1])
    others = _others(path, heads)
    candidates = [LABEL] if LABEL in others else [head for head in others if head != group]
    if len(candidates) != 1:
        problem = f"have no column {LABEL!r}: name the one that holds the labels. There is: {', '.join(others)}."
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
        earlier_line, earlier_label = labels_by_image.setdefault(name, (line, label))
        if earlier_label != label:
            conflict = f"{earlier_label!r} (line {earlier_line}) and {label!r} (line {line})"
            raise CoveyError(f"The labels {path} give {name!r} two values, {conflict}: keep one.")
    return {name: label for name, (_, label) in labels_by_image.items()}


@attrs.frozen
class LabelMatch:
    """The labels of a file by image, the names in it that are no image, and the images without a label, sorted."""

    labels: Mapping[str, str]
    unknown: Sequence[str]
    unlabelled: Sequence[str]

    def describe_unknown(self) -> str:
        """Return the names that are no image, each with the images most like it."""
        hints = [f"{name}{did_you_mean(name, self.unlabelled)}" for name in self.unknown[:FEW]]
        return preview(hints, len(self.unknown))


def match_labels(path: Path, labels: Mapping[str, str], names: Sequence[str]) -> LabelMatch:
    """Find the image of each label: by its name, which may have other capitals, backslashes and folders before it.

    Args:
        path: the file, for messages.
        labels: the labels by the names in the file.
        names: all images.

    Raises:
        CoveyError: no image has a label, or one has two.
    """
    images_by_name = find_images(labels, names)
    labels_by_image: dict[str, str] = {}
    for name, image in images_by_name.items():
        if labels_by_image.setdefault(image, labels[name]) != labels[name]:
            conflict = f"{labels_by_image[image]!r} and {labels[name]!r}"
            raise CoveyError(f"The labels {path} give {image!r} two values, {conflict}: keep one.")
    unknown, unlabelled = sorted(set(labels) - set(images_by_name)), sorted(set(names) - set(labels_by_image))
    if not labels_by_image:
        first = next(iter(labels), "none")
        examples = f"the labels {path} name {first!r}, the images {next(iter(names), 'none')!r}"
        hint = did_you_mean(first, names)
        raise CoveyError(f"No image has a label: {examples}.{hint} Names count from the image folder on, with '/'.")
    return LabelMatch(labels_by_image, unknown, unlabelled)


def find_images(labelled_names: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """Return the image that each name in a table means, where that is certain.

    A name in a table may have other capitals, backslashes, and the image folder before it: `images\\A.PNG` is `a.png`.
    """
    candidates_by_name = find_candidates(labelled_names, names).items()
    return {name: candidates[0] for name, candidates in candidates_by_name if is_certain(name, candidates)}


def find_candidates(labelled_names: Iterable[str], names: Sequence[str]) -> dict[str, list[str]]:
    """Return the images that each name in a table may mean, among `names`: none, one, or those between which to choose.

    Also an image that `is_certain` refuses, because it lies in a folder that the table does not name, is a candidate.
    """
    images, index = set(names), PathIndex.of(names)
    return {name: [name] if name in images else index.find(name) for name in labelled_names}


def is_certain(name: str, candidates: Sequence[str]) -> bool:
    """Say whether a name in a table means its only candidate: it must count from the image folder, as names do."""
    return len(candidates) == 1 and _counts_from_image_folder(split_path(name), candidates[0].count("/") + 1)


def _counts_from_image_folder(parts: Sequence[str], count: int) -> bool:
    """Say whether a path has exactly the parts of the image's name, or these after the image folder."""
    folders = parts[: len(parts) - count]
    return len(parts) == count or (bool(folders) and ".." not in folders and folders[-1].lower() in _IMAGE_FOLDERS)


def plain_heads(heads: Sequence[str]) -> list[str]:
    """Return the heads with `filename` and `label` in small letters, where no column has these names already."""
    plain = list(heads)
    for name, variants in ((NAME, (NAME, "file_name")), (LABEL, (LABEL,))):
        similar = [
            column_index for column_index, head in enumerate(heads) if "_".join(head.lower().split()) in variants
        ]
        if name not in heads and similar:
            plain[similar[0]] = name
    return plain
