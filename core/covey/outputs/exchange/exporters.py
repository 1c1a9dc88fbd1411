"""The forms of export that come with covey."""

from __future__ import annotations

from pathlib import Path

from covey._base.progress import SILENT, Progress
from covey.components.exchange_contracts import WHAT, Exporter
from covey.components.options import component, option
from covey.outputs.exchange.collect_tables import ExportContents
from covey.outputs.exchange.exports import Export, write_audacity, write_image_folder, write_raven, write_sheets
from covey.outputs.exchange.original_tools.original_files import (
    copy_original_images,
    write_original_labels,
    write_original_metadata,
    write_original_tables,
)
from covey.outputs.exchange.row_blocks import write_csv, write_parquet

SEGMENT_HELP = "Seconds of a segment; none: as the file beside the images says. Larger values make longer intervals."


@component
class CsvExporter(Exporter):
    """A CSV file for each table: features, embeddings, clusters, extra tables, labels, metadata."""

    name = "csv"
    holds = WHAT

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write a file for each table."""
        return write_sheets(Export(contents=contents, out=folder, progress=progress), ".csv", write_csv)


@component
class ParquetExporter(Exporter):
    """A Parquet file for each table: features, embeddings, clusters, extra tables, labels, metadata."""

    name = "parquet"
    holds = WHAT

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write a file for each table."""
        return write_sheets(Export(contents=contents, out=folder, progress=progress), ".parquet", write_parquet)


@component
class ImageFolderExporter(Exporter):
    """The images and metadata.csv, as Hugging Face datasets loads them."""

    name = "imagefolder"
    holds = ("clusters", "labels", "metadata")

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Copy the images, and describe them in metadata.csv."""
        return write_image_folder(Export(contents=contents, out=folder, progress=progress))


@component
class RavenExporter(Exporter):
    """A Raven selection table for each recording, for the labels and for each clustering."""

    name = "raven"
    holds = ("clusters", "labels")
    segment: float | None = option(default=None, gt=0, help=SEGMENT_HELP)

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write a table for each recording."""
        return write_raven(Export(contents=contents, out=folder, progress=progress, segment=self.segment))


@component
class AudacityExporter(Exporter):
    """An Audacity label track for each recording, for the labels and for each clustering."""

    name = "audacity"
    holds = ("clusters", "labels")
    segment: float | None = option(default=None, gt=0, help=SEGMENT_HELP)

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write a track for each recording."""
        return write_audacity(Export(contents=contents, out=folder, progress=progress, segment=self.segment))


@component
class OriginalExporter(Exporter):
    """What the original tools open: embeddings in 2, 4 and 8 dimensions, images, metadata and labels.

    Sizes that are missing are computed from the features, and kept in the dataset.
    """

    name = "original"
    holds = ("embeddings", "labels", "metadata")
    requires = {"pandas": "covey[kaggle]"}

    def write(self, contents: ExportContents, folder: Path, progress: Progress = SILENT) -> int:
        """Write tables, metadata and labels, and copy the images if tables are asked for."""
        dataset, paths, image_files = contents.dataset, list[Path](), 0
        if "embeddings" in contents.wanted:
            paths += write_original_tables(dataset, folder, progress)
            if dataset.images:
                image_files = copy_original_images(dataset.images, folder, progress)
        if "metadata" in contents.wanted:
            paths.append(write_original_metadata(dataset, folder))
        if "labels" in contents.wanted:
            paths += write_original_labels(dataset, contents.names, folder)
        return len(set(paths)) + image_files
