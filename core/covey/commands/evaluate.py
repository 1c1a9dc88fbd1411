"""covey evaluate: measures of clusterings, and their agreement with labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from covey._base.terminal_progress import TerminalProgress, print_text
from covey.analysis.measures.leaderboard import Leaderboard, Row
from covey.analysis.measures.measure_columns import Column, explain_columns, explain_gaps
from covey.commands.label_flags import read_truth, truth_flags
from covey.commands.terminal.text_tables import print_column_groups, print_table
from covey.components.measure_contract import AgreementMeasure
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@truth_flags
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(folder: str, labels: Path | None, column: str | None, group: str | None, as_json: bool) -> None:
    """Show the measures of every clustering in FOLDER, and its agreement with labels that a person gave.

    \b
    covey evaluate birds/
    covey evaluate birds/ --labels labels.csv --group recording --json
    """
    registry = Registry.installed()
    board = Leaderboard(registry, open_dataset(registry, folder, TerminalProgress()))
    truth, groups = read_truth(board.names(), labels, column, group)
    rows = board.rows(truth, groups, TerminalProgress())
    if as_json:
        click.echo(json.dumps([row.to_dict(board.columns) for row in rows], indent=2))
    else:
        _print_measures(rows, [column for column in board.columns if column.name in rows[0].cells])


def _print_measures(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    groups = _group_columns(columns)
    cells = [{column.heading: [_format_cell(row, column) for row in rows] for column in group} for group in groups]
    print_column_groups([{"clustering": [row.clustering for row in rows]}, *cells])
    signs = ["x / y", "-"] if rows[0].without_noise else ["-"]
    meanings = explain_columns([column for group in groups for column in group], *signs)
    print_table(["", ""], [[*meaning] for meaning in meanings])
    for sentence in explain_gaps({row.clustering: row.cells for row in rows}, columns):
        print_text(sentence)


def _group_columns(columns: Sequence[Column]) -> list[list[Column]]:
    """Separate sizes and shares, measures of separation, agreement with labels, and other measures with labels."""
    groups: dict[tuple[bool, bool], list[Column]] = {}
    for column in columns:
        measure = column.measure
        is_count = measure.score_format != "number" and not isinstance(measure, AgreementMeasure)
        groups.setdefault((measure.needs_labels, is_count != measure.needs_labels), []).append(column)
    return [groups[key] for key in ((False, True), (False, False), (True, True), (True, False)) if key in groups]


def _format_cell(row: Row, column: Column) -> str:
    """Return a measure; of agreement with labels, with noise as one more cluster / without noise."""
    text = column.format(row.score(column.name))
    if column.name not in row.without_noise:
        return text
    return f"{text} / {column.format(row.without_noise[column.name].score)}"
