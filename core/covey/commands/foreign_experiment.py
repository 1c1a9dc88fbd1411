"""An experiment file may come from somebody else: where it writes outside its own folder, the user is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from covey._base.errors import CoveyError
from covey._base.files import WORK
from covey.experiments.experiment import Experiment
from covey.plugins.locations import DEFAULT_SCHEME, resolve
from covey.plugins.registry import Registry


def confirm_destination(path: Path, experiment: Experiment, registry: Registry) -> None:
    """Ask whether an experiment file may write outside the folder in which it lies.

    Raises:
        CoveyError: it would, and nobody can be asked.
        Abort: the user says no.
    """
    storage, place = resolve(registry, experiment.out or experiment.dataset)
    if storage.name != DEFAULT_SCHEME or _may_write(path.resolve(), Path(place).resolve()):
        return
    sentence = f"{path} writes to {Path(place).resolve()}, outside its own folder"
    if not sys.stdin.isatty():
        raise CoveyError(f"{sentence}: if it is your own file, or you trust it, add --allow-outside.")
    click.confirm(f"{sentence}. Do you want that?", abort=True, err=True)


def _may_write(path: Path, destination: Path) -> bool:
    """Whether a destination lies beside the file, or covey itself wrote the file into the `.covey` of the dataset."""
    return destination.is_relative_to(path.parent) or path.is_relative_to(destination / WORK)
