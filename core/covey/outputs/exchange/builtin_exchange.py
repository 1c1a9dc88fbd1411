"""The exporters and importers that come with covey, offered through the same hooks as those of plugins."""

from __future__ import annotations

from collections.abc import Iterable

from covey.components.exchange_contracts import Exporter, Importer
from covey.outputs.exchange import exporters, importers
from covey.plugins.hooks import hookimpl


@hookimpl
def covey_exporters() -> Iterable[type[Exporter]]:
    """Offer the forms of export."""
    yield exporters.CsvExporter
    yield exporters.ParquetExporter
    yield exporters.ImageFolderExporter
    yield exporters.RavenExporter
    yield exporters.AudacityExporter
    yield exporters.OriginalExporter


@hookimpl
def covey_importers() -> Iterable[type[Importer]]:
    """Offer the importers."""
    yield importers.FeatureImporter
    yield importers.LabelTableImporter
    yield importers.RavenImporter
    yield importers.BirdnetImporter
    yield importers.AudacityImporter
    yield importers.TextgridImporter
