"""covey compare: the leaderboard of all clusterings of a dataset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from covey.analysis.measures.leaderboard import (
    MEASURES,
    WITH_LABELS,
    Leaderboard,
    available_measures,
    explain_measures,
    format_measure,
    heading,
    rank_rows,
)
from covey.commands.label_flags import read_truth, truth_flags
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.commands.terminal.text_tables import print_column_groups, print_table
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@truth_flags
@click.option(
    "--sort", type=click.Choice(MEASURES), help="The measure to sort by. [default: ami with labels, validity without]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all measures.")
def compare(
    folder: str, labels: Path | None, column: str | None, group: str | None, sort: str | None, as_json: bool
) -> None:
    """Show all clusterings in FOLDER with the best first, and explain the measures.

    \b
    covey compare birds/
    covey compare birds/ --labels labels.csv --sort ari
    """
    registry = Registry.installed()
    board = Leaderboard(registry, open_dataset(registry, folder, TerminalProgress()))
    truth, groups = read_truth(board.names(), labels, column, group)
    rows = rank_rows(board.rows(truth, groups, TerminalProgress()), sort)
    if as_json:
        click.echo(json.dumps([{"rank": rank, **row.to_dict()} for rank, row in enumerate(rows, 1)], indent=2))
        return
    measures = available_measures(truth is not None, sort)
    groups_of_columns = [
        {heading(measure): [format_measure(row, measure) for row in rows] for measure in group}
        for group in _group_measures(measures)
    ]
    print_column_groups([{"clustering": [row.clustering for row in rows]}, *groups_of_columns])
    print_table(["", ""], [[*meaning] for meaning in explain_measures(measures, truth is not None)])


def _group_measures(measures: Sequence[str]) -> list[list[str]]:
    """Separate measures that compare with labels from the others; the group of the first measure comes first."""
    with_labels = [measure for measure in measures if measure in WITH_LABELS]
    without_labels = [measure for measure in measures if measure not in WITH_LABELS]
    groups = [with_labels, without_labels] if measures[0] in WITH_LABELS else [without_labels, with_labels]
    return [group for group in groups if group]
