"""The images most similar to a selection, and how far each image of a group lies from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

BLOCK = 2**22
"""Numbers of an array that are processed at a time."""
MEMBERS = 500
"""Images of a selection that are compared, at most; more are represented by a sample."""
NEIGHBOURS = 10
SAMPLE = 5000
"""Rows of a group among which neighbours are searched, at most."""


def nearest_rows(X: Floats, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return the rows nearest to a selection of rows, the nearest first, without the selection itself.

    The distance to a selection is that to its nearest row, so that a selection of any shape, or in several pieces, has
    the rows around it as neighbours. It is Euclidean and exact, with columns scaled to standard deviation 1. A
    selection of more than MEMBERS rows is represented by MEMBERS of them, drawn at random with a fixed seed.

    Args:
        X: features or an embedding (n, d).
        rows: the selection, one or more rows.
        count: number of rows to return; fewer if X has fewer.
    """
    sampled_rows: NDArray[np.intp] = np.random.default_rng(0).permutation(rows)[:MEMBERS]
    distances = _scaled_distances(X, X[sampled_rows])
    distances[rows] = np.inf
    order: NDArray[np.intp] = np.argsort(distances, kind="stable")
    return order[: min(count, len(X) - len(np.unique(rows)))]


def nearest_to_points(X: Floats, points: Floats, count: int) -> NDArray[np.intp]:
    """Return the rows nearest to points that are no rows themselves, the nearest first; distances as in `nearest_rows`.

    Args:
        X: features (n, d).
        points: features of what is searched for (k, d), one or more.
        count: number of rows to return; fewer if X has fewer.
    """
    order: NDArray[np.intp] = np.argsort(_scaled_distances(X, points), kind="stable")
    return order[:count]


def nearest_by_cosine(X: Floats, points: Floats, count: int) -> NDArray[np.intp]:
    """Return the rows that point most nearly where one of some points (k, d) does, the nearest first."""
    directions = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    lengths = np.maximum(np.linalg.norm(X, axis=1), np.finfo(np.float32).tiny)
    order: NDArray[np.intp] = np.argsort(-(X @ directions.T).max(axis=1) / lengths, kind="stable")
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

    sampled_rows: NDArray[np.intp] = np.random.default_rng(0).permutation(len(Z))[:SAMPLE]
    neighbours = min(NEIGHBOURS, len(sampled_rows) - 1)
    if neighbours < 1:
        return np.zeros(len(Z), dtype=np.float32)
    search = NearestNeighbors(n_neighbors=neighbours + 1, algorithm="brute").fit(Z[sampled_rows])
    distances: Floats = search.kneighbors(Z)[0]
    oddities: Floats = distances[:, :-1].mean(axis=1)
    oddities[sampled_rows] = distances[sampled_rows, 1:].mean(axis=1)  # without the row itself, the nearest
    return oddities.astype(np.float32)


def _blocks(X: Floats) -> list[tuple[int, int]]:
    columns: int = X.shape[1]
    step = max(1, BLOCK // columns)
    return [(start, start + step) for start in range(0, len(X), step)]


def _deviations(X: Floats) -> Floats:
    """Return the standard deviation of each column (d,), 1 where it is 0, without a copy of X."""
    mean: NDArray[np.float64] = sum(X[start:end].sum(axis=0, dtype=np.float64) for start, end in _blocks(X)) / len(X)
    variance: NDArray[np.float64] = sum(np.square(X[start:end] - mean).sum(axis=0) for start, end in _blocks(X)) / len(
        X
    )
    return np.where(variance > 0, np.sqrt(variance), 1).astype(np.float32)


def _scaled_distances(X: Floats, points: Floats) -> Floats:
    """Return the distance of each row to the nearest point, (n,) float32, with columns of standard deviation 1."""
    scale = _deviations(X)
    references = points / scale
    return np.concatenate([_distances(X[start:end] / scale, references) for start, end in _blocks(X)])


def _distances(block: Floats, references: Floats) -> Floats:
    """Return the distance of each row of a block to the nearest reference, (b,) float32."""
    from sklearn.metrics import pairwise_distances_argmin_min

    return np.asarray(pairwise_distances_argmin_min(block, references)[1], dtype=np.float32)
