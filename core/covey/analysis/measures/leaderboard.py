"""The leaderboard: what every clustering of a dataset is like, and how well it agrees with labels."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
from covey.analysis.measures.validity import Shape, key_without_seed, shape
from covey.components import options
from covey.components.contracts import Clusterer
from covey.components.kinds import Kind
from covey.data.dataset import Dataset, is_entry_of
from covey.data.provenance import Provenance
from covey.data.segment_names import recordings_of_images
from covey.data.tables import Clustering, PointTable
from covey.plugins.registry import Registry

HEADINGS = {"ami": "AMI", "ari": "ARI", "v": "V", "knn": "kNN", "validity": "DBCV"}
"""What a measure is called in tables, where that is not its name."""
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
"""What the headings and signs in tables of measures mean: in `covey compare`, `covey evaluate` and the report."""
WITH_LABELS = ("ami", "ari", "v", "pure", "knn")
SHARES = ("pure", "knn", "coverage")
MEASURES = (*WITH_LABELS, "validity", "silhouette", "halves", "seeds", "coverage", "clusters")
"""What rows can be ranked by, higher being better."""


@attrs.frozen(kw_only=True)
class Row:
    """What is found out about one clustering; without labels, only its shape.

    `neighbours` and `neighbours_features` are how often neighbours tell the label, among what was clustered and among
    the features that this was made from; None where that is not kept.
    """

    clustering: str
    provenance: Provenance | None
    shape: Shape
    scores: Scores | None = None
    neighbours: float | None = None
    neighbours_features: float | None = None

    def value(self, measure: str) -> float | None:
        """Return one of the `MEASURES`; None where it is not known."""
        scores = self.scores
        if measure in ("ami", "ari", "v"):
            return None if scores is None else getattr(scores.whole, measure)
        if measure == "pure":
            return None if scores is None else scores.pure
        if measure == "knn":
            return self.neighbours
        measured: float | None = getattr(self.shape, measure)
        return measured

    def data(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        fields: dict[str, Any] = {"clustering": self.clustering, **attrs.asdict(self.shape)}
        if self.scores is None:
            return fields
        labels = {**attrs.asdict(self.scores), "knn": self.neighbours, "knn_features": self.neighbours_features}
        return {**fields, "labels": labels}


class Leaderboard:
    """The clusterings of a dataset, what they were made from, and what is found out about them."""

    def __init__(self, registry: Registry, dataset: Dataset) -> None:
        """Read the clusterings. Raises CoveyError where there is none, or a table is damaged."""
        self.registry = registry
        self.dataset = dataset
        self.kept = dataset.entries_by_key()
        self.clusterings = {entry.stem: dataset.load(entry) for entry in dataset.clusterings()}
        self.table = functools.lru_cache(maxsize=1)(self._table)
        if not self.clusterings:
            raise CoveyError(f"There is no clustering in {dataset.location}: make one with covey run.")

    def names(self) -> list[str]:
        """Return the images of all clusterings, sorted."""
        return sorted({name for table in self.clusterings.values() for name in table.names.tolist()})

    def rows(
        self,
        truth: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
        progress: Progress = SILENT,
    ) -> list[Row]:
        """Return one row for each clustering, by name.

        Args:
            truth: the label of each image that has one.
            groups: the recording of each image; by default as the file names tell.
            progress: told of each clustering.

        Raises:
            CoveyError: a table is damaged, or no image of a clustering has a label.
        """
        groups = recordings_of_images(self.names()) if groups is None else groups
        neighbours = functools.cache(lambda key: self._neighbours(key, truth or {}, groups))
        with progress.step("Evaluating", len(self.clusterings), "clustering") as step:
            return [step.tick(self._row(name, truth, groups, neighbours)) for name in self.clusterings]

    def clusterer(self, provenance: Provenance) -> Clusterer | None:
        """Return what made a clustering; None where it is not installed, or is another version."""
        try:
            clusterer = options.build(self.registry.get(Kind.CLUSTERER, provenance.component), provenance.options)
        except CoveyError:
            return None
        return clusterer if clusterer.version == provenance.version else None

    def _row(
        self,
        name: str,
        truth: Mapping[str, str] | None,
        groups: Mapping[str, str],
        neighbours: Callable[[str], float | None],
    ) -> Row:
        clustering = self.clusterings[name]
        provenance = clustering.provenance
        row = Row(clustering=name, provenance=provenance, shape=self._shape(clustering, groups))
        if truth is None:
            return row
        reduced = (
            provenance.source if provenance and provenance.source and provenance.source.kind is Kind.REDUCER else None
        )
        return attrs.evolve(
            row,
            scores=evaluate(clustering, truth, groups),
            neighbours=neighbours(provenance.input) if provenance else None,
            neighbours_features=neighbours(reduced.input if reduced else provenance.input) if provenance else None,
        )

    def _shape(self, clustering: Clustering, groups: Mapping[str, str]) -> Shape:
        provenance = clustering.provenance
        if provenance is None:
            return shape(clustering, groups=groups)
        table = self.table(provenance.input)
        Z = None if table is None else table.points
        return shape(clustering, Z, self.clusterer(provenance), groups, self._siblings(provenance))

    def _siblings(self, provenance: Provenance) -> list[Clustering]:
        alike = key_without_seed(provenance)
        others = [(table, table.provenance) for table in self.clusterings.values() if table.provenance]
        return [table for table, other in others if other.key != provenance.key and key_without_seed(other) == alike]

    def _neighbours(self, key: str, truth: Mapping[str, str], groups: Mapping[str, str]) -> float | None:
        table = self.table(key)
        return None if table is None else neighbour_accuracy(table.names, table.points, truth, groups)

    def _table(self, key: str) -> PointTable | None:
        if key not in self.kept:
            return None
        entry = self.kept[key]
        return None if is_entry_of(entry, Clustering) else self.dataset.load_points(entry)


def rank_rows(rows: Sequence[Row], measure: str | None = None) -> list[Row]:
    """Return rows, the best first; those of which the measure is not known come last.

    By default by agreement with labels (ami) where there are some, or else by density-based validity.

    Raises:
        CoveyError: the measure needs labels, and there are none.
    """
    labelled = any(row.scores for row in rows)
    criterion = measure or ("ami" if labelled else "validity")
    if criterion in WITH_LABELS and not labelled:
        raise CoveyError(f"{criterion} compares with labels: name a file with --labels, or sort by another measure.")
    return sorted(rows, key=lambda row: (-_high(row.value(criterion)), row.clustering))


def shown_measures(labelled: bool, first: str | None = None) -> list[str]:
    """Return the measures to show in a leaderboard, the one that decides first."""
    available = [measure for measure in MEASURES if labelled or measure not in WITH_LABELS]
    return sorted(available, key=lambda measure: measure != first)


def heading(measure: str) -> str:
    """Return what a measure is called in a table."""
    return HEADINGS.get(measure, measure)


def explain_measures(measures: Sequence[str], labelled: bool) -> list[tuple[str, str]]:
    """Return the heading and meaning of each measure of a leaderboard, then of the signs in it."""
    headings = [*map(heading, measures), *(["noise"] if labelled else []), "-"]
    return [(name, MEANINGS[name]) for name in headings]


def format_measure(row: Row, measure: str) -> str:
    """Return a measure of a row as it stands in a table."""
    measured = row.value(measure)
    if measured is None:
        return "-"
    return f"{measured:,}" if measure == "clusters" else f"{measured:.0%}" if measure in SHARES else f"{measured:.3f}"


def _high(score: float | None) -> float:
    return float("-inf") if score is None else score
