"""The importers that come with covey."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey._base.progress import SILENT, Progress
from covey.components.exchange_contracts import Importer
from covey.components.options import component, option
from covey.data.dataset import Dataset
from covey.data.legacy.time_pooling import EDGES
from covey.outputs.exchange.imports.import_features import import_features
from covey.outputs.exchange.imports.import_label_table import import_labels
from covey.outputs.exchange.imports.import_selections import SelectionImporter
from covey.outputs.exchange.selection_tables.audacity_tracks import read_audacity_track
from covey.outputs.exchange.selection_tables.praat_textgrids import read_textgrid
from covey.outputs.exchange.selection_tables.selection_columns import read_birdnet_table, read_raven_table
from covey.outputs.exchange.selection_tables.selections import SelectionTable

_COLUMN_HELP = "The column with the classes; none: the first usual one with content."


@component
class FeatureImporter(Importer):
    """Features of another program, as .npz, .npy, .csv or .parquet.

    A .npz file has the arrays X (images, features) and N, the names of images, as the original tools write it. A .npy
    file is an array (images, features); the others have a column `filename` and one for each feature.
    """

    name = "features"
    brings = "features"
    suffixes = (".npz", ".npy", ".csv", ".tsv", ".parquet")
    one_file = True

    names: str | None = option(
        default=None, help="The file with the names of the rows of a .npy file: one a line, or CSV."
    )

    edges: int = option(
        default=EDGES,
        ge=0,
        help="Columns of time that are left out at both ends where features in a .npz file are not averaged over it"
        " yet, as those of the original's auto-encoders. Larger values look at the middle of the image.",
    )

    def read(self, dataset: Dataset, paths: Sequence[Path], progress: Progress = SILENT) -> str:
        """Keep the features in one file in the dataset."""
        return import_features(dataset, paths[0], Path(self.names) if self.names else None, progress, self.edges)


@component
class LabelTableImporter(Importer):
    """The labels of a CSV file: the tables that the dashboard writes, and others like them.

    The file has the columns `filename` and `label`, or `filename` and a column of 0 and 1 for each class. Names may
    have other capitals, backslashes and the image folder before them. Where a name may mean several images nothing is
    labelled, and they are named.
    """

    name = "labels"
    suffixes = (".csv",)
    one_file = True

    verbose: bool = option(default=False, help="Whether everything that is left out is named.")

    def read(self, dataset: Dataset, paths: Sequence[Path], progress: Progress = SILENT) -> str:
        """Add the labels of one file to those of the dataset."""
        return import_labels(dataset, dataset.labels, paths[0], paths[0].name).describe(self.verbose)


@component
class RavenImporter(SelectionImporter):
    """Raven selection tables, which become labels of images.

    An image gets the class of a selection when at least half of its segment lies in the selection, or at least half of
    the selection, where that is shorter, in its segment. A selection that begins and ends exactly with images labels
    those that lie wholly in it.

    File Offset (s), Begin Path and Begin File tell the recording and the time in it. Where a row may mean several
    recordings nothing is labelled, and they are named. Clusters that covey exported are no classes, and left out.
    """

    name = "raven"
    program = "Raven"
    suffixes = (".txt", ".tsv")

    column: str | None = option(default=None, help=_COLUMN_HELP)

    @property
    def chosen_column(self) -> str | None:
        """The column with the classes."""
        return self.column

    def read_table(self, path: Path) -> SelectionTable:
        """Read one selection table."""
        return read_raven_table(path, self.column)


@component
class BirdnetImporter(SelectionImporter):
    """Tables of BirdNET-Analyzer, which become labels of images.

    Selection tables, CSV, R and Kaleidoscope tables and label tracks, one a recording or one for all. Selections become
    labels as with covey import raven.
    """

    name = "birdnet"
    program = "BirdNET"
    suffixes = (".txt", ".csv")

    column: str | None = option(default=None, help=_COLUMN_HELP)

    @property
    def chosen_column(self) -> str | None:
        """The column with the classes."""
        return self.column

    def read_table(self, path: Path) -> SelectionTable:
        """Read one table."""
        return read_birdnet_table(path, self.column)


@component
class AudacityImporter(SelectionImporter):
    """Audacity label tracks, which become labels of images.

    A track belongs to the recording that has its name. Labels become labels of images as with covey import raven.
    """

    name = "audacity"
    program = "Audacity"
    suffixes = (".txt",)

    def read_table(self, path: Path) -> SelectionTable:
        """Read one track."""
        return read_audacity_track(path)


@component
class TextgridImporter(SelectionImporter):
    """Praat TextGrids, which become labels of images.

    A TextGrid belongs to the recording that has its name. Intervals and points with a text become labels of images as
    with covey import raven.
    """

    name = "textgrid"
    program = "Praat"
    suffixes = (".textgrid",)
    column_noun = "tier"

    tier: str | None = option(default=None, help="The tier with the classes; none: the first one with any text.")

    @property
    def chosen_column(self) -> str | None:
        """The tier with the classes."""
        return self.tier

    def read_table(self, path: Path) -> SelectionTable:
        """Read one TextGrid."""
        return read_textgrid(path, self.tier)
