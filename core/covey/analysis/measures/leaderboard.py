"""The leaderboard: the measures of every clustering of a dataset."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import attrs

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.analysis.measures.evaluation import (
    IMAGES,
    NEIGHBOURS,
    PURE,
    RECORDINGS,
    Scores,
    evaluate,
    neighbour_accuracy,
)
from covey.analysis.measures.validity import Shape, describe_shape, key_without_seed
from covey.components import options
from covey.components.contracts import Clusterer
from covey.components.kinds import Kind
from covey.data.dataset import Dataset, is_entry_of
from covey.data.provenance import Provenance
from covey.data.segment_names import recordings_of_images
from covey.data.tables import Clustering, PointTable
from covey.plugins.registry import Registry

HEADINGS = {"ami": "AMI", "ari": "ARI", "v": "V", "knn": "kNN", "validity": "DBCV"}
"""Headings of measures in tables, if they differ from the name."""
MEANINGS = {
    "AMI": "adjusted mutual information with labels: 0 is chance, 1 perfect",
    "ARI": "adjusted Rand index with labels: 0 is chance, 1 perfect",
    "homogeneity": "whether clusters hold one label each: 1 is perfect",
    "completeness": "whether labels lie in one cluster each: 1 is perfect",
    "V": "V-measure, the harmonic mean of homogeneity and completeness",
    "pure": f"share of images in clusters of at least {PURE * 100:.0f} % one label and {IMAGES} images"
    f" from {RECORDINGS} recordings",
    "kNN": f"k nearest neighbours: how often the labels of the {NEIGHBOURS} nearest images from other recordings"
    " predict the label",
    "kNN features": "the same among the features, before they were reduced",
    "labelled": "share of the images with a label that are in clusters",
    "DBCV": "density-based clustering validation, -1 to 1: how well clusters are separated",
    "silhouette": "how well clusters are separated by mean distances, -1 to 1",
    "halves": "whether half samples give the same clusters: ARI, 1 is the same",
    "seeds": "whether other seeds give the same clusters: ARI, 1 is the same",
    "coverage": "share of the images that are in clusters",
    "clusters": "number of clusters, noise not counted",
    "largest": "images in the largest cluster",
    "median": "images in the median cluster",
    "recording": "share of a cluster from one recording: median / highest",
    "noise": "counts as one more cluster for AMI, ARI and V",
    "x / y": "noise as one more cluster / noise left out",
    "-": "unknown: it cannot be computed here",
}
"""Meaning of each heading and sign in tables of measures: in `covey compare`, `covey evaluate` and the report."""
WITH_LABELS = ("ami", "ari", "v", "pure", "knn")
SHARES = ("pure", "knn", "coverage")


@attrs.frozen(kw_only=True)
class Row:
    """The measures of one clustering; without labels only its `shape`.

    `neighbours` and `neighbours_features` are how often neighbours predict the label, in the table that was clustered
    and in the features from which this was made; None if that table is not in the dataset.
    """

    clustering: str
    provenance: Provenance | None
    shape: Shape
    scores: Scores | None = None
    neighbours: float | None = None
    neighbours_features: float | None = None

    def measure(self, name: str) -> float | None:
        """Return one of the `MEASURES`; None if it is not known."""
        return _READERS[name](self)

    def to_dict(self) -> dict[str, object]:
        """Return the row as plain JSON values."""
        fields = {"clustering": self.clustering, **attrs.asdict(self.shape)}
        if self.scores is None:
            return fields
        labels = {**attrs.asdict(self.scores), "knn": self.neighbours, "knn_features": self.neighbours_features}
        return {**fields, "labels": labels}


_READERS: Mapping[str, Callable[[Row], float | None]] = {
    "ami": lambda row: row.scores.ami if row.scores else None,
    "ari": lambda row: row.scores.ari if row.scores else None,
    "v": lambda row: row.scores.whole.v if row.scores else None,
    "pure": lambda row: row.scores.pure if row.scores else None,
    "knn": lambda row: row.neighbours,
    "validity": lambda row: row.shape.validity,
    "silhouette": lambda row: row.shape.silhouette,
    "halves": lambda row: row.shape.halves,
    "seeds": lambda row: row.shape.seeds,
    "coverage": lambda row: row.shape.coverage,
    "clusters": lambda row: row.shape.clusters,
}
MEASURES = tuple(_READERS)
"""The measures by which rows can be ranked, higher being better."""


class Leaderboard:
    """The clusterings of a dataset, with their measures."""

    def __init__(self, registry: Registry, dataset: Dataset) -> None:
        """Read the clusterings.

        Raises:
            CoveyError: the dataset has no clustering, or a table is damaged.
        """
        self.registry = registry
        self.dataset = dataset
        self.entries = dataset.entries_by_key()
        self.clusterings = {entry.stem: dataset.load(entry) for entry in dataset.clusterings()}
        self._last_table: tuple[str, PointTable | None] = "", None
        if not self.clusterings:
            raise CoveyError(f"There is no clustering in {dataset.location}: make one with covey run.")

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
        """Return one row for each clustering, by name.

        Args:
            truth: the label of each image that has one.
            groups: the recording of each image; by default read from the file names.
            progress: reports each clustering.

        Raises:
            CoveyError: a table is damaged, or no image of a clustering has a label.
        """
        groups = recordings_of_images(self.names()) if groups is None else groups
        neighbours = functools.cache(lambda key: self._neighbour_accuracy(key, truth or {}, groups))
        with progress.step("Evaluating", len(self.clusterings), "clustering") as step:
            return [step.tick(self._measure_row(name, truth, groups, neighbours)) for name in self.clusterings]

    def clusterer(self, provenance: Provenance) -> Clusterer | None:
        """Return the component that made a clustering; None if it is not installed, or has another version."""
        try:
            clusterer = options.build(self.registry.get(Kind.CLUSTERER, provenance.component), provenance.options)
        except CoveyError:
            return None
        return clusterer if clusterer.version == provenance.version else None

    def table(self, key: str) -> PointTable | None:
        """Return the table with a key; None if the dataset has no features or embedding with it.

        The last table stays in memory, because several clusterings come from the same one.
        """
        if self._last_table[0] != key:
            self._last_table = key, self._load_table(key)
        return self._last_table[1]

    def _load_table(self, key: str) -> PointTable | None:
        entry = self.entries.get(key)
        return None if entry is None or is_entry_of(entry, Clustering) else self.dataset.load_points(entry)

    def _measure_row(
        self,
        name: str,
        truth: Mapping[str, str] | None,
        groups: Mapping[str, str],
        neighbours: Callable[[str], float | None],
    ) -> Row:
        clustering = self.clusterings[name]
        provenance = clustering.provenance
        row = Row(clustering=name, provenance=provenance, shape=self._describe_shape(clustering, groups))
        if truth is None:
            return row
        scores = evaluate(clustering, truth, groups)
        if provenance is None:
            return attrs.evolve(row, scores=scores)
        source = provenance.source
        features_key = source.input if source and source.kind is Kind.REDUCER else provenance.input
        return attrs.evolve(
            row,
            scores=scores,
            neighbours=neighbours(provenance.input),
            neighbours_features=neighbours(features_key),
        )

    def _describe_shape(self, clustering: Clustering, groups: Mapping[str, str]) -> Shape:
        provenance = clustering.provenance
        if provenance is None:
            return describe_shape(clustering, groups=groups)
        table = self.table(provenance.input)
        Z = None if table is None else table.points
        return describe_shape(clustering, Z, self.clusterer(provenance), groups, self._siblings(provenance))

    def _siblings(self, provenance: Provenance) -> list[Clustering]:
        """Return the clusterings that differ from one only in the reducer's seed."""
        key = key_without_seed(provenance)
        candidates = [(table, table.provenance) for table in self.clusterings.values() if table.provenance]
        return [
            table for table, origin in candidates if origin.key != provenance.key and key_without_seed(origin) == key
        ]

    def _neighbour_accuracy(self, key: str, truth: Mapping[str, str], groups: Mapping[str, str]) -> float | None:
        table = self.table(key)
        return None if table is None else neighbour_accuracy(table.names, table.points, truth, groups)


