"""`covey spectrograms`: recordings become spectrogram images."""

from __future__ import annotations

from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey.commands.flags import flags_of
from covey.commands.terminal.native_output import native_output_hidden
from covey.commands.terminal.progress_bars import TerminalProgress, print_text
from covey.components.options import build
from covey.sound.conversion import convert_recordings
from covey.sound.spectrograms import Recipe


@click.command()
@click.argument("recordings", type=click.Path(path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@flags_of(Recipe)
@click.option("--check", is_flag=True, help="Read every recording, also those that look unchanged.")
@click.option("--remove-orphans", is_flag=True, help="Remove the images of recordings that are gone.")
@click.option("-v", "--verbose", is_flag=True, help="Name everything that was not used, not only the first ones.")
def spectrograms(
    recordings: Path, dataset: Path, check: bool, remove_orphans: bool, verbose: bool, **options: object
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
    lines = list(report.lines(verbose))
    if not report.used:
        raise CoveyError("\n".join([f"No recording in {recordings} gives an image.", *lines]))
    for line in lines:
        print_text(line)
