"""covey evaluate: what clusters are like, and how well they agree with labels."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

import attrs
import click

from covey.commands.tables import show
from covey.commands.terminal import TerminalProgress
from covey.commands.truth import read_truth, truth_flags
from covey.locations import open_dataset
from covey.measures.evaluation import Agreement
from covey.measures.leaderboard import Leaderboard, Row
from covey.registry import Registry

SHAPE = ["clusters", "coverage", "largest", "median", "DBCV", "silhouette", "halves", "seeds", "recording", ""]
SCORES = ["AMI", "ARI", "homogeneity", "completeness", "V", "coverage", "pure", "kNN", "kNN features", ""]
SHAPE_TOLD = (
    "DBCV, silhouette: how well clusters lie apart, -1 to 1. halves, seeds: whether half samples and other seeds give"
    " the same clusters, 1 is the same. recording: share of a cluster from one recording, median / highest."
)
SCORES_TOLD = (
    "With noise as a cluster / without noise, 1 is perfect. pure: share of images in clusters of at least 90 % one"
    " label and 10 images from 3 recordings. kNN: how often 5 neighbours from other recordings tell the label."
)


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
        click.echo(json.dumps([row.data() for row in rows], indent=2))
    else:
        _show(rows, labelled=truth is not None)


def _show(rows: Sequence[Row], labelled: bool) -> None:
    show(SHAPE, [_shape_cells(row) for row in rows])
    _explain(SHAPE_TOLD)
    if labelled:
        click.echo()
        show(SCORES, [_score_cells(row) for row in rows])
        _explain(SCORES_TOLD)


def _explain(text: str) -> None:
    click.echo(textwrap.fill(text, shutil.get_terminal_size((120, 24)).columns))


def _shape_cells(row: Row) -> list[str]:
    found = row.shape
    sizes = [f"{found.clusters:,}", f"{found.coverage:.0%}", f"{found.largest:,}", f"{found.median:g}"]
    numbers = [_number(value) for value in (found.validity, found.silhouette, found.halves, found.seeds)]
    return [*sizes, *numbers, f"{_share(found.recording)} / {_share(found.recording_largest)}", row.clustering]


def _score_cells(row: Row) -> list[str]:
    scores = row.scores
    assert scores is not None
    names = [field.name for field in attrs.fields(Agreement)]
    pairs = [f"{_of(scores.whole, name)} / {_of(scores.assigned, name)}" for name in names]
    shares = (scores.pure, row.neighbours, row.neighbours_features)
    return [*pairs, f"{scores.coverage:.0%}", *map(_share, shares), row.clustering]


def _of(agreement: Agreement | None, name: str) -> str:
    return _number(getattr(agreement, name) if agreement else None)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
