"""covey export: what a dataset holds, in the form of another program."""

from __future__ import annotations

from pathlib import Path

import click

from covey._base.text import count_noun
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.outputs.exchange import exports
from covey.outputs.exchange.collect_tables import WHAT, What
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--to", "form", type=click.Choice(list(exports.FORMS)), required=True, help="The form.")
@click.option(
    "--what", multiple=True, type=click.Choice(WHAT), help="What to export; may be repeated. [default: all there is]"
)
@click.option(
    "--segment",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Length of a segment, for raven and audacity. [default: as the file beside the images says]",
)
@click.option("--overwrite", is_flag=True, help="OUT may hold files; those of the same name are replaced.")
def export(folder: str, out: Path, form: str, what: tuple[What, ...], segment: float | None, overwrite: bool) -> None:
    """Write what the dataset FOLDER holds into the new folder OUT.

    \b
    csv, parquet  a file for each table: features, embeddings, clusters, labels, metadata
    imagefolder   the images and metadata.csv, as Hugging Face datasets loads them
    raven         a selection table for each recording, for the labels and for each clustering
    audacity      the same as label tracks

    \b
    covey export birds/ --to parquet tables/
    covey export birds/ --to raven selections/ --what labels
    """
    dataset = open_dataset(Registry.installed(), folder, TerminalProgress())
    count = exports.export(dataset, form, out, what, segment, overwrite, TerminalProgress())
    click.echo(f"{count_noun(count, 'file')} in {out}")
