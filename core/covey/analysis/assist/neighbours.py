"""The images most similar to a selection, and how far each image of a group lies from the others."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

Rows = NDArray[np.intp]
BLOCK = 2**22
"""Numbers of an array that are processed at a time."""
MEMBERS = 500
"""Images of a selection that are compared, at most; more are represented by a sample."""
NEIGHBOURS = 10
SAMPLE = 5000
"""Rows of a group among which neighbours are searched, at most."""


@attrs.frozen(eq=False)
class ColumnScale:
    """What a search needs to know of rows (n, d), measured once for many searches.

    Attributes:
        means: of each column (d,).
        deviations: the standard deviation of each column (d,), 1 where it is 0.
        lengths: the squared distance of each scaled row from the mean (n,).
        longest: the Euclidean length of the longest row, which is not scaled.
    """

    means: NDArray[np.float64]
    deviations: Floats
    lengths: Floats
    longest: float

    def estimate_distances(self, X: Floats, points: Floats) -> tuple[Floats, float]:
        """Return the squared distance of each row to the nearest point (n,), and by how much it may be wrong at most.

        With the scale s, the mean m and w = (p - m) / s^2 it is |(x - m) / s|^2 - 2 w (x - m) + w (p - m): one product
        of matrices, for which the rows need not be scaled.
        """
        shifted = points - self.means
        weights = shifted / self.deviations.astype(np.float64) ** 2
        constants = (shifted * weights).sum(axis=1) + 2 * weights @ self.means
        factors, terms = weights.astype(np.float32).T, constants.astype(np.float32)
        blocks = _blocks(len(X), max(points.shape))
        nearest = np.concatenate([(terms - 2 * (X[start:end] @ factors)).min(axis=1) for start, end in blocks])
        size = 2 * self.longest * np.linalg.norm(weights, axis=1).max() + self.lengths.max() + np.abs(constants).max()
        return nearest + self.lengths, float(size * (X.shape[1] + 8) * np.finfo(np.float32).eps)


def measure_columns(X: Floats) -> ColumnScale:
    """Return what a search needs to know of rows (n, d), at least one."""
    blocks = [X[start:end] for start, end in _blocks(*X.shape)]
    means: NDArray[np.float64] = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(X)
    variances: NDArray[np.float64] = sum(np.square(block - means).sum(axis=0) for block in blocks) / len(X)
    deviations = np.where(variances > 0, np.sqrt(variances), 1).astype(np.float32)
    weights = deviations.astype(np.float64) ** -2
    lengths = np.concatenate([np.square(block - means) @ weights for block in blocks])
    longest = max(float(np.einsum("ij,ij->i", block, block).max()) for block in blocks) ** 0.5
    return ColumnScale(means, deviations, lengths.astype(np.float32), longest)


def nearest_rows(X: Floats, rows: Rows, count: int, scale: ColumnScale | None = None) -> Rows:
    """Return the rows nearest to a selection of rows, the nearest first, without the selection itself.

    The distance to a selection is that to its nearest row, so that a selection of any shape, or in several pieces, has
    the rows around it as neighbours. It is Euclidean and exact, with columns scaled to standard deviation 1. A
    selection of more than MEMBERS rows is represented by MEMBERS of them, drawn at random with a fixed seed.

    Args:
        X: features or an embedding (n, d).
        rows: the selection, one or more rows.
        count: number of rows to return; fewer if X has fewer.
        scale: what `measure_columns` returns for X; None to measure it.
    """
    sampled_rows: Rows = np.random.default_rng(0).permutation(rows)[:MEMBERS]
    return _find_nearest(X, X[sampled_rows], count, scale or measure_columns(X), np.unique(rows))


def nearest_to_points(X: Floats, points: Floats, count: int, scale: ColumnScale | None = None) -> Rows:
    """Return the rows nearest to points that are no rows themselves, the nearest first; distances as in `nearest_rows`.

    Args:
        X: features (n, d).
        points: features of what is searched for (k, d), one or more.
        count: number of rows to return; fewer if X has fewer.
        scale: what `measure_columns` returns for X; None to measure it.
    """
    return _find_nearest(X, points, count, scale or measure_columns(X), np.empty(0, dtype=np.intp))


def nearest_by_cosine(X: Floats, points: Floats, count: int) -> Rows:
    """Return the rows that point most nearly where one of some points (k, d) does, the nearest first."""
    directions = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    lengths = np.maximum(np.linalg.norm(X, axis=1), np.finfo(np.float32).tiny)
    order: Rows = np.argsort(-(X @ directions.T).max(axis=1) / lengths, kind="stable")
    return order[:count]


def measure_oddity(Z: Floats) -> Floats:
    """Return how odd each row of a group is: its mean distance to its NEIGHBOURS nearest rows, (n,) float32.

    The least odd rows are the most typical: they lie where the group is densest, whatever its shape (the distance to
    the nearest neighbours as a measure of outliers: Ramaswamy et al. 2000; their mean: Angiulli and Pizzuti 2002). In
    a group of more than SAMPLE rows the neighbours are searched among SAMPLE of them, drawn at random with a fixed
    seed.

    Args:
        Z: the group's rows of an embedding (n, k).
    """
    from sklearn.neighbors import NearestNeighbors

    sampled_rows: Rows = np.random.default_rng(0).permutation(len(Z))[:SAMPLE]
    neighbours = min(NEIGHBOURS, len(sampled_rows) - 1)
    if neighbours < 1:
        return np.zeros(len(Z), dtype=np.float32)
    search = NearestNeighbors(n_neighbors=neighbours + 1, algorithm="brute").fit(Z[sampled_rows])
    distances: Floats = search.kneighbors(Z)[0]
    oddities: Floats = distances[:, :-1].mean(axis=1)
    oddities[sampled_rows] = distances[sampled_rows, 1:].mean(axis=1)  # without the row itself, the nearest
    return oddities.astype(np.float32)


def _blocks(rows: int, width: int) -> list[tuple[int, int]]:
    step = max(1, BLOCK // width)
    return [(start, start + step) for start in range(0, rows, step)]


def _find_nearest(X: Floats, points: Floats, count: int, scale: ColumnScale, excluded: Rows) -> Rows:
    """Return the rows nearest to points: exact distances are computed of those alone that may be among them."""
    count = min(count, len(X) - len(excluded))
    if count < 1:
        return np.empty(0, dtype=np.intp)
    estimates, error = scale.estimate_distances(X, points)
    estimates[excluded] = np.inf
    limit = np.partition(estimates, count - 1)[count - 1] + 2 * error
    candidates: Rows = np.flatnonzero(estimates <= limit)
    references = points / scale.deviations
    blocks = [candidates[start:end] for start, end in _blocks(len(candidates), X.shape[1])]
    distances = np.concatenate([_distances(X[block] / scale.deviations, references) for block in blocks])
    return candidates[np.argsort(distances, kind="stable")][:count]


def _distances(block: Floats, references: Floats) -> Floats:
    """Return the distance of each row of a block to the nearest reference, (b,) float32."""
    from sklearn.metrics import pairwise_distances_argmin_min

    return np.asarray(pairwise_distances_argmin_min(block, references)[1], dtype=np.float32)
