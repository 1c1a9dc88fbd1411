"""The flags for a label file to compare with, and reading the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click

from covey._base.errors import CoveyError
from covey._base.text import count_having, preview
from covey.commands.terminal.progress_bars import print_text
from covey.data.label_file import LABEL, label_column, match_label_names, read_labels
from covey.data.segment_names import recordings_of_images

F = TypeVar("F", bound=Callable[..., object])


def truth_flags(command: F) -> F:
    """Add the flags `--labels`, `--column` and `--group` to a command."""
    group = "The column with the recording of each image. [default: read from the file names]"
    for decorate in (
        click.option("--group", help=group),
        click.option("--column", help="The column with the labels. [default: label, or the only other one]"),
        click.option("--labels", type=click.Path(path_type=Path), help="A CSV file: filename, label."),
    ):
        command = decorate(command)
    return command


def read_truth(
    names: Sequence[str], path: Path | None, column: str | None, group: str | None
) -> tuple[dict[str, str] | None, dict[str, str]]:
    """Read the label and the recording of each image, and print which images have a label.

    Args:
        names: the images.
        path: the label file, if there is one.
        column: its column with the labels.
        group: its column with the recordings.

    Returns:
        The labels by image, None without a file; and the recordings by image.

    Raises:
        CoveyError: a column was given without a file, the file cannot be read, several of its columns may be the
            labels, or it labels none of the images.
    """
    if path is None:
        if column or group:
            raise CoveyError("--column and --group are columns of a label file: name it with --labels.")
        return None, recordings_of_images(names)
    truth = read_labels(path, column or _choose_label_column(path, group))
    _print_matches(path, truth, names)
    groups = read_labels(path, group) if group else recordings_of_images(names)
    if not groups:
        click.echo("The recordings are not known, so neighbours may come from the same one: use --group.", err=True)
    return truth, groups


def _choose_label_column(path: Path, group: str | None) -> str:
    """Return the column with the labels; print which it is if it is not named label. Raises CoveyError."""
    chosen = label_column(path, group)
    if chosen != LABEL:
        print_text(f"{path} has no column {LABEL!r}: the labels are taken from {chosen!r}.", err=True)
    return chosen


def _print_matches(path: Path, truth: Mapping[str, str], names: Sequence[str]) -> None:
    unknown, bare = match_label_names(path, truth, names)
    sentences = [f"{path}: {count_having(len(truth) - len(unknown), len(names), 'image')} a label."]
    if unknown:
        sentences.append(f"Labels that name no image: {preview(unknown)}.")
    if bare:
        sentences.append(f"Without a label: {preview(bare)}.")
    print_text(" ".join(sentences), err=True)
