"""covey evaluate: what clusters are like, and how well they agree with labels."""

from __future__ import annotations

import functools
import json
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from covey import options
from covey.commands.tables import show
from covey.commands.terminal import TerminalProgress
from covey.components import Clusterer
from covey.cuts import recordings
from covey.errors import CoveyError
from covey.evaluation import Agreement, Scores, neighbour_accuracy
from covey.evaluation import evaluate as compare
from covey.labels import matching, read_labels
from covey.locations import open_dataset
from covey.progress import some
from covey.provenance import Provenance
from covey.registry import Registry
from covey.storage import Dataset, Entry
from covey.tables import Clustering, Embedding, Features
from covey.validity import Shape, but_for_the_seed, shape

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


@attrs.frozen(kw_only=True)
class Row:
    """What is found out about one clustering; without labels, only its shape."""

    clustering: str
    shape: Shape
    scores: Scores | None = None
    neighbours: float | None = None
    neighbours_features: float | None = None


@click.command()
@click.argument("folder")
@click.option("--labels", type=click.Path(path_type=Path), help="A CSV file: filename, label.")
@click.option("--column", help="The column with the labels. [default: label, or the first other one]")
@click.option("--group", help="The column with the recording of each image. [default: as the file names tell]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(folder: str, labels: Path | None, column: str | None, group: str | None, as_json: bool) -> None:
    """Show what every clustering in FOLDER is like, and how well it agrees with labels that a person gave.

    \b
    covey evaluate birds/
    covey evaluate birds/ --labels labels.csv --group recording --json
    """
    if labels is None and (column or group):
        raise CoveyError("--column and --group are columns of a label file: name it with --labels.")
    evaluation = Evaluation(Registry.installed(), folder)
    truth = read_labels(labels, column) if labels else None
    if labels and truth is not None:
        _tell_matches(labels, truth, evaluation.names())
    groups = read_labels(labels, group) if labels and group else recordings(evaluation.names())
    if truth is not None and not groups:
        click.echo("The recordings are not known, so neighbours may come from the same one: use --group.", err=True)
    rows = evaluation.rows(truth, groups)
    if as_json:
        click.echo(json.dumps([_data(row) for row in rows], indent=2))
    else:
        _show(rows, labelled=truth is not None)


class Evaluation:
    """The clusterings of a dataset, and what they were made from."""

    def __init__(self, registry: Registry, folder: str) -> None:
        self.registry = registry
        self.dataset: Dataset = open_dataset(registry, folder)
        entries = self.dataset.entries()
        self.kept = {entry.provenance.key: entry for entry in entries if entry.provenance}
        self.clusterings = {
            entry.name.removesuffix(".npz"): self._clustering(entry) for entry in entries if entry.kind == "clustering"
        }
        if not self.clusterings:
            raise CoveyError(f"There is no clustering in {folder}: make one with covey run.")

    def names(self) -> list[str]:
        """Return the images of all clusterings, sorted."""
        return sorted({name for table in self.clusterings.values() for name in table.names.tolist()})

    def rows(self, truth: Mapping[str, str] | None, groups: Mapping[str, str]) -> list[Row]:
        """Return one row for each clustering."""
        neighbours = functools.cache(lambda key: self._neighbours(key, truth or {}, groups))
        with TerminalProgress().step("Evaluating", len(self.clusterings), "clustering") as step:
            return [step.tick(self._row(name, truth, groups, neighbours)) for name in self.clusterings]

    def _row(self, name: str, truth: Mapping[str, str] | None, groups: Mapping[str, str], neighbours: Any) -> Row:
        clustering = self.clusterings[name]
        made = clustering.provenance
        row = Row(clustering=name, shape=self._shape(clustering, groups))
        if truth is None:
            return row
        reduced = made.source if made and made.source and made.source.kind == "reducer" else None
        return attrs.evolve(
            row,
            scores=compare(clustering, truth, groups),
            neighbours=neighbours(made.input) if made else None,
            neighbours_features=neighbours(reduced.input if reduced else made.input) if made else None,
        )

    def _shape(self, clustering: Clustering, groups: Mapping[str, str]) -> Shape:
        made = clustering.provenance
        if made is None:
            return shape(clustering, groups=groups)
        table = self._table(made.input)
        Z = None if table is None else _array(table)
        return shape(clustering, Z, self._clusterer(made), groups, self._siblings(made))

    def _siblings(self, made: Provenance) -> list[Clustering]:
        alike = but_for_the_seed(made)
        others = [(table, table.provenance) for table in self.clusterings.values() if table.provenance]
        return [table for table, other in others if other.key != made.key and but_for_the_seed(other) == alike]

    def _neighbours(self, key: str, truth: Mapping[str, str], groups: Mapping[str, str]) -> float | None:
        table = self._table(key)
        return None if table is None else neighbour_accuracy(table.names, _array(table), truth, groups)

    def _clusterer(self, made: Provenance) -> Clusterer | None:
        """Return what made a clustering; None where it is not installed, or is another version."""
        try:
            found = options.build(self.registry.get("clusterer", made.component), made.options)
        except CoveyError:
            return None
        return found if isinstance(found, Clusterer) and found.version == made.version else None

    def _table(self, key: str) -> Features | Embedding | None:
        if key not in self.kept:
            return None
        table = self.dataset.load(self.kept[key])
        return None if isinstance(table, Clustering) else table

    def _clustering(self, entry: Entry) -> Clustering:
        table = self.dataset.load(entry)
        assert isinstance(table, Clustering)
        return table


def _array(table: Features | Embedding) -> Any:
    return table.X if isinstance(table, Features) else table.Z


def _tell_matches(path: Path, truth: Mapping[str, str], names: Sequence[str]) -> None:
    unknown, bare = matching(path, truth, names)
    told = [f"{path}: {len(truth) - len(unknown):,} of {len(names):,} images have a label."]
    if unknown:
        told.append(f"Labels that name no image: {some(unknown)}.")
    if bare:
        told.append(f"Without a label: {some(bare)}.")
    click.echo(" ".join(told), err=True)


def _data(row: Row) -> dict[str, Any]:
    data: dict[str, Any] = {"clustering": row.clustering, **attrs.asdict(row.shape)}
    if row.scores is None:
        return data
    labels = {**attrs.asdict(row.scores), "knn": row.neighbours, "knn_features": row.neighbours_features}
    return {**data, "labels": labels}


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
