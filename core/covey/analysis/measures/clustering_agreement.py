"""Agreement of clusterings with each other, and how many images each two of their clusters share."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Labels
from covey.components.measure_contract import AgreementMeasure
from covey.data.tables import Clustering


@attrs.frozen(eq=False)
class Flow:
    """The clusters of a first and a second clustering that share images.

    For each such pair of clusters, `first` (m,) and `second` (m,) int32, `counts` (m,) is the number of images in both.
    Pairs are in ascending order; -1, noise, is a cluster like the others.
    """

    first: Labels
    second: Labels
    counts: NDArray[np.intp]


def common_labels(first: Clustering, second: Clustering) -> tuple[Labels, Labels]:
    """Return the labels of the images that are in both clusterings, matched by name."""
    _, first_rows, second_rows = np.intersect1d(first.names, second.names, return_indices=True)
    return first.labels[first_rows], second.labels[second_rows]


def trace_clusters(first: Clustering, second: Clustering) -> Flow:
    """Count the images that each cluster of the first shares with each of the second, of those in both clusterings."""
    pairs: Labels = np.stack(common_labels(first, second), axis=1)
    unique_pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    return Flow(unique_pairs[:, 0], unique_pairs[:, 1], counts)


def agreement_matrix(clusterings: Sequence[Clustering], measure: AgreementMeasure) -> NDArray[np.float64]:
    """Return how each of m clusterings agrees with each other, (m, m), with noise as one more cluster.

    Images that only one of two clusterings has are left out; two clusterings without a common image have NaN.
    """
    agreements: NDArray[np.float64] = np.eye(len(clusterings))
    for row, first in enumerate(clusterings):
        for column, second in enumerate(clusterings[:row]):
            agreements[row, column] = agreements[column, row] = measure_agreement(first, second, measure)
    return agreements


def measure_agreement(first: Clustering, second: Clustering, measure: AgreementMeasure) -> float:
    """Return how two clusterings agree on the images in both; NaN without such images."""
    first_groups, second_groups = (labels.astype(np.intp) for labels in common_labels(first, second))
    return measure.agree(first_groups, second_groups) if len(first_groups) else float("nan")
