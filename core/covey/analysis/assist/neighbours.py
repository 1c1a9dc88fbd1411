"""Neighbours: the images most like some images, and how far each image of a group lies from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

BLOCK = 2**22
"""Numbers that are looked at at a time."""
MEMBERS = 500
"""Images of a selection that stand for all of it, at most."""
NEIGHBOURS = 10
SAMPLE = 5000
"""Rows among which neighbours are looked for, at most."""


def nearest_rows(X: Floats, rows: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return the rows that are nearest to any of some rows, the nearest first, without those rows themselves.

    The distance is Euclidean, exact, between columns of standard deviation 1, to the nearest of `rows`: so a selection
    of any shape, or in several pieces, finds what adjoins it. Of more than MEMBERS rows as many, drawn at random with
    a fixed seed, stand for all.

    Args:
        X: features or an embedding (n, d).
        rows: one or more rows.
        count: how many are wanted; there are fewer when X has fewer.
    """
    drawn = np.random.default_rng(0).permutation(rows)[:MEMBERS]
    scale = _deviations(X)
    references = X[drawn] / scale
    distances = np.concatenate([_distances(X[start:end] / scale, references) for start, end in _blocks(X)])
    distances[rows] = np.inf
    order = np.argsort(distances, kind="stable")
    return order[: min(count, len(X) - len(np.unique(rows)))]


def oddity(Z: Floats) -> Floats:
    """Return how odd each row of a group is: its mean distance to its NEIGHBOURS nearest rows (n,) float32.

    The least odd are the most typical: they lie where the group is densest, whatever its shape (the distance to the
    nearest neighbours as a measure of outliers: Ramaswamy et al. 2000; their mean: Angiulli and Pizzuti 2002). In a
    group of more than SAMPLE rows the neighbours are looked for among as many, drawn at random with a fixed seed.

    Args:
        Z: the group's rows of an embedding (n, k).
    """
    from sklearn.neighbors import NearestNeighbors

    drawn = np.random.default_rng(0).permutation(len(Z))[:SAMPLE]
    neighbours = min(NEIGHBOURS, len(drawn) - 1)
    if neighbours < 1:
        return np.zeros(len(Z), dtype=np.float32)
    search = NearestNeighbors(n_neighbors=neighbours + 1, algorithm="brute").fit(Z[drawn])
    distances, _ = search.kneighbors(Z)
    odd = distances[:, :-1].mean(axis=1)
    odd[drawn] = distances[drawn, 1:].mean(axis=1)  # each of these is the nearest to itself
    return np.asarray(odd, dtype=np.float32)


def _blocks(X: Floats) -> list[tuple[int, int]]:
    step = max(1, BLOCK // X.shape[1])
    return [(start, start + step) for start in range(0, len(X), step)]


def _deviations(X: Floats) -> Floats:
    """Return the standard deviation of each column (d,), 1 where it is 0, without a copy of X."""
    mean = sum(X[start:end].sum(axis=0, dtype=np.float64) for start, end in _blocks(X)) / len(X)
    variance = sum(np.square(X[start:end] - mean).sum(axis=0) for start, end in _blocks(X)) / len(X)
    return np.where(variance > 0, np.sqrt(variance), 1).astype(np.float32)


def _distances(block: Floats, references: Floats) -> Floats:
    """Return the distance of each row of a block (b,) to the nearest of those wanted."""
    from sklearn.metrics import pairwise_distances_argmin_min

    return np.asarray(pairwise_distances_argmin_min(block, references)[1], dtype=np.float32)
