"""`covey spectrograms`: recordings become spectrogram images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import TerminalProgress, print_text
from covey._base.text import count_noun, preview
from covey.commands.flags import flags_of
from covey.commands.terminal.native_output import native_output_hidden
from covey.components.options import build
from covey.data.segment_names import recordings_of_images
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey.sound.conversion import convert_recordings
from covey.sound.conversion_report import ConversionReport
from covey.sound.spectrograms import Recipe


@click.command()
@click.argument("recordings", type=click.Path(path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@flags_of(Recipe)
@click.option("--check", is_flag=True, help="Read every recording, also those that look unchanged.")
@click.option("--remove-orphans", is_flag=True, help="Remove the images of recordings that are gone.")
@click.option("-v", "--verbose", is_flag=True, help="Name everything that was not used, not only the first ones.")
def spectrograms(
    recordings: Path,
    dataset: Path,
    check: bool,
    remove_orphans: bool,
    verbose: bool,
    **options: object,
) -> None:
    """Turn the RECORDINGS in a folder into spectrogram images in DATASET/images.

    Recordings (WAV, FLAC, OGG, MP3 and others) may lie in subfolders. Started again, it goes on where it stopped, and
    makes images only of recordings that are new or contain something else than before. What cannot be used is reported
    by name, here and in DATASET/.covey/spectrograms.log.
    """
    with native_output_hidden():
        report = convert_recordings(
            recordings,
            dataset,
            build(Recipe, options),
            TerminalProgress(),
            check=check,
            remove_orphans=remove_orphans,
        )
    lines = [*_update_labels(dataset, report), *report.lines(verbose)]
    if not report.used:
        raise CoveyError("\n".join([f"No recording in {recordings} gives an image.", *lines]))
    for line in lines:
        print_text(line)


def _update_labels(dataset: Path, report: ConversionReport) -> Iterator[str]:
    """Let labels follow the images of renamed recordings, and yield this and which labels are in doubt."""
    if not report.new_image_names and not report.replaced:
        return
    try:
        labels = open_dataset(Registry.installed(), str(dataset)).labels
        if action := labels.move(report.new_image_names):
            yield action.description
        replaced = {str(PurePosixPath(name).with_suffix("")) for name in report.replaced}
        unsure = [*labels.out_of_date(), *(row for row in labels.all_rows() if not row.content)]
        stubs = recordings_of_images(row.filename for row in unsure)
        if doubtful := sorted(name for name, stub in stubs.items() if stub in replaced):
            count = count_noun(len(doubtful), "image")
            yield f"{count} with labels that were given to the recording replaced since: {preview(doubtful)}"
    except CoveyError as error:
        yield f"Labels were neither moved nor checked: {error}"
