"""Public names for front ends such as the dashboard: what they need to show, start, measure and label."""

from covey._base.digests import digest
from covey._base.errors import in_terminal, reason
from covey._base.files import make_folder, read_text, write_text
from covey._base.palette import PALETTE
from covey._base.progress import Progress, Step
from covey._base.terminal_progress import TerminalProgress
from covey._base.text import count_noun, preview
from covey._base.user_folders import user_data_folder
from covey.analysis.assist.certainty import Marks
from covey.analysis.assist.nearest_groups import find_voters, vote_nearest_groups
from covey.analysis.assist.neighbours import (
    ColumnScale,
    measure_columns,
    measure_oddity,
    nearest_by_cosine,
    nearest_rows,
    nearest_to_points,
)
from covey.analysis.assist.similarity_space import as_similarity_space
from covey.analysis.assist.worklist import Answer, Batch, Guesses, Worklist
from covey.analysis.describe_suggestion import describe_suggestion
from covey.analysis.join_tables import Join, Joined, join_tables
from covey.analysis.match_clusters import match_clusters
from covey.analysis.measures.clustering_agreement import Flow, measure_agreement, trace_clusters
from covey.analysis.measures.leaderboard import Leaderboard, Row, rank_rows
from covey.analysis.measures.measure_columns import (
    Cell,
    Column,
    compute_cell,
    explain_gaps,
    list_columns,
    select_columns,
)
from covey.analysis.profiles import Profile, profile_option
from covey.components.contracts import Component, cluster, fill_options
from covey.components.kinds import STEPS, Kind
from covey.components.options import (
    Option,
    allowed_choices,
    build,
    check_paths,
    evolve,
    format_value,
    option_values,
    options,
    split_plural,
)
from covey.components.source_contract import Source
from covey.components.table_kinds import TableKind
from covey.data.catalogue.clip_finder import ImageClip
from covey.data.cluster_colours import GREY, cluster_colour
from covey.data.credits import Credit, CreditedRecording, list_credits
from covey.data.dataset import AnyEntry, Dataset, Entry, T, is_entry_of
from covey.data.image_axes import ImageAxes, parse_image_axes, read_image_axes
from covey.data.images import ImageFolder
from covey.data.legacy.file_names import LABELS_FILE, PARAMETERS_FILE, describe_origin
from covey.data.licences import Licence
from covey.data.metadata import FILES, Metadata, Value, column_kind, read_metadata
from covey.data.named_recordings import name_recordings
from covey.data.picture_decoding import BrokenImage
from covey.data.provenance import Provenance
from covey.data.recording_files import list_recordings
from covey.data.segment_names import SEGMENT_NAME, recordings_of_images, xeno_canto_number
from covey.data.tables import NOISE, Names, NearestGroups, Table
from covey.data.usual_embedding import find_usual_embedding
from covey.experiments.describe_query import (
    DescribedQuery,
    describe_picture,
    describe_sound,
    describe_text,
    rebuild_extractor,
)
from covey.experiments.experiment import Experiment, read_experiment
from covey.experiments.jobs import (
    FetchTask,
    ImageTask,
    Job,
    Task,
    command_words,
    list_jobs,
    read_task,
    start_job,
    to_toml,
)
from covey.experiments.keep_clustering import keep_clustering
from covey.experiments.pipeline import Pipeline
from covey.experiments.plan import PlanLine, summarize_tasks
from covey.extraction.extraction_speed import TimeEstimate, estimate_time
from covey.labelling import (
    Action,
    LabelClass,
    Labelled,
    LabelPlace,
    LabelStore,
    copy_labels,
    locate_labels,
    open_labels,
    open_labels_read_only,
)
from covey.labelling.classes import isolate_text
from covey.labelling.label_tables import long_table, original_table
from covey.labelling.reattach_labels import (
    Move,
    Reattachment,
    confirm_labels,
    plan_confirmation,
    plan_reattachment,
    reattach_labels,
)
from covey.labelling.repair_labels import repair_dataset_labels
from covey.labelling.untrusted_sqlite import DamagedLabels
from covey.outputs.exchange.exports import export
from covey.outputs.exchange.imports.import_label_table import LabelImport, import_labels
from covey.outputs.methods_text import describe_methods
from covey.plugins.locations import create_dataset, open_dataset
from covey.plugins.registry import Registered, Registry
from covey.sound.clip_samples import locate_recording, read_stretch
from covey.sound.decoder import BrokenRecording, read_header
from covey.sound.draw_spectrogram import draw_spectrogram
from covey.sound.recipe_file import read_like
from covey.sound.recipe_presets import PRESETS, change_recipe
from covey.sound.recording_summary import RecordingSummary, summarize_recordings
from covey.sound.refresh_catalogue import look_at_dataset
from covey.sound.spectrograms import Recipe
from covey.sources.choose_recordings import SURVEY_HEADS, RecordingChoice, Survey, survey_recordings
from covey.sources.source_keys import lacks_key, store_key

