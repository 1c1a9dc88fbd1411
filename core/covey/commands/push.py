"""covey push: publish a dataset."""

from __future__ import annotations

import click

from covey._base.terminal_progress import TerminalProgress, print_text
from covey.commands.terminal.left_out import note_left_out
from covey.components.contracts import PublishOptions
from covey.data.credits import check_derivatives
from covey.data.metadata import read_metadata
from covey.plugins.locations import open_dataset, resolve
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@click.argument("location")
@click.option("--public", is_flag=True, help="Let everybody see it; otherwise only you can, until you change that.")
@click.option("--message", default="", help="What is new in this version. [default: the contents of the dataset]")
@click.option("--original", is_flag=True, help="Lay it out as the original tools open it.")
def push(folder: str, location: str, public: bool, message: str, original: bool) -> None:
    """Publish a dataset: its images, tables and metadata.

    A dataset that exists at LOCATION gets a new version. Labels are published with --original, or if they
    were exported as a table. Images of recordings whose licence excludes derivatives are published for nobody else.

    \b
    covey push birds/ kaggle:owner/name
    covey push birds/ kaggle:owner/name --public --message "Crows added"
    """
    registry, progress = Registry.installed(), TerminalProgress()
    storage, place = resolve(registry, location)
    dataset = open_dataset(registry, folder, progress)
    note_left_out(dataset, progress)
    if public and dataset.images:
        check_derivatives(dataset.images.names(), read_metadata(dataset))
    options = PublishOptions(public=public, message=message, original=original)
    print_text(storage.publish(dataset, place, options, progress))
