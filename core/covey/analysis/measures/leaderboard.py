"""The leaderboard: the measures of every clustering of a dataset."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.analysis.measures.measure_columns import Cell, Column, compute_cell, find_column, list_columns
from covey.components import options
from covey.components.contracts import Clusterer, Floats
from covey.components.kinds import Kind
from covey.components.measure_contract import AgreementMeasure, Measure, MeasuredClustering, PointSource
from covey.data.dataset import Dataset, is_entry_of
from covey.data.provenance import Provenance
from covey.data.segment_names import recordings_of_images
from covey.data.tables import NOISE, Clustering, Names, PointTable
from covey.plugins.registry import Registry


@attrs.frozen(kw_only=True)
class Row:
    """The measures of one clustering, by the names of the columns.

    `without_noise` has those of agreement with labels over the images in clusters; `labelled` is the number of images
    with a label, None without labels, and `labelled_clusters` that of their clusters.
    """

    clustering: str
    provenance: Provenance | None
    images: int
    cells: Mapping[str, Cell]
    without_noise: Mapping[str, Cell]
    labelled: int | None
    labelled_clusters: int

    def score(self, name: str) -> float | None:
        """Return a measure by the name of its column; None if it is unknown."""
        return self.cells[name].score

    def to_dict(self, columns: Sequence[Column]) -> dict[str, object]:
        """Return the row as plain JSON values."""
        own = {column.name: self.score(column.name) for column in columns if not column.measure.needs_labels}
        reasons = {name: cell.reason for name, cell in self.cells.items() if cell.reason}
        fixed = {"clustering": self.clustering, "images": self.images, **({"problems": reasons} if reasons else {})}
        fields: dict[str, object] = {**own, **fixed}
        return fields if self.labelled is None else {**fields, "labels": self._compare_with_labels(columns)}

    def _compare_with_labels(self, columns: Sequence[Column]) -> dict[str, object]:
        agreements = [column.name for column in columns if issubclass(column.measure, AgreementMeasure)]
        others = [column.name for column in columns if column.measure.needs_labels and column.name not in agreements]
        assigned = {name: self.without_noise[name].score for name in agreements}
        return {
            **{name: self.score(name) for name in others},
            "images": self.labelled,
            "clusters": self.labelled_clusters,
            "coverage": self.cells["labelled"].score if "labelled" in self.cells else None,
            "whole": {name: self.score(name) for name in agreements},
            "assigned": assigned if self.labelled_clusters else None,
        }


class Leaderboard:
    """The clusterings of a dataset, with the measures that are installed."""

    def __init__(self, registry: Registry, dataset: Dataset) -> None:
        """Read the clusterings.

        Raises:
            CoveyError: the dataset has no clustering, or a table is damaged.
        """
        self.registry = registry
        self.dataset = dataset
        self.columns = list_columns(registry)
        self.entries = dataset.entries_by_key()
        self.clusterings = {entry.title: dataset.load(entry) for entry in dataset.clusterings()}
        self._read_table = functools.lru_cache(maxsize=2)(self._load_table)
        if not self.clusterings:
            raise CoveyError(
                f"There is no clustering in {dataset.location}: find groups on the page"
                " Start of the dashboard, or by covey run."
            )

    def names(self) -> list[str]:
        """Return the images of all clusterings, sorted."""
        names: set[str] = set()
        for clustering in self.clusterings.values():
            names.update(clustering.names.tolist())
        return sorted(names)

    def rows(
        self,
        truth: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
        progress: Progress = SILENT,
    ) -> list[Row]:
        """Return one row for each clustering, by name. A measure that fails costs its cell alone.

        Args:
            truth: the label of each image that has one.
            groups: the recording of each image; by default read from the file names.
            progress: reports each clustering.
        """
        groups = recordings_of_images(self.names()) if groups is None else groups
        shared_cells: dict[tuple[str, str], Cell] = {}
        with progress.step("Evaluating", len(self.clusterings), "clustering") as step:
            return [step.tick(self._measure_row(name, truth, groups, shared_cells)) for name in self.clusterings]

    def clusterer(self, provenance: Provenance) -> Clusterer | None:
        """Return the component that made a clustering; None if it is not installed, or has another version."""
        try:
            clusterer = options.rebuild(self.registry.get(Kind.CLUSTERER, provenance.component), provenance.options)
        except CoveyError:
            return None
        return clusterer if clusterer.version == provenance.version else None

    def table(self, key: str) -> PointTable | None:
        """Return the table with a key; None if the dataset has no features or embedding with it.

        The last two tables stay in memory, because several clusterings come from the same one.
        """
        return self._read_table(key)

    def _load_table(self, key: str) -> PointTable | None:
        entry = self.entries.get(key)
        return None if entry is None or is_entry_of(entry, Clustering) else self.dataset.load_points(entry)

    def _measure_row(
        self,
        name: str,
        truth: Mapping[str, str] | None,
        groups: Mapping[str, str],
        shared_cells: dict[tuple[str, str], Cell],
    ) -> Row:
        clustering = self._describe(self.clusterings[name], truth, groups)
        columns = [column for column in self.columns if truth is not None or not column.measure.needs_labels]
        labels = clustering.labels if clustering.truth is None else clustering.labels[clustering.truth >= 0]
        return Row(
            clustering=name,
            provenance=clustering.clustering.provenance,
            images=len(clustering.labels),
            cells={column.name: self._measure_once(column, clustering, shared_cells) for column in columns},
            without_noise={
                column.name: compute_cell(column, functools.partial(_measure_without_noise, clustering))
                for column in columns
                if issubclass(column.measure, AgreementMeasure)
            },
            labelled=None if truth is None else len(labels),
            labelled_clusters=0 if truth is None else len(np.unique(labels[labels != NOISE])),
        )

    def _measure_once(
        self, column: Column, clustering: MeasuredClustering, shared_cells: dict[tuple[str, str], Cell]
    ) -> Cell:
        """Measure a clustering; what depends on its table alone is taken from `shared_cells`, or put there."""
        source = column.measure.once_per
        key = self._key_of(clustering.clustering.provenance, source) if source else None
        if key and (column.name, key) in shared_cells:
            return shared_cells[column.name, key]
        cell = compute_cell(column, lambda measure: measure.compute(clustering))
        if key:
            shared_cells[column.name, key] = cell
        return cell

    def _describe(
        self, clustering: Clustering, truth: Mapping[str, str] | None, groups: Mapping[str, str]
    ) -> MeasuredClustering:
        provenance = clustering.provenance
        return MeasuredClustering(
            clustering=clustering,
            clusterer=self.clusterer(provenance) if provenance else None,
            siblings=self._siblings(provenance) if provenance else (),
            classes=truth,
            recording_by_image=groups,
            read_points=functools.partial(self._read_points, clustering),
        )

    def _read_points(self, clustering: Clustering, source: PointSource) -> Floats | None:
        """Return the rows of a table in the order of a clustering; None if the dataset lacks it or one of them."""
        key = self._key_of(clustering.provenance, source)
        table = self.table(key) if key else None
        return None if table is None else _order_rows(table, clustering.names)

    def _key_of(self, provenance: Provenance | None, source: PointSource) -> str | None:
        """Return the key of a table from which a clustering was made, or of an embedding beside it."""
        if provenance is None:
            return None
        origin = provenance.source
        is_reduced = origin is not None and origin.kind is Kind.REDUCER
        match source:
            case "features":
                return origin.input if origin and is_reduced else provenance.input
            case "embedding" if not is_reduced:
                return self._find_embedding_of(provenance.input)
        return provenance.input

    def _find_embedding_of(self, features_key: str) -> str | None:
        """Return the key of the first embedding, by name, that was made from features."""
        embeddings = sorted((entry for entry in self.dataset.embeddings()), key=lambda entry: entry.name)
        origins = [entry.provenance for entry in embeddings if entry.provenance]
        return next((origin.key for origin in origins if origin.input == features_key), None)

    def _siblings(self, provenance: Provenance) -> list[Clustering]:
        """Return the clusterings that differ from one only in the reducer's seed."""
        key = _key_without_seed(provenance)
        candidates = [(table, table.provenance) for table in self.clusterings.values() if table.provenance]
        return [
            table for table, origin in candidates if origin.key != provenance.key and _key_without_seed(origin) == key
        ]


