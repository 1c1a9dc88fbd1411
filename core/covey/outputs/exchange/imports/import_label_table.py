"""A table of labels as labels of a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import attrs

from covey._base.balance import Balance
from covey._base.errors import CoveyError
from covey._base.text import count_noun, preview
from covey.data.dataset import Dataset
from covey.data.label_file import find_candidates, is_certain
from covey.labelling import LabelStore
from covey.labelling.classes import isolate_text
from covey.labelling.label_tables import LabelTable, describe_new, read_label_table
from covey.outputs.exchange.collect_tables import ExportContents


@attrs.frozen
class LabelImport:
    """What became of a table of labels: rows used, labels, new ones, and classes that no image has."""

    balance: Balance
    label_count: int
    new_count: int
    empty_classes: Sequence[str] = ()

    def describe(self, verbose: bool = False) -> str:
        """Return it in words; with `verbose` the names of all rows that were left out, or else the first few."""
        empty = f" No image has: {preview(self.empty_classes)}." if self.empty_classes else ""
        return f"{self.balance.describe(verbose)} {describe_new('label', self.label_count, self.new_count)}{empty}"


def import_labels(dataset: Dataset, store: LabelStore, path: Path, name: str) -> LabelImport:
    """Add the labels of a CSV file, with a row for each image or for each label, in one action.

    A name in the table may have other capitals, backslashes, and the image folder before it. Where it may mean several
    images, nothing is labelled, and they are named. In a dataset of labels alone the names are taken as they are.

    Args:
        dataset: the dataset, whose images the table names.
        store: its labels.
        path: the file.
        name: what it is called: for messages and the history.

    Raises:
        CoveyError: it is no such table, none of its rows names an image, or the labels cannot be written.
    """
    table, names = read_label_table(path, name), ExportContents(dataset, ()).names
    image_by_name = _match_rows(table, names) if names else {row_name: row_name for row_name in table.row_names}
    table.balance.used = sum(row_name in image_by_name for row_name in table.row_names)
    _check_any_used(table, names, name)
    rows = [attrs.evolve(row, filename=image_by_name[row.filename])
            for row in table.labels if row.filename in image_by_name]  # fmt: skip
    labels = {(row.filename, row.label) for row in rows}
    present = {(image, label) for image, classes in store.by_image().items() for label in classes}
    if labels - present:
        store.give(rows, partial(_describe_import, name))
    return LabelImport(table.balance, len(labels), len(labels - present), table.empty_classes)


def _match_rows(table: LabelTable, names: Sequence[str]) -> dict[str, str]:
    """Return the image of each name in a table, where that is certain; the other rows go into its balance."""
    candidates_by_name = find_candidates(set(table.row_names), names)
    image_by_name = {
        name: candidates[0] for name, candidates in candidates_by_name.items() if is_certain(name, candidates)
    }
    for name in table.row_names:
        candidates = candidates_by_name[name]
        if len(candidates) > 1:
            table.balance.leave_out("that may mean several images", f"{name}: {' or '.join(candidates)}")
        elif name not in image_by_name:
            hint = f": it is not {candidates[0]} for certain" if candidates else ""
            table.balance.leave_out("that name no image", f"{name}{hint}")
    return image_by_name


def _check_any_used(table: LabelTable, names: Sequence[str], name: str) -> None:
    """Raise CoveyError when a table has labels, and none can be used."""
    if table.labels and not table.balance.used:
        examples = f"it names {table.row_names[0]!r}, the images {names[0]!r}"
        rule = "Names count from the image folder, with '/'."
        raise CoveyError(f"No row of {name} is an image for certain: {examples}. {rule} {table.balance.describe()}")


def _describe_import(name: str, count: int) -> str:
    return f"{count_noun(count, 'label')} brought from {isolate_text(name)}"