__all__ = [
    "FILES",
    "GREY",
    "LABELS_FILE",
    "NOISE",
    "PALETTE",
    "PARAMETERS_FILE",
    "PRESETS",
    "SEGMENT_NAME",
    "STEPS",
    "SURVEY_HEADS",
    "Action",
    "Answer",
    "AnyEntry",
    "Batch",
    "BrokenImage",
    "BrokenRecording",
    "Cell",
    "Column",
    "ColumnScale",
    "Component",
    "Credit",
    "CreditedRecording",
    "DamagedLabels",
    "Dataset",
    "DescribedQuery",
    "Entry",
    "Experiment",
    "FetchTask",
    "Flow",
    "Guesses",
    "ImageAxes",
    "ImageClip",
    "ImageFolder",
    "ImageTask",
    "Job",
    "Join",
    "Joined",
    "Kind",
    "LabelClass",
    "LabelImport",
    "LabelPlace",
    "LabelStore",
    "Labelled",
    "Leaderboard",
    "Licence",
    "Marks",
    "Metadata",
    "Move",
    "Names",
    "NearestGroups",
    "Option",
    "Pipeline",
    "PlanLine",
    "Profile",
    "Progress",
    "Provenance",
    "Reattachment",
    "Recipe",
    "RecordingChoice",
    "RecordingSummary",
    "Registered",
    "Registry",
    "Row",
    "Source",
    "Step",
    "Survey",
    "T",
    "Table",
    "TableKind",
    "Task",
    "TerminalProgress",
    "TimeEstimate",
    "Value",
    "Worklist",
    "allowed_choices",
    "as_similarity_space",
    "build",
    "change_recipe",
    "check_paths",
    "cluster",
    "cluster_colour",
    "column_kind",
    "command_words",
    "compute_cell",
    "confirm_labels",
    "copy_labels",
    "count_noun",
    "create_dataset",
    "describe_methods",
    "describe_origin",
    "describe_picture",
    "describe_sound",
    "describe_suggestion",
    "describe_text",
    "digest",
    "draw_spectrogram",
    "estimate_time",
    "evolve",
    "explain_gaps",
    "export",
    "fill_options",
    "find_usual_embedding",
    "find_voters",
    "format_value",
    "import_labels",
    "in_terminal",
    "is_entry_of",
    "isolate_text",
    "join_tables",
    "keep_clustering",
    "lacks_key",
    "list_columns",
    "list_credits",
    "list_jobs",
    "list_recordings",
    "locate_labels",
    "locate_recording",
    "long_table",
    "look_at_dataset",
    "make_folder",
    "match_clusters",
    "measure_agreement",
    "measure_columns",
    "measure_oddity",
    "name_recordings",
    "nearest_by_cosine",
    "nearest_rows",
    "nearest_to_points",
    "open_dataset",
    "open_labels",
    "open_labels_read_only",
    "option_values",
    "options",
    "original_table",
    "parse_image_axes",
    "plan_confirmation",
    "plan_reattachment",
    "preview",
    "profile_option",
    "rank_rows",
    "read_experiment",
    "read_header",
    "read_image_axes",
    "read_like",
    "read_metadata",
    "read_stretch",
    "read_task",
    "read_text",
    "reason",
    "reattach_labels",
    "rebuild_extractor",
    "recordings_of_images",
    "repair_dataset_labels",
    "select_columns",
    "split_plural",
    "start_job",
    "store_key",
    "summarize_recordings",
    "summarize_tasks",
    "survey_recordings",
    "to_toml",
    "trace_clusters",
    "user_data_folder",
    "vote_nearest_groups",
    "write_text",
    "xeno_canto_number",
]
