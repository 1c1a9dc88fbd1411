"""The label file that a person compares with: its flags, and what it says of the images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from covey._base.errors import CoveyError
from covey._base.text import count_having, preview
from covey.commands.terminal.progress_bars import print_text
from covey.data.label_file import LABEL, label_column, match_label_names, read_labels
from covey.data.segment_names import recordings_of_images

F = TypeVar("F", bound=Callable[..., Any])


def truth_flags(command: F) -> F:
    """Give a command the flags `labels`, `column` and `group`."""
    group = "The column with the recording of each image. [default: as the file names tell]"
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
    """Return the label of each image, None without a file, and its recording; tell which images match.

    Raises:
        CoveyError: columns without a file, a file that cannot be read or in which several columns may be the labels, or
            one that labels none of the images.
    """
    if path is None:
        if column or group:
            raise CoveyError("--column and --group are columns of a label file: name it with --labels.")
        return None, recordings_of_images(names)
    truth = read_labels(path, column or _column(path, group))
    _tell_matches(path, truth, names)
    groups = read_labels(path, group) if group else recordings_of_images(names)
    if not groups:
        click.echo("The recordings are not known, so neighbours may come from the same one: use --group.", err=True)
    return truth, groups


def _column(path: Path, group: str | None) -> str:
    """Return the column with the labels, and tell which it is where its name does not say so. Raises CoveyError."""
    chosen = label_column(path, group)
    if chosen != LABEL:
        print_text(f"{path} has no column {LABEL!r}: the labels are taken from {chosen!r}.", err=True)
    return chosen


def _tell_matches(path: Path, truth: Mapping[str, str], names: Sequence[str]) -> None:
    unknown, bare = match_label_names(path, truth, names)
    sentences = [f"{path}: {count_having(len(truth) - len(unknown), len(names), 'image')} a label."]
    if unknown:
        sentences.append(f"Labels that name no image: {preview(unknown)}.")
    if bare:
        sentences.append(f"Without a label: {preview(bare)}.")
    print_text(" ".join(sentences), err=True)
