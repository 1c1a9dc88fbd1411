"""covey import: bring features and labels of other programs into a dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from covey.commands.terminal.label_place import open_labelled_dataset
from covey.commands.terminal.progress_bars import TerminalProgress, print_text
from covey.outputs.exchange.import_features import import_features
from covey.outputs.exchange.import_label_table import import_labels
from covey.outputs.exchange.import_selections import (
    AUDACITY,
    BIRDNET,
    RAVEN,
    TEXTGRID,
    SelectionFormat,
    import_selections,
)
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

_COLUMN = click.option("--column", help="The column with the classes. [default: the first usual one with content]")
_SEGMENT = click.option(
    "--segment",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Length of a segment. [default: as the file beside the images says]",
)
_VERBOSE = click.option("--verbose", is_flag=True, help="Name everything that is left out.")


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
@click.argument("file", type=click.Path(path_type=Path))
@_VERBOSE
def labels(folder: str, file: Path, verbose: bool) -> None:
    """Add the labels of a CSV FILE to those of the dataset FOLDER.

    FILE has the columns `filename` and `label`, or `filename` and a column of 0 and 1 for each class: the tables that
    the dashboard writes. Names may have other capitals, backslashes and the image folder before them. Where a name may
    mean several images nothing is labelled, and they are named.

    \b
    covey import labels birds/ labels.csv
    """
    dataset = open_dataset(Registry.installed(), folder, TerminalProgress())
    print_text(import_labels(dataset, dataset.labels, file, file.name).describe(verbose))


def _selection_arguments(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments and flags of all imports of selections."""
    tables = click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path))
    for decorate in (_VERBOSE, _SEGMENT, tables, click.argument("folder")):
        command = decorate(command)
    return command


@import_.command()
@_selection_arguments
@_COLUMN
def raven(folder: str, tables: tuple[Path, ...], column: str | None, segment: float | None, verbose: bool) -> None:
    """Add Raven selection tables, or folders of them, to the labels of the dataset FOLDER.

    An image gets the class of a selection when at least half of its segment lies in the selection, or at least half of
    the selection, where that is shorter, in its segment. A selection that begins and ends exactly with images labels
    those that lie wholly in it.

    File Offset (s), Begin Path and Begin File tell the recording and the time in it. Where a row may mean several
    recordings nothing is labelled, and they are named. Clusters that covey exported are no classes, and left out.

    \b
    covey import raven birds/ selections/
    """
    _import(RAVEN, folder, tables, column, segment, verbose)


@import_.command()
@_selection_arguments
@_COLUMN
def birdnet(folder: str, tables: tuple[Path, ...], column: str | None, segment: float | None, verbose: bool) -> None:
    """Add tables of BirdNET-Analyzer, or folders of them, to the labels of the dataset FOLDER.

    Selection tables, CSV, R and Kaleidoscope tables and label tracks, one a recording or one for all. Selections become
    labels as with covey import raven.

    \b
    covey import birdnet birds/ results/
    """
    _import(BIRDNET, folder, tables, column, segment, verbose)


@import_.command()
@_selection_arguments
def audacity(folder: str, tables: tuple[Path, ...], segment: float | None, verbose: bool) -> None:
    """Add Audacity label tracks, or folders of them, to the labels of the dataset FOLDER.

    A track belongs to the recording that has its name. Labels become labels of images as with covey import raven.

    \b
    covey import audacity birds/ tracks/
    """
    _import(AUDACITY, folder, tables, None, segment, verbose)


@import_.command()
@_selection_arguments
@click.option("--tier", help="The tier with the classes. [default: the first one with any text]")
def textgrid(folder: str, tables: tuple[Path, ...], tier: str | None, segment: float | None, verbose: bool) -> None:
    """Add Praat TextGrids, or folders of them, to the labels of the dataset FOLDER.

    A TextGrid belongs to the recording that has its name. Intervals and points with a text become labels of images as
    with covey import raven.

    \b
    covey import textgrid birds/ grids/
    """
    _import(TEXTGRID, folder, tables, tier, segment, verbose)


def _import(
    form: SelectionFormat,
    folder: str,
    tables: tuple[Path, ...],
    column: str | None,
    segment: float | None,
    verbose: bool,
) -> None:
    progress = TerminalProgress()
    dataset = open_labelled_dataset(folder)
    print_text(import_selections(dataset, form, tables, column, segment, verbose, progress))
