"""Selections of other programs as labels of a dataset."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey._base.text import count_noun, preview
from covey.components.exchange_contracts import Importer
from covey.components.options import component, option
from covey.data.dataset import Dataset
from covey.labelling import NOTHING_THERE, Labelled, open_labels
from covey.labelling.history import now
from covey.labelling.label_tables import describe_new
from covey.outputs.exchange.collect_tables import ExportContents
from covey.outputs.exchange.imports.match_selections import (
    CLUSTERS,
    MatchedSelections,
    match_empty_tables,
    match_selections,
    unknown_sounds,
)
from covey.outputs.exchange.selection_tables.image_segments import read_segments
from covey.outputs.exchange.selection_tables.selections import SelectionTable, read_tables


@component
class SelectionImporter(Importer):
    """Adds the selections in tables to the labels of a dataset, each to the images that it covers."""

    program: ClassVar[str]
    """The program that writes the tables, for messages."""
    column_noun: ClassVar[str] = "column"
    """What the format calls a column with classes."""

    segment: float | None = option(
        default=None,
        gt=0,
        help="Seconds of an image; none: as the file beside the images says. Larger values find fewer images covered.",
    )
    verbose: bool = option(default=False, help="Whether everything that is left out is named.")

    @abstractmethod
    def read_table(self, path: Path) -> SelectionTable:
        """Read one file.

        Raises:
            CoveyError: it is no such table.
        """

    @property
    def chosen_column(self) -> str | None:
        """The column with the classes if a person chose one, so that whatever stands there is a class."""
        return None

    def read(self, dataset: Dataset, paths: Sequence[Path], progress: Progress = SILENT) -> str:
        """Add the selections in tables, and folders of tables, to the labels in one action; return the balance."""
        return _import_selections(self, dataset, paths, progress)


def _import_selections(importer: SelectionImporter, dataset: Dataset, paths: Iterable[Path], progress: Progress) -> str:
    """Add the selections in tables to the labels of a dataset, in one action; return the balance.

    A table without selections says that a person found nothing in its recording.

    Raises:
        CoveyError: there is no table, none of its selections can be used, or the labels cannot be written.
    """
    column, verbose = importer.chosen_column, importer.verbose
    names = ExportContents(dataset, ()).names
    segments = read_segments(dataset, names, importer.segment)
    files = read_tables(paths, importer.read_table, importer.suffixes)
    if files.skipped:
        progress.note(f"Skipped: {', '.join(files.skipped) if verbose else preview(files.skipped)}.")
    _note_columns(files.tables, importer.column_noun, progress)
    store = open_labels(dataset)
    classes = None if column else [label.name for label in store.classes()]
    matched = match_selections(files.tables, segments, classes)
    _check_any_used(matched, names)
    if hint := _cluster_hint(matched.balance.left_out):
        progress.note(hint.strip())
    labels = {(name, label) for label, images in matched.images_by_label.items() for name in images}
    present = {(name, label) for name, labels_of in store.by_image().items() for label in labels_of}
    empty_tables = [table for table in files.tables if table.looked_at]
    empty_images, empty_balance = match_empty_tables(empty_tables, segments, [name for name, _ in labels | present])
    new_absences = set(empty_images) - {row.filename for row in store.absences()}
    if labels - present or new_absences:
        how, when = f"import of {preview([table.path.name for table in files.tables])}", now()
        rows = [
            Labelled(name, label, when, how) for label, images in matched.images_by_label.items() for name in images
        ]
        absences = [Labelled(name, NOTHING_THERE, when, how) for name in empty_images if name in new_absences]
        store.give(rows, lambda count: f"{count_noun(count, 'label')} imported from {importer.program}", absences)
    sentences = [matched.balance.describe(verbose), describe_new("label", len(labels), len(labels - present))]
    if empty_tables:
        nothing_there = describe_new("image", len(empty_images), len(new_absences))
        sentences += [empty_balance.describe(verbose), f"Looked at, nothing there: {nothing_there}"]
    return " ".join(sentences)


def _note_columns(tables: Sequence[SelectionTable], column_noun: str, progress: Progress) -> None:
    """Report where the classes were read, and which empty tables say nothing of what a person found."""
    counts = Counter(table.column for table in tables if table.column and table.selections)
    if counts:
        columns = [f"{head!r} ({count_noun(count, 'table')})" for head, count in counts.most_common()]
        progress.note(f"Classes are read from the {column_noun} {preview(columns)}.")
    if empty := [table.path.name for table in tables if not table.selections and not table.looked_at]:
        tables_without = f"{count_noun(len(empty), 'table')} without detections ({preview(empty)})"
        progress.note(f"{tables_without}: nothing is stored, as that does not say that a person found nothing.")


def _check_any_used(matched: MatchedSelections, names: Sequence[str]) -> None:
    """Raise CoveyError when there are selections, and none can be used."""
    balance = matched.balance
    if balance.used or not balance.total:
        return
    if unknown := list(unknown_sounds(matched)):
        examples = f"the tables name {preview(unknown)}, the images {next(iter(names), 'none')}"
        raise CoveyError(f"No selection is in a recording of this dataset: {examples}. {balance.describe()}")
    raise CoveyError(f"No selection can be used. {balance.describe()}{_cluster_hint(balance.left_out)}")


def _cluster_hint(left_out: Mapping[str, Sequence[str]]) -> str:
    clusters = list(dict.fromkeys(left_out.get(CLUSTERS, ())))
    ways = "write classes in their place, or take them as classes by the option column, set to Label"
    return f" Clusters as covey exported them are no classes ({preview(clusters)}): {ways}." if clusters else ""
