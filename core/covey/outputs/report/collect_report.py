"""What a report says: everything is found out here, and shown elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError, did_you_mean
from covey._base.progress import SILENT, Progress
from covey.analysis.assist.neighbours import measure_oddity
from covey.analysis.measures import agreement
from covey.analysis.measures.leaderboard import Leaderboard, Row, rank_rows
from covey.analysis.profiles import Profile, profile_option
from covey.components import options
from covey.components.contracts import Clusterer, Floats
from covey.data.dataset import table_stem
from covey.data.images import ImageFolder
from covey.data.segment_names import recordings_of_images
from covey.data.tables import NOISE, Clustering, Embedding
from covey.outputs.methods_text import describe_methods

TYPICAL, ODD = 12, 6
"""Images shown of a cluster."""
MOST_CLUSTERS = 60
"""Clusters, the largest first, of which images are shown: what keeps a report below 25 MB."""
COMPARED = 12
"""Clusterings, the best first, that are compared with each other."""
UNKNOWN_ORIGIN = "It is not recorded how this clustering was made."


@attrs.frozen(kw_only=True)
class Group:
    """One cluster: how many images, and how many of them come from which recording and bear which label.

    `typical` and `odd` are images of it, the most typical and the oddest first; none where images are not shown.
    """

    cluster: int
    images: int
    recordings: Sequence[tuple[str, int]]
    labels: Sequence[tuple[str, int]]
    typical: Sequence[str]
    odd: Sequence[str]


@attrs.frozen(kw_only=True, eq=False)
class ReportContents:
    """What a report says.

    `rows` are all clusterings, the best first, by `measure` where one was asked for. The rest is about the
    `chosen` one: its clustering, its map (n, 2) float32 and its profile, None where they are not known. `alike` is how
    the `compared` clusterings agree, (m, m) adjusted mutual information.
    """

    location: str
    folder: ImageFolder | None
    rows: Sequence[Row]
    measure: str | None
    chosen: Row
    methods: str
    clustering: Clustering
    map: Floats | None
    profile: Profile | None
    groups: Sequence[Group]
    compared: Sequence[str]
    alike: NDArray[np.float64]


def collect(
    board: Leaderboard,
    truth: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
    measure: str | None = None,
    name: str | None = None,
    progress: Progress = SILENT,
) -> ReportContents:
    """Find out what a report says.

    Args:
        board: the clusterings of a dataset.
        truth: the label of each image that has one.
        groups: the recording of each image; by default as the file names tell.
        measure: what ranks the clusterings, as `ranked` takes it.
        name: the clustering to show; by default the best.
        progress: told of each step.

    Raises:
        CoveyError: there is no such clustering, or a table is damaged.
    """
    groups = recordings_of_images(board.names()) if groups is None else groups
    rows = rank_rows(board.rows(truth, groups, progress), measure)
    chosen = _chosen(rows, name)
    clustering, provenance = board.clusterings[chosen.clustering], chosen.provenance
    table = board.table(provenance.input) if provenance else None
    Z = None if table is None else table.points
    clusterer = board.clusterer(provenance) if provenance else None
    compared = [row.clustering for row in rows[:COMPARED]]
    return ReportContents(
        location=board.dataset.location,
        folder=board.dataset.images,
        rows=rows,
        measure=measure,
        chosen=chosen,
        methods=describe_methods(provenance, board.registry)
        if provenance
        else "Nothing is known of how this clustering was made.",
        clustering=clustering,
        map=table.map if isinstance(table, Embedding) else None,
        profile=None if clusterer is None or Z is None else _profile(clusterer, Z, progress),
        groups=_groups(clustering, Z, truth or {}, groups),
        compared=compared,
        alike=agreement.agreement_matrix([board.clusterings[one] for one in compared]),
    )


def _chosen(rows: Sequence[Row], name: str | None) -> Row:
    if name is None:
        return rows[0]
    rows_by_name = {row.clustering: row for row in rows}
    stem = table_stem(name)
    if stem not in rows_by_name:
        raise CoveyError(
            f"There is no clustering {name!r}.{did_you_mean(stem, rows_by_name)} `covey compare` lists them."
        )
    return rows_by_name[stem]


def _profile(clusterer: Clusterer, Z: Floats, progress: Progress) -> Profile | None:
    """Return the profile along the first number among the live options, where the clusterer prepares it."""
    live = [one.name for one in options.options(type(clusterer)) if one.live and one.type in (int, float)]
    prepared = clusterer.prepare(Z, progress) if live else None
    return profile_option(clusterer, Z, live[0], prepared=prepared, progress=progress) if prepared else None


def _groups(
    clustering: Clustering, Z: Floats | None, truth: Mapping[str, str], groups: Mapping[str, str]
) -> list[Group]:
    clusters, counts = np.unique(clustering.labels[clustering.labels != NOISE], return_counts=True)
    largest = clusters[np.argsort(-counts, kind="stable")].tolist()
    return [
        _group(clustering, Z if place < MOST_CLUSTERS else None, cluster, truth, groups)
        for place, cluster in enumerate(largest)
    ]


def _group(
    clustering: Clustering, Z: Floats | None, cluster: int, truth: Mapping[str, str], groups: Mapping[str, str]
) -> Group:
    inside = clustering.labels == cluster
    names = clustering.names[inside].tolist()
    order = [] if Z is None else [names[row] for row in np.argsort(measure_oddity(Z[inside]), kind="stable").tolist()]
    return Group(
        cluster=cluster,
        images=len(names),
        recordings=Counter(groups[name] for name in names if name in groups).most_common(),
        labels=Counter(truth[name] for name in names if name in truth).most_common(),
        typical=order[:TYPICAL],
        odd=order[TYPICAL:][: -ODD - 1 : -1],
    )
