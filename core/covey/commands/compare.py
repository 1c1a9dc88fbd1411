"""covey compare: the leaderboard of all clusterings of a dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from covey._base.terminal_progress import TerminalProgress, print_text
from covey.analysis.measures.leaderboard import Leaderboard, rank_rows
from covey.analysis.measures.measure_columns import Column, explain_columns, explain_gaps, select_columns
from covey.commands.label_flags import read_truth, truth_flags
from covey.commands.terminal.text_tables import print_column_groups, print_table
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@truth_flags
@click.option("--sort", metavar="MEASURE", help="The measure to sort by. [default: ami with labels, else validity]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all measures.")
def compare(
    folder: str, labels: Path | None, column: str | None, group: str | None, sort: str | None, as_json: bool
) -> None:
    """Show all clusterings in FOLDER with the best first, and explain the measures.

    \b
    covey compare birds/
    covey compare birds/ --labels labels.csv --sort ari

    \b
    covey plugins list says which measures are installed.
    """
    registry = Registry.installed()
    board = Leaderboard(registry, open_dataset(registry, folder, TerminalProgress()))
    truth, groups = read_truth(board.names(), labels, column, group)
    rows = rank_rows(board.rows(truth, groups, TerminalProgress()), board.columns, sort)
    if as_json:
        ranked = [{**row.to_dict(board.columns), "rank": rank} for rank, row in enumerate(rows, 1)]
        click.echo(json.dumps(ranked, indent=2))
        return
    columns = select_columns(board.columns, truth is not None, sort)
    groups_of_columns = [
        {column.heading: [column.format(row.score(column.name)) for row in rows] for column in group}
        for group in _group_columns(columns)
    ]
    print_column_groups([{"clustering": [row.clustering for row in rows]}, *groups_of_columns])
    signs = ["noise", "-"] if truth is not None else ["-"]
    print_table(["", ""], [[*meaning] for meaning in explain_columns(columns, *signs)])
    for sentence in explain_gaps({row.clustering: row.cells for row in rows}, columns):
        print_text(sentence)


def _group_columns(columns: Sequence[Column]) -> list[list[Column]]:
    """Separate measures that compare with labels from the others; the group of the first measure comes first."""
    with_labels = [column for column in columns if column.measure.needs_labels]
    without_labels = [column for column in columns if not column.measure.needs_labels]
    groups = [with_labels, without_labels] if columns[0].measure.needs_labels else [without_labels, with_labels]
    return [group for group in groups if group]
