"""How clusterings agree with each other, and which cluster went where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Labels
from covey.data.tables import Clustering

Measure = Literal["ami", "ari"]


@attrs.frozen(eq=False)
class Flow:
    """Which cluster went where: `counts` (m,) whole numbers, the images in a cluster of `one` and one of `other` (m,).

    Only ways that an image went are there, ascending by `one`, then `other`; -1, noise, is a cluster like the others.
    """

    one: Labels
    other: Labels
    counts: NDArray[np.intp]


def common_labels(first: Clustering, second: Clustering) -> tuple[Labels, Labels]:
    """Return the labels of the images that are in both clusterings, matched by name."""
    _, first_rows, second_rows = np.intersect1d(first.names, second.names, return_indices=True)
    return first.labels[first_rows], second.labels[second_rows]


def trace_clusters(first: Clustering, second: Clustering) -> Flow:
    """Return where the images of each cluster went, of those that are in both clusterings."""
    ways, counts = np.unique(np.stack(common_labels(first, second), axis=1), axis=0, return_counts=True)
    return Flow(ways[:, 0], ways[:, 1], counts)


def agreement_matrix(clusterings: Sequence[Clustering], measure: Measure = "ami") -> NDArray[np.float64]:
    """Return how each of m clusterings agrees with each other, (m, m), noise being one more cluster.

    `ami` is adjusted mutual information (Vinh, Epps and Bailey 2010), `ari` the adjusted Rand index (Hubert and Arabie
    1985): 1 for the same groups, 0 for what chance gives. Images that are in one of two clusterings alone are left out
    of the comparison; NaN where there is no other.
    """
    agreements = np.eye(len(clusterings))
    for row, first in enumerate(clusterings):
        for column, second in enumerate(clusterings[:row]):
            agreements[row, column] = agreements[column, row] = _agreement(*common_labels(first, second), measure)
    return agreements


def _agreement(first: Labels, second: Labels, measure: Measure) -> float:
    from sklearn import metrics

    scores = {"ami": metrics.adjusted_mutual_info_score, "ari": metrics.adjusted_rand_score}
    return float(scores[measure](first, second)) if len(first) else float("nan")