def _measure_without_noise(clustering: MeasuredClustering, measure: Measure) -> float | None:
    return measure.compute_without_noise(clustering) if isinstance(measure, AgreementMeasure) else None


def _order_rows(table: PointTable, names: Names) -> Floats | None:
    if np.array_equal(table.names, names):
        return table.points
    row_by_name = {name: row for row, name in enumerate(table.names.tolist())}
    rows = [row_by_name.get(name, -1) for name in names.tolist()]
    return None if -1 in rows else table.points[rows]


def _key_without_seed(provenance: Provenance) -> str:
    """Return a text that is the same for clusterings that differ only in the reducer's seed."""
    source = provenance.source
    if source is None or source.kind is not Kind.REDUCER:
        return provenance.key
    without_seed = attrs.evolve(
        source, options={name: source.options[name] for name in source.options if name != "seed"}
    )
    return attrs.evolve(provenance, input=without_seed.key).key


def _default_measure(rows: Sequence[Row], *, labelled: bool) -> str:
    if labelled:
        return "ami"
    return "validity" if any(row.score("validity") is not None for row in rows) else "silhouette"


def rank_rows(rows: Sequence[Row], columns: Sequence[Column], measure: str | None = None) -> list[Row]:
    """Return rows with the best first; rows without the measure come last.

    The default measure is agreement with labels (ami), without labels density-based validity, or the silhouette where
    no validity is known.

    Raises:
        CoveyError: there is no such measure, or it needs labels, and there are none.
    """
    labelled = any(row.labelled is not None for row in rows)
    criterion = find_column(columns, measure or _default_measure(rows, labelled=labelled))
    if criterion.measure.needs_labels and not labelled:
        raise CoveyError(f"{measure} compares with labels: name a file with labels, or sort by another measure.")
    sign = -1 if criterion.measure.higher_is_better else 1

    def rank(row: Row) -> tuple[float, str]:
        score = row.score(criterion.name)
        return float("inf") if score is None else sign * score, row.clustering

    return sorted(rows, key=rank)
