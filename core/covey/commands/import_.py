"""covey import: bring features and labels of other programs into a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey._base.text import count_noun, preview
from covey.commands.terminal.progress_bars import TerminalProgress, print_text
from covey.data.dataset import Dataset
from covey.labelling import Labelled, open_labels
from covey.labelling.history import now
from covey.outputs.exchange.collect_tables import ExportContents
from covey.outputs.exchange.import_features import import_features
from covey.outputs.exchange.intervals import read_timing
from covey.outputs.exchange.raven_audacity import LABEL, is_cluster
from covey.outputs.exchange.raven_selections import (
    RavenSelection,
    find_selection_tables,
    images_of,
    read_selections,
    recordings_by_sound,
    recordings_of,
)
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.group("import")
def import_() -> None:
    """Import features or labels that other programs made."""


@import_.command()
@click.argument("folder")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--names", type=click.Path(path_type=Path), help="Names of the rows of a .npy file: one a line, or CSV.")
def features(folder: str, file: Path, names: Path | None) -> None:
    """Import features from FILE into the dataset FOLDER.

    FILE is .npy, an array (images, features); or .csv or .parquet, with a column `filename` and one for each feature.

    \b
    covey import features birds/ birdnet.npy --names names.txt
    covey import features birds/ perch.parquet
    """
    progress = TerminalProgress()
    print_text(import_features(open_dataset(Registry.installed(), folder, progress), file, names, progress))


@import_.command()
@click.argument("folder")
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--column", help="The column with the classes. [default: Label, Class, Annotation or Species]")
@click.option(
    "--segment",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Length of a segment. [default: as the file beside the images says]",
)
def raven(folder: str, tables: tuple[Path, ...], column: str | None, segment: float | None) -> None:
    """Import Raven selection tables, or folders of them, as labels of the dataset FOLDER.

    An image gets the class of a selection if at least half of its segment lies in the selection, or, if the selection
    is shorter, at least half of the selection in its segment. Clusters that covey exported are left out.

    \b
    covey import raven birds/ selections/
    """
    dataset = open_dataset(Registry.installed(), folder, TerminalProgress())
    length = read_timing(dataset.images.root if dataset.images else None, segment).segment
    paths, names = find_selection_tables(tables), ExportContents(dataset, ()).names
    rows = [row for path in paths for row in read_selections(path, column)]
    if column is None:
        rows = _leave_out_clusters(rows)
    _report_unused(rows, names)
    classes = images_of(rows, names, length)
    counts = f"{count_noun(len(rows), 'selection')} in {count_noun(len(paths), 'table')}"
    print_text(f"{counts}: {_add_labels(dataset, classes, paths)}.")


def _leave_out_clusters(rows: Sequence[RavenSelection]) -> list[RavenSelection]:
    """Return the rows without clusters that covey exported, and print which these are.

    Raises:
        CoveyError: all rows are such clusters.
    """
    class_rows = [row for row in rows if not is_cluster(row.label)]
    clusters = list(dict.fromkeys(row.label for row in rows if is_cluster(row.label)))
    if clusters and not class_rows:
        remedy = f"write classes in their place, or take them as classes with --column {LABEL}"
        raise CoveyError(
            f"The tables hold clusters as covey exported them ({preview(clusters)}), no classes: {remedy}."
        )
    if clusters:
        remark = f"Clusters as covey exported them are no classes, and left out: {preview(clusters)}."
        print_text(f"{remark} --column {LABEL} takes them.", err=True)
    return class_rows


def _report_unused(rows: Sequence[RavenSelection], names: Sequence[str]) -> None:
    """Print which selections belong to no image. Raises CoveyError if none belongs to an image."""
    recordings = recordings_by_sound(names)
    sounds = dict.fromkeys(row.sound for row in rows)
    foreign = [sound for sound in sounds if not recordings_of(sound, recordings)]
    if len(foreign) == len(sounds):
        named_in_tables, present = preview(foreign) or "none", preview(list(recordings)) or "none"
        raise CoveyError(
            f"No selection is in a recording of this dataset: the tables name {named_in_tables}, the images {present}."
        )
    if foreign:
        print_text(f"Recordings of which there are no images: {preview(foreign)}.", err=True)
    if unlabelled := sum(not row.label for row in rows):
        print_text(f"Selections without a class: {unlabelled:,}.", err=True)


def _add_labels(dataset: Dataset, classes: dict[str, list[str]], paths: Sequence[Path]) -> str:
    """Add the labels in one action, and return a description of it."""
    how, when = f"import of {preview([path.name for path in paths])}", now()
    rows = [Labelled(name, label, when, how) for label, images in classes.items() for name in images]
    action = open_labels(dataset).give(rows, lambda count: f"{count_noun(count, 'label')} brought from Raven")
    return action.told if action else "no label is new"
