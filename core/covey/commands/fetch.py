"""covey fetch: recordings of a source become the recordings of a dataset."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import TerminalProgress, print_text
from covey._base.text import count_noun
from covey.commands.flags import flags_of
from covey.commands.terminal.native_output import native_output_hidden
from covey.commands.terminal.source_flags import build_source, note_queries, print_survey, settings_flag
from covey.components.options import build
from covey.components.source_contract import FoundRecording
from covey.data.folder import FolderDataset
from covey.outputs.exchange.importers import RavenImporter
from covey.outputs.exchange.original_tools.original_files import write_original_metadata
from covey.outputs.exchange.selection_tables.annotation_tables import write_annotation_table
from covey.sources.choose_recordings import RecordingChoice, survey_recordings
from covey.sources.fetch_recordings import FetchReport, fetch_recordings
from covey.sources.recording_names import Layout

ANNOTATIONS = "annotations"


@click.command()
@click.argument("source")
@click.argument("words", nargs=-1, required=True, metavar="QUERY... FOLDER")
@flags_of(RecordingChoice)
@settings_flag()
@click.option("--dry-run", is_flag=True, help="Only count, as covey find does.")
@click.option(
    "--annotations",
    is_flag=True,
    help="Keep what people have named in the recordings as Raven tables in FOLDER/annotations. They become labels: at"
    " once if there are images, or else by `covey import raven` when covey spectrograms has made them.",
)
@click.option(
    "--layout",
    type=click.Choice(["covey", "original"]),
    default="covey",
    show_default=True,
    help="original: folder, names of files and metadata as the original tools have them, downloaded_data_orig/ and"
    " downloaded_data_meta.pkl.",
)
@click.option("-v", "--verbose", is_flag=True, help="Name everything that was not fetched, not only the first ones.")
def fetch(
    source: str,
    words: tuple[str, ...],
    settings: tuple[str, ...],
    dry_run: bool,
    annotations: bool,
    layout: Layout,
    verbose: bool,
    **options: object,
) -> None:
    """Fetch the recordings that QUERY finds in SOURCE into FOLDER/recordings.

    Several queries, in one command or one after the other, add up; nothing is fetched twice. Each recording is checked:
    it is whole and can be decoded to its end. FOLDER/metadata.csv says of each what the source says, also recordist and
    licence. Started again after an interruption, it goes on where it stopped.

    \b
    covey fetch xeno-canto 'gen:Parus cnt:Switzerland q:A len:5-20' birds/ --most 100
    """
    if len(words) < 2:
        raise CoveyError(f"covey fetch {source} needs a query and a folder: covey fetch {source} QUERY... FOLDER.")
    *queries, folder = words
    _refuse_query(source, folder)
    component = build_source(source, settings)
    note_queries(queries)
    survey = survey_recordings(component, dict.fromkeys(queries), build(RecordingChoice, options), TerminalProgress())
    print_survey(survey)
    if not survey.recordings:
        print_text("There is nothing to fetch.")
    if dry_run or not survey.recordings:
        return
    with native_output_hidden():
        report = fetch_recordings(component, survey.recordings, Path(folder), layout, TerminalProgress())
    for sentence in report.describe(verbose):
        print_text(sentence)
    if layout == "original" and report.paths:
        path = write_original_metadata(FolderDataset(Path(folder)), Path(folder))
        print_text(f"{path} holds the metadata for the original tools.")
    if annotations:
        _keep_annotations(survey.recordings, report, Path(folder))
    if report.interrupted:
        raise KeyboardInterrupt
    if report.stopped:
        raise CoveyError(report.stopped)
    if report.paths:
        print_text(f"\nNext: {shlex.join(['covey', 'spectrograms', str(report.folder), folder])}")


def _refuse_query(source: str, folder: str) -> None:
    """Refuse a part of the query in the place of the folder: the folder, or quotation marks, were forgotten."""
    if ":" in Path(folder).name and not Path(folder).exists():
        raise CoveyError(
            f"{folder!r} looks like a query, and the last word is the folder: covey fetch {source} 'QUERY' FOLDER."
        )


def _keep_annotations(recordings: Sequence[FoundRecording], report: FetchReport, folder: Path) -> None:
    """Write annotations as tables, and let them become labels if there are images."""
    annotated = [recording for recording in recordings if recording.annotations and recording.id in report.paths]
    for recording in annotated:
        write_annotation_table(folder / ANNOTATIONS, report.paths[recording.id], recording.annotations)
    print_text(f"{count_noun(len(annotated), 'recording')} with annotations.")
    if not annotated:
        return
    dataset = FolderDataset(folder)
    if dataset.images:
        print_text(RavenImporter().read(dataset, [folder / ANNOTATIONS], TerminalProgress()))
    else:
        words = shlex.join(["covey", "import", "raven", str(folder), str(folder / ANNOTATIONS)])
        print_text(f"They become labels, once there are images, by: {words}")
