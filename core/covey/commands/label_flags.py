"""The flags for a label file to compare with, and reading the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from covey._base.errors import CoveyError
from covey._base.terminal_progress import print_text
from covey._base.text import count_having, preview
from covey.data.label_file import LABEL, LabelMatch, find_images, label_column, match_labels, read_labels
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
    match = match_labels(path, read_labels(path, column or _choose_label_column(path, group)), names)
    _print_matches(path, match, names)
    groups = _read_groups(path, group, names) if group else recordings_of_images(names)
    if not groups:
        click.echo("The recordings are not known, so neighbours may come from the same one: use --group.", err=True)
    return dict(match.labels), groups


def _read_groups(path: Path, group: str, names: Sequence[str]) -> dict[str, str]:
    groups = read_labels(path, group)
    return {image: groups[name] for name, image in find_images(groups, names).items()}


def _choose_label_column(path: Path, group: str | None) -> str:
    """Return the column with the labels; print which it is if it is not named label. Raises CoveyError."""
    chosen = label_column(path, group)
    if chosen != LABEL:
        print_text(f"{path} has no column {LABEL!r}: the labels are taken from {chosen!r}.", err=True)
    return chosen


def _print_matches(path: Path, match: LabelMatch, names: Sequence[str]) -> None:
    sentences = [f"{path}: {count_having(len(match.labels), len(names), 'image')} a label."]
    if match.unknown:
        sentences.append(f"Labels that name no image: {match.describe_unknown().rstrip('.')}.")
    if match.unlabelled:
        sentences.append(f"Without a label: {preview(match.unlabelled)}.")
    print_text(" ".join(sentences), err=True)
