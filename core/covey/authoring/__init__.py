"""Public names for plugin authors beyond those of `covey`: datasets, files, metadata, progress, density, networks.

Importing it is cheap; what needs torch is in `covey.extraction.networks`.
"""

from covey._base.csvs import guard_cell, write_csv
from covey._base.digests import hash_file
from covey._base.errors import did_you_mean, reason
from covey._base.files import make_folder, replace_file, write_text
from covey._base.progress import SILENT, Progress, Step
from covey._base.terminal_progress import TerminalProgress
from covey._base.text import count_noun, preview
from covey._base.user_folders import user_data_folder
from covey.analysis.density import Hierarchy, RadiusChoice, Tree, dbscan
from covey.analysis.feature_sets import whitening_axes
from covey.components.contracts import MissingFiles, PlacingReducer, PublishOptions
from covey.components.engine_contract import Done, Engine, ItemQueue, UnfitWorker, Work
from covey.components.exchange_contracts import Exporter, Importer, What
from covey.components.kinds import Kind
from covey.components.measure_contract import AgreementMeasure, Codes, Measure, MeasuredClustering
from covey.components.options import evolve, option_values, split_plural
from covey.components.source_contract import (
    Annotation,
    FoundRecording,
    Interrupted,
    RecordingDownload,
    Resume,
    ServiceKey,
    Source,
    StopFetching,
)
from covey.components.table_kinds import TableKind
from covey.data.credits import check_derivatives
from covey.data.dataset import AnyEntry, Entry, T, list_published_files
from covey.data.fetched_files import check_room, is_allowed_name, is_portable_name
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder, escapes_folder
from covey.data.legacy.file_names import METADATA_FILE, UPLOADED_IMAGES
from covey.data.licences import Licence, read_licence
from covey.data.metadata import RECORDING, Metadata, Value, read_metadata
from covey.data.picture_decoding import BrokenImage
from covey.data.pointer import POINTER
from covey.data.provenance import Provenance
from covey.data.recording_files import READABLE_SOUNDS
from covey.data.tables import Table
from covey.extraction.vision_extractor import (
    PRETRAINED,
    RANDOM,
    VisionExtractor,
    bands_option,
    check_hub_reachable,
    layers_option,
    list_fetched_repositories,
    unknown_weights,
    weights_not_fetched,
)
from covey.outputs.exchange.collect_tables import ExportContents
from covey.outputs.exchange.imports.import_selections import SelectionImporter
from covey.outputs.exchange.original_tools.original_files import (
    write_original_labels,
    write_original_metadata,
    write_original_tables,
)
from covey.outputs.exchange.selection_tables.selections import SelectionRow, SelectionTable
from covey.plugins.registry import Registry
from covey.sources.source_keys import read_key
from covey.sources.web_client import JsonObject, WebClient
from covey.sources.web_source import WebSource

__all__ = [
    "METADATA_FILE",
    "POINTER",
    "PRETRAINED",
    "RANDOM",
    "READABLE_SOUNDS",
    "RECORDING",
    "SILENT",
    "UPLOADED_IMAGES",
    "AgreementMeasure",
    "Annotation",
    "AnyEntry",
    "BrokenImage",
    "Codes",
    "Done",
    "Engine",
    "Entry",
    "ExportContents",
    "Exporter",
    "FolderDataset",
    "FoundRecording",
    "Hierarchy",
    "ImageFolder",
    "Importer",
    "Interrupted",
    "ItemQueue",
    "JsonObject",
    "Kind",
    "Licence",
    "Measure",
    "MeasuredClustering",
    "Metadata",
    "MissingFiles",
    "PlacingReducer",
    "Progress",
    "Provenance",
    "PublishOptions",
    "RadiusChoice",
    "RecordingDownload",
    "Registry",
    "Resume",
    "SelectionImporter",
    "SelectionRow",
    "SelectionTable",
    "ServiceKey",
    "Source",
    "Step",
    "StopFetching",
    "T",
    "Table",
    "TableKind",
    "TerminalProgress",
    "Tree",
    "UnfitWorker",
    "Value",
    "VisionExtractor",
    "WebClient",
    "WebSource",
    "What",
    "Work",
    "bands_option",
    "check_derivatives",
    "check_hub_reachable",
    "check_room",
    "count_noun",
    "dbscan",
    "did_you_mean",
    "escapes_folder",
    "evolve",
    "guard_cell",
    "hash_file",
    "is_allowed_name",
    "is_portable_name",
    "layers_option",
    "list_fetched_repositories",
    "list_published_files",
    "make_folder",
    "option_values",
    "preview",
    "read_key",
    "read_licence",
    "read_metadata",
    "reason",
    "replace_file",
    "split_plural",
    "unknown_weights",
    "user_data_folder",
    "weights_not_fetched",
    "whitening_axes",
    "write_csv",
    "write_original_labels",
    "write_original_metadata",
    "write_original_tables",
    "write_text",
]
