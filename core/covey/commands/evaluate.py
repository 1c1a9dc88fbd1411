"""covey evaluate: what clusters are like, and how well they agree with labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import attrs
import click

from covey.analysis.measures.evaluation import Agreement, Scores
from covey.analysis.measures.leaderboard import MEANINGS, Leaderboard, Row, heading
from covey.analysis.measures.validity import Shape
from covey.commands.label_flags import read_truth, truth_flags
from covey.commands.terminal.progress_bars import TerminalProgress
from covey.commands.terminal.text_tables import Group, show, show_groups
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


@click.command()
@click.argument("folder")
@truth_flags
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(folder: str, labels: Path | None, column: str | None, group: str | None, as_json: bool) -> None:
    """Show what every clustering in FOLDER is like, and how well it agrees with labels that a person gave.

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
        _show(rows)


def _show(rows: Sequence[Row]) -> None:
    shapes, scores = [row.shape for row in rows], [row.scores for row in rows if row.scores]
    groups = [_sizes(shapes), _distances(shapes), *([_agreements(scores), _shares(rows, scores)] if scores else [])]
    show_groups([{"clustering": [row.clustering for row in rows]}, *groups])
    explained = [*(head for group in groups for head in group), *(["x / y"] if scores else []), "-"]
    show(["", ""], [[head, MEANINGS[head]] for head in explained])


def _sizes(shapes: Sequence[Shape]) -> Group:
    return {
        "clusters": [f"{found.clusters:,}" for found in shapes],
        "coverage": [f"{found.coverage:.0%}" for found in shapes],
        "largest": [f"{found.largest:,}" for found in shapes],
        "median": [f"{found.median:g}" for found in shapes],
        "recording": [f"{_share(found.recording)} / {_share(found.recording_largest)}" for found in shapes],
    }


def _distances(shapes: Sequence[Shape]) -> Group:
    names = ("validity", "silhouette", "halves", "seeds")
    return {heading(name): [_number(getattr(found, name)) for found in shapes] for name in names}


def _agreements(scores: Sequence[Scores]) -> Group:
    names = [field.name for field in attrs.fields(Agreement)]
    return {heading(name): [_pair(found, name) for found in scores] for name in names}


def _shares(rows: Sequence[Row], scores: Sequence[Scores]) -> Group:
    return {
        "labelled": [_share(found.coverage) for found in scores],
        "pure": [_share(found.pure) for found in scores],
        "kNN": [_share(row.neighbours) for row in rows],
        "kNN features": [_share(row.neighbours_features) for row in rows],
    }


def _pair(scores: Scores, name: str) -> str:
    """Return how clusters agree with labels, with noise and without."""
    return " / ".join(_number(getattr(part, name) if part else None) for part in (scores.whole, scores.assigned))


def _number(measured: float | None) -> str:
    return "-" if measured is None else f"{measured:.3f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
