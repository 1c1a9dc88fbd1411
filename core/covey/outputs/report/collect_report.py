"""Collects the contents of a report; other modules draw and write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, did_you_mean
from covey._base.progress import SILENT, Progress
from covey.analysis.assist.neighbours import measure_oddity
from covey.analysis.measures.clustering_agreement import agreement_matrix
from covey.analysis.measures.label_measures import AdjustedMutualInformation
from covey.analysis.measures.leaderboard import Leaderboard, Row, rank_rows
from covey.analysis.measures.measure_columns import Column, select_columns
from covey.analysis.profiles import Profile, profile_option
from covey.components import options
from covey.components.contracts import Clusterer, Floats
from covey.data.credits import Credit, list_credits
from covey.data.dataset import table_stem
from covey.data.images import ImageFolder
from covey.data.metadata import read_metadata
from covey.data.segment_names import recordings_of_images
from covey.data.tables import NOISE, Clustering, Embedding
from covey.outputs.methods_text import describe_methods

TYPICAL, ODD = 12, 6
"""Images shown of a cluster."""
MOST_CLUSTERS = 60
"""Largest clusters whose images are shown, so that a report stays below 25 MB."""
COMPARED = 12
"""Best clusterings that are compared with each other."""
UNKNOWN_ORIGIN = "It is not recorded how this clustering was made."


@attrs.frozen(kw_only=True)
class Group:
    """One cluster: the number of images, also of each recording and of each label, the most frequent first.

    `typical` and `odd` are images of it, the most typical and the oddest first; empty if its images are not shown.
    """

    cluster: int
    images: int
    recordings: Sequence[tuple[str, int]]
    labels: Sequence[tuple[str, int]]
    typical: Sequence[str]
    odd: Sequence[str]


@attrs.frozen(kw_only=True, eq=False)
class ReportContents:
    """The contents of a report.

    Attributes:
        location: location of the dataset.
        folder: the images; None if they are not on this machine.
        rows: all clusterings with their measures, the best first.
        columns: the measures of the leaderboard, the one that ranks first if one was given.
        chosen: the row of the clustering that the rest is about.
        methods: the methods text.
        clustering: the clustering.
        map: its map, (n, 2) float32; None if its table is not in the dataset or has no map.
        profile: its profile; None if it cannot be computed.
        groups: its clusters, the largest first.
        credits: whom to thank for the recordings behind its images.
        compared: the names of the clusterings in `agreements`.
        agreements: adjusted mutual information of the compared clusterings, (m, m).
    """

    location: str
    folder: ImageFolder | None
    rows: Sequence[Row]
    columns: Sequence[Column]
    chosen: Row
    methods: str
    clustering: Clustering
    map: Floats | None
    profile: Profile | None
    groups: Sequence[Group]
    credits: Sequence[Credit]
    compared: Sequence[str]
    agreements: NDArray[np.float64]


def collect_report(
    board: Leaderboard,
    truth: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    measure: str | None = None,
    name: str | None = None,
    progress: Progress = SILENT,
) -> ReportContents:
    """Collect the contents of a report.

    Args:
        board: the clusterings of a dataset.
        truth: the label of each image that has one.
        groups: the recording of each image; by default read from the file names.
        measure: the measure that ranks the clusterings, by the name of its column.
        name: the clustering to show; by default the best.
        progress: reports each step.

    Raises:
        CoveyError: there is no such clustering or measure, or a table is damaged.
    """
    groups = recordings_of_images(board.names()) if groups is None else groups
    rows = rank_rows(board.rows(truth, groups, progress), board.columns, measure)
    chosen = _choose_row(rows, name, {entry.stem: entry.title for entry in board.dataset.clusterings()})
    clustering, provenance = board.clusterings[chosen.clustering], chosen.provenance
    table = board.table(provenance.input) if provenance else None
    Z = None if table is None else table.points
    clusterer = board.clusterer(provenance) if provenance else None
    compared = [row.clustering for row in rows[:COMPARED]]
    return ReportContents(
        location=board.dataset.location,
        folder=board.dataset.images,
        rows=rows,
        columns=select_columns(board.columns, truth is not None, measure),
        chosen=chosen,
        methods=describe_methods(provenance, board.registry) if provenance else UNKNOWN_ORIGIN,
        clustering=clustering,
        map=table.map if isinstance(table, Embedding) else None,
        profile=None if clusterer is None or Z is None else _compute_profile(clusterer, Z, progress),
        groups=_describe_clusters(clustering, Z, truth or {}, groups),
        credits=_list_credits(board, clustering),
        compared=compared,
        agreements=agreement_matrix([board.clusterings[name] for name in compared], AdjustedMutualInformation()),
    )


def _list_credits(board: Leaderboard, clustering: Clustering) -> list[Credit]:
    names: list[str] = clustering.names.tolist()
    return list_credits(names, read_metadata(board.dataset).of(names))


def _choose_row(rows: Sequence[Row], name: str | None, title_by_stem: Mapping[str, str]) -> Row:
    if name is None:
        return rows[0]
    rows_by_name = {row.clustering: row for row in rows}
    title = title_by_stem.get(table_stem(name), name)
    if title not in rows_by_name:
        raise CoveyError(
            f"There is no clustering {name!r}.{did_you_mean(title, rows_by_name)} The page Compare of the dashboard"
            " and `covey compare` list them."
        )
    return rows_by_name[title]


def _compute_profile(clusterer: Clusterer, Z: Floats, progress: Progress) -> Profile | None:
    """Return the profile along the first numeric live option; None if the clusterer prepares none."""
    declared = options.options(type(clusterer))
    live = [option.name for option in declared if option.live and option.type in (int, float)]
    prepared = clusterer.prepare(Z, progress) if live else None
    return profile_option(clusterer, Z, live[0], prepared=prepared, progress=progress) if prepared else None


def _describe_clusters(
    clustering: Clustering, Z: Floats | None, truth: Mapping[str, str], groups: Mapping[str, str]
) -> list[Group]:
    clusters, counts = np.unique(clustering.labels[clustering.labels != NOISE], return_counts=True)
    largest: list[int] = clusters[np.argsort(-counts, kind="stable")].tolist()
    return [
        _describe_cluster(clustering, Z if rank < MOST_CLUSTERS else None, cluster, truth, groups)
        for rank, cluster in enumerate(largest)
    ]


def _describe_cluster(
    clustering: Clustering, Z: Floats | None, cluster: int, truth: Mapping[str, str], groups: Mapping[str, str]
) -> Group:
    inside = np.flatnonzero(clustering.labels == cluster)
    names: list[str] = clustering.names[inside].tolist()
    order: list[str] = []
    if Z is not None:
        order = clustering.names[inside[np.argsort(measure_oddity(Z[inside]), kind="stable")]].tolist()
    return Group(
        cluster=cluster,
        images=len(names),
        recordings=Counter(groups[name] for name in names if name in groups).most_common(),
        labels=Counter(truth[name] for name in names if name in truth).most_common(),
        typical=order[:TYPICAL],
        odd=order[TYPICAL:][: -ODD - 1 : -1],
    )
