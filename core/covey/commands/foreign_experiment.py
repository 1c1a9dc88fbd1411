"""An experiment file may come from somebody else: where it writes outside its own folder, the user is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from covey._base.errors import CoveyError, reason
from covey._base.files import WORK
from covey.experiments.experiment import Experiment
from covey.plugins.locations import DEFAULT_SCHEME, find_storage
from covey.plugins.registry import Registry


def confirm_destination(path: Path, experiment: Experiment, registry: Registry) -> None:
    """Ask whether an experiment file may write outside the folder in which it lies; say so if it only reads there.

    Raises:
        CoveyError: it would, and nobody can be asked.
        Abort: the user says no.
    """
    written, read = (
        _find_folder(registry, place) for place in (experiment.out or experiment.dataset, experiment.dataset)
    )
    if experiment.out and written is None:
        _confirm(f"{path} writes to {experiment.out}, outside its own folder")
    elif written and not _is_beside(path.resolve(), written):
        _confirm(f"{path} writes to {written}, outside its own folder")
    elif read and not _is_beside(path.resolve(), read):
        click.echo(
            f"{path} takes images from {read}, outside its own folder: who publishes the results sends them.", err=True
        )


def _confirm(sentence: str) -> None:
    if not sys.stdin.isatty():
        raise CoveyError(f"{sentence}: if it is your own file, or you trust it, add --allow-outside.")
    click.confirm(f"{sentence}. Do you want that?", abort=True, err=True)


def _find_folder(registry: Registry, location: str) -> Path | None:
    """Return the folder of a location, as the storage finds it; None for a dataset that is not a folder."""
    storage, place = find_storage(registry, location)
    if storage.name != DEFAULT_SCHEME:
        return None
    try:
        return Path(place).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise CoveyError(f"{location[:100]!r} is no folder: {reason(error)}.") from error


def _is_beside(path: Path, folder: Path) -> bool:
    """Whether a folder lies beside the file, or covey itself wrote the file into the `.covey` of that dataset."""
    return folder.is_relative_to(path.parent) or path.is_relative_to(folder / WORK)
