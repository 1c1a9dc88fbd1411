"""covey labels: look after the label file of a dataset."""

from __future__ import annotations

import click

from covey.commands.terminal.progress_bars import TerminalProgress, print_text
from covey.labelling import label_path
from covey.labelling.repair_labels import repair_labels
from covey.labelling.store import PATIENCE
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.group()
def labels() -> None:
    """Look after the labels of a dataset."""


@labels.command("repair")
@click.argument("place", metavar="DATASET")
@click.option("--from-backup", is_flag=True, help="Take the latest backup instead of what can be read of the file.")
def repair(place: str, from_backup: bool) -> None:
    """Replace a damaged label file by what can still be read of it; the damaged one stays beside it."""
    dataset = open_dataset(Registry.installed(), place, TerminalProgress())
    print_text(repair_labels(label_path(dataset), PATIENCE, from_backup))
