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
from covey.commands.terminal.text_tables import show, show_groups
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


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
    """Show all clusterings in FOLDER, the best first, and what the measures mean.

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
    columns_shown = available_measures(truth is not None, sort)
    columns = {measure: [format_measure(row, measure) for row in rows] for measure in columns_shown}
    parts = [{heading(measure): columns[measure] for measure in part} for part in _parts(columns_shown)]
    show_groups([{"clustering": [row.clustering for row in rows]}, *parts])
    show(["", ""], [[*meaning] for meaning in explain_measures(columns_shown, truth is not None)])


def _parts(columns: Sequence[str]) -> list[list[str]]:
    """Part the measures that compare with labels from the others; the one that decides stays first."""
    first = columns[0] in WITH_LABELS
    parts = [[measure for measure in columns if (measure in WITH_LABELS) is kind] for kind in (first, not first)]
    return [part for part in parts if part]
