"""`covey spectrograms`: recordings become spectrogram images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.commands.flags import flags_of
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.components.options import build
from covey.sound.conversion import Report, convert_recordings
from covey.sound.spectrograms import Recipe


@click.command()
@click.argument("recordings", type=click.Path(path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@flags_of(Recipe)
def spectrograms(recordings: Path, dataset: Path, **options: Any) -> None:
    """Turn the RECORDINGS in a folder into spectrogram images in DATASET/images.

    Recordings (WAV, FLAC, OGG, MP3) may lie in subfolders. Started again, it goes on where it stopped; what cannot be
    used is reported by name.
    """
    report = convert_recordings(recordings, dataset, build(Recipe, options), TerminalProgress())
    if not report.made:
        raise CoveyError("\n".join([f"No recording in {recordings} gives an image.", *report.problems]))
    for line in told(report):
        click.echo(line)


def told(report: Report) -> list[str]:
    """Return in lines what a conversion did; the sums come last, where they are seen."""
    images, problems = report.new + report.kept, report.problems
    remark = f" ({report.kept:,} were there already)" if report.kept else ""
    lines = [f"Not used, or in part only: {problem}" for problem in problems]
    lines.append(
        f"{count_noun(images, 'image')} of {count_noun(len(report.made), 'recording')} in {report.folder}{remark}"
    )
    if report.silent:
        lines.append(f"{count_noun(report.silent, 'segment')} left out as silent")
    if problems:
        lines.append(f"{count_noun(len(problems), 'recording')} with problems, named above")
    return lines
