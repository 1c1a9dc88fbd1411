"""covey evaluate: measures of clusterings, and their agreement with labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from covey.analysis.measures.evaluation import Agreement, Scores
from covey.analysis.measures.leaderboard import MEANINGS, Leaderboard, Row, heading
from covey.analysis.measures.validity import Shape
from covey.commands.label_flags import read_truth, truth_flags
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.commands.terminal.text_tables import Group, print_column_groups, print_table
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
        click.echo(json.dumps([row.to_dict() for row in rows], indent=2))
    else:
        _print_measures(rows)


def _print_measures(rows: Sequence[Row]) -> None:
    shapes, scores = [row.shape for row in rows], [row.scores for row in rows if row.scores]
    groups = [_sizes(shapes), _separations(shapes), *([_agreements(scores), _shares(rows, scores)] if scores else [])]
    print_column_groups([{"clustering": [row.clustering for row in rows]}, *groups])
    explained = [*(head for group in groups for head in group), *(["x / y"] if scores else []), "-"]
    print_table(["", ""], [[head, MEANINGS[head]] for head in explained])


def _sizes(shapes: Sequence[Shape]) -> Group:
    return {
        "clusters": [f"{shape.clusters:,}" for shape in shapes],
        "coverage": [f"{shape.coverage:.0%}" for shape in shapes],
        "largest": [f"{shape.largest:,}" for shape in shapes],
        "median": [f"{shape.median:g}" for shape in shapes],
        "recording": [f"{_percent(shape.recording)} / {_percent(shape.recording_largest)}" for shape in shapes],
    }


def _separations(shapes: Sequence[Shape]) -> Group:
    return {
        heading("validity"): [_number(shape.validity) for shape in shapes],
        heading("silhouette"): [_number(shape.silhouette) for shape in shapes],
        heading("halves"): [_number(shape.halves) for shape in shapes],
        heading("seeds"): [_number(shape.seeds) for shape in shapes],
    }


def _agreements(scores: Sequence[Scores]) -> Group:
    """Return each measure of agreement, with noise as one more cluster / without noise."""
    readers: dict[str, Callable[[Agreement], float]] = {
        "ami": lambda agreement: agreement.ami,
        "ari": lambda agreement: agreement.ari,
        "homogeneity": lambda agreement: agreement.homogeneity,
        "completeness": lambda agreement: agreement.completeness,
        "v": lambda agreement: agreement.v,
    }
    return {
        heading(name): [
            f"{_number(read(score.whole))} / {_number(read(score.assigned) if score.assigned else None)}"
            for score in scores
        ]
        for name, read in readers.items()
    }


def _shares(rows: Sequence[Row], scores: Sequence[Scores]) -> Group:
    return {
        "labelled": [_percent(score.coverage) for score in scores],
        "pure": [_percent(score.pure) for score in scores],
        "kNN": [_percent(row.neighbours) for row in rows],
        "kNN features": [_percent(row.neighbours_features) for row in rows],
    }


def _number(measure: float | None) -> str:
    return "-" if measure is None else f"{measure:.3f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
