"""covey weights: the model of an extractor that no library brings along."""

from __future__ import annotations

import click

from covey.authoring import TerminalProgress
from covey_birdnet.fetch_model import missing_model
from covey_birdnet.model_files import find_model


@click.command()
@click.argument("extractor", type=click.Choice(["birdnet"]))
@click.option("--yes", is_flag=True, help="Fetch it without asking.")
def weights(extractor: str, yes: bool) -> None:
    """Fetch the model of an extractor that no library brings along, after saying its size and licence."""
    missing = missing_model()
    if missing is None:
        click.echo(f"It is there: {find_model()}")
        return
    click.echo(f"{missing.describe()}")
    if yes or click.confirm("Fetch it?"):
        missing.fetch(TerminalProgress())
        click.echo(f"Fetched: {find_model()}")
