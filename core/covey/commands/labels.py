"""covey labels: look after the label file of a dataset."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from covey._base.terminal_progress import TerminalProgress, print_text
from covey._base.text import count_noun
from covey.commands.terminal.label_place import open_labelled_dataset
from covey.data.dataset import Dataset
from covey.labelling import NOTHING_THERE, Labelled, open_labels_read_only
from covey.labelling.reattach_labels import plan_reattachment, reattach_labels
from covey.labelling.repair_labels import repair_dataset_labels
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.group()
def labels() -> None:
    """Look after the labels of a dataset."""


@labels.command("check")
@click.argument("place", metavar="DATASET")
def check(place: str) -> None:
    """Name the labels whose images are gone or have another content than when they were labelled.

    An image that somebody looked at and found nothing in counts as a label.

    Exit code 1 if there are any.
    """
    dataset = open_labelled_dataset(place)
    store = open_labels_read_only(dataset)
    out_of_date = store.out_of_date()
    orphaned = store.orphaned() if dataset.images else []
    total = len(store.all_rows())
    absence_count = sum(row.label == NOTHING_THERE for row in store.all_rows())
    _print_labels("out of date, and not counted: the image has another content now", out_of_date)
    _print_labels("without their image", orphaned)
    sound = total - len(out_of_date) - len(orphaned)
    print_text(f"Of {count_noun(total, 'label')} {sound:,} belong to the images as they are.")
    if absence_count:
        images = count_noun(absence_count, "image")
        print_text(f"Among them: {images} that somebody looked at and found nothing in.")
    if not dataset.images:
        print_text("The dataset has no images here to compare with.")
    if out_of_date or orphaned:
        print_text("covey labels reattach attaches them again, by content or by the clip of the recording.")
        sys.exit(1)


@labels.command("reattach")
@click.argument("place", metavar="DATASET")
@click.option("--dry-run", is_flag=True, help="Only show what would be attached.")
@click.option("--verbose", is_flag=True, help="Name all labels that cannot be attached.")
def reattach(place: str, dry_run: bool, verbose: bool) -> None:
    """Attach labels of renamed, swapped or newly made images again: by content, else by the clip of the recording."""
    dataset = _open(place) if dry_run else open_labelled_dataset(place)
    store = open_labels_read_only(dataset) if dry_run else dataset.labels
    reattachment = plan_reattachment(store, dataset.images.names() if dataset.images else [])
    for row, moved in reattachment.moves:
        print_text(f"{row.filename}: {row.label or 'nothing there'} -> {moved.filename}")
    if not dry_run:
        reattach_labels(store, reattachment)
    print_text(reattachment.balance.describe(verbose) + (" Nothing was changed." if dry_run else ""))


def _open(place: str) -> Dataset:
    """Open a dataset without bringing labels back to it."""
    return open_dataset(Registry.installed(), place, TerminalProgress())


def _print_labels(state: str, rows: Sequence[Labelled]) -> None:
    if rows:
        print_text(f"{count_noun(len(rows), 'label')} {state}:")
    for row in rows:
        print_text(f"  {row.filename}: {row.label or 'nothing there'}")


@labels.command("repair")
@click.argument("place", metavar="DATASET")
@click.option("--from-backup", is_flag=True, help="Take the latest backup instead of what can be read of the file.")
def repair(place: str, from_backup: bool) -> None:
    """Replace a damaged label file by what can still be read of it; the damaged one stays beside it."""
    print_text(repair_dataset_labels(_open(place), from_backup))
