"""`covey spectrograms`: recordings become spectrogram images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from covey.commands.flags import flags_of
from covey.conversion import Report, convert
from covey.options import build
from covey.progress import SILENT
from covey.spectrograms import Recipe


@click.command()
@click.argument("recordings", type=click.Path(path_type=Path))
@click.argument("dataset", type=click.Path(path_type=Path))
@flags_of(Recipe)
def spectrograms(recordings: Path, dataset: Path, **given: Any) -> None:
    """Turn the RECORDINGS in a folder into spectrogram images in DATASET/images.

    Recordings (WAV, FLAC, OGG, MP3) may lie in subfolders. Started again, it goes on where it stopped; what cannot be
    used is reported by name.
    """
    for line in told(convert(recordings, dataset, build(Recipe, given), SILENT)):
        click.echo(line)


def told(report: Report) -> list[str]:
    """Return in a few lines what a conversion did."""
    kept = f" ({report.kept:,} were there already)" if report.kept else ""
    images = report.new + report.kept
    lines = [f"{_count(images, 'image')} of {_count(len(report.made), 'recording')} in {report.folder}{kept}"]
    if report.silent:
        lines.append(f"Left out as silent: {_count(report.silent, 'segment')}")
    if report.problems:
        lines.append(f"{_count(len(report.problems), 'recording')} with problems:")
        lines += [f"  {problem}" for problem in report.problems]
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
