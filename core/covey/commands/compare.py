"""covey compare: the leaderboard of all clusterings of a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import click

from covey.commands.tables import show
from covey.commands.terminal import TerminalProgress
from covey.commands.truth import read_truth, truth_flags
from covey.locations import open_dataset
from covey.measures.leaderboard import MEASURES, Leaderboard, Row, cell, heading, measures, ranked
from covey.registry import Registry


@click.command()
@click.argument("folder")
@truth_flags
@click.option(
    "--sort", type=click.Choice(MEASURES), help="The measure that decides. [default: ami with labels, validity without]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all measures.")
def compare(
    folder: str, labels: Path | None, column: str | None, group: str | None, sort: str | None, as_json: bool
) -> None:
    """Show all clusterings in FOLDER, the best first. `covey evaluate` explains the measures.

    \b
    covey compare birds/
    covey compare birds/ --labels labels.csv --sort ari
    """
    registry = Registry.installed()
    board = Leaderboard(registry, open_dataset(registry, folder, TerminalProgress()))
    truth, groups = read_truth(board.names(), labels, column, group)
    rows = ranked(board.rows(truth, groups, TerminalProgress()), sort)
    if as_json:
        click.echo(json.dumps([{"rank": rank, **row.data()} for rank, row in enumerate(rows, 1)], indent=2))
        return
    shown = measures(truth is not None, sort)
    show(["", *map(heading, shown), ""], [_cells(rank, row, shown) for rank, row in enumerate(rows, 1)])


def _cells(rank: int, row: Row, shown: list[str]) -> list[str]:
    return [str(rank), *(cell(row, measure) for measure in shown), row.clustering]