def rank_rows(rows: Sequence[Row], measure: str | None = None) -> list[Row]:
    """Return rows with the best first; rows without the measure come last.

    The default measure is agreement with labels (ami), or density-based validity if there are no labels.

    Raises:
        CoveyError: the measure needs labels, and there are none.
    """
    labelled = any(row.scores for row in rows)
    criterion = measure or ("ami" if labelled else "validity")
    if criterion in WITH_LABELS and not labelled:
        raise CoveyError(f"{criterion} compares with labels: name a file with --labels, or sort by another measure.")

    def rank(row: Row) -> tuple[float, str]:
        score = row.measure(criterion)
        return float("inf") if score is None else -score, row.clustering

    return sorted(rows, key=rank)


def available_measures(labelled: bool, first: str | None = None) -> list[str]:
    """Return the measures of a leaderboard, `first` before the others; without labels fewer."""
    available = [measure for measure in MEASURES if labelled or measure not in WITH_LABELS]
    return sorted(available, key=lambda measure: measure != first)


def heading(measure: str) -> str:
    """Return the heading of a measure in tables."""
    return HEADINGS.get(measure, measure)


def explain_measures(measures: Sequence[str], labelled: bool) -> list[tuple[str, str]]:
    """Return the heading and meaning of each measure of a leaderboard, then of the signs in it."""
    headings = [*map(heading, measures), *(["noise"] if labelled else []), "-"]
    return [(name, MEANINGS[name]) for name in headings]


def format_measure(row: Row, measure: str) -> str:
    """Return a measure of a row as it is written in tables."""
    score = row.measure(measure)
    if score is None:
        return "-"
    return f"{score:,}" if measure == "clusters" else f"{score:.0%}" if measure in SHARES else f"{score:.3f}"
