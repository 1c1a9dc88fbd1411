"""covey evaluate: how well clusters agree with labels."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import click

from covey.commands.tables import show
from covey.errors import CoveyError
from covey.evaluation import Scores, read_labels
from covey.evaluation import evaluate as score
from covey.locations import open_dataset
from covey.registry import Registry
from covey.tables import Clustering


@click.command()
@click.argument("folder")
@click.option("--labels", required=True, type=click.Path(path_type=Path), help="A CSV file: filename, label.")
@click.option("--column", help="The column with the labels. [default: label, or the second]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(folder: str, labels: Path, column: str | None, as_json: bool) -> None:
    """Compare clusters with labels that a person gave.

    AMI and ARI say how well they agree: 1 is perfect, 0 is what chance gives. Noise counts as one more cluster.
    """
    dataset = open_dataset(Registry.installed(), folder)
    known = read_labels(labels, column)
    entries = [entry for entry in dataset.entries() if entry.kind == "clustering"]
    if not entries:
        raise CoveyError(f"There is no clustering in {folder}: make one with covey run.")
    found: dict[str, Scores] = {}
    for entry in entries:
        table = dataset.load(entry)
        assert isinstance(table, Clustering)
        found[entry.name.removesuffix(".npz")] = score(table, known)
    if as_json:
        click.echo(
            json.dumps([{"clustering": name, **attrs.asdict(scores)} for name, scores in found.items()], indent=2)
        )
    else:
        show(["images", "clusters", "coverage", "AMI", "ARI", "clustering"], [_row(*item) for item in found.items()])


def _row(name: str, scores: Scores) -> list[str]:
    numbers = [f"{scores.coverage:.0%}", f"{scores.ami:.3f}", f"{scores.ari:.3f}"]
    return [f"{scores.images:,}", f"{scores.clusters:,}", *numbers, name]
