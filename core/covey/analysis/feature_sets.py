"""Sets of features side by side: each standardised, optionally whitened, and all with equal weight in distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]
CHUNK = 256
"""Columns that are converted to float64 at once."""
TOLERANCE = 1e-6
"""Variances that differ by a smaller share are equal: float32 does not tell them apart."""


def combine_features(sets: Sequence[Floats], whiten: float, rows: Rows) -> Floats:
    """Return sets of features as the columns of one array (n, sum of d), each set with the same weight.

    The columns of a set are standardised. With `whiten` above 0 they are replaced by the principal components of the
    set, scaled by variance^(-whiten/2). Then each set gets the same share of the total variance, and the columns are
    rotated until all have the same variance: that changes no distance, and a reducer that standardises columns, as most
    do, leaves the weights as they are.

    Args:
        sets: arrays (n, d) float32 of the same images, finite, of any widths d.
        whiten: from 0 to 1.
        rows: the rows from which means, variances and components are computed, such as those of distinct images.
    """
    scaled_sets = [standardise(X, rows) for X in sets]
    if whiten:
        scaled_sets = [(X @ whitening_axes(X[rows], whiten)).astype(np.float32) for X in scaled_sets]
    return _rotate_to_equal_variances(weigh_equally(scaled_sets, rows), rows)


def weigh_equally(sets: Sequence[Floats], rows: Rows) -> Floats:
    """Return sets (n, d) side by side, centred, each with the same share of the variance: 1 a column on average.

    A set is scaled as a whole; one in which all rows are equal becomes 0.
    """
    centred_sets = [X - X[rows].mean(axis=0, dtype=np.float64).astype(np.float32) for X in sets]
    totals = [float(_variances(X, rows).sum()) for X in centred_sets]
    share = sum(X.shape[1] for X in sets) / max(1, np.count_nonzero(totals))
    return np.hstack(
        [X * np.float32(np.sqrt(share / total) if total else 0) for X, total in zip(centred_sets, totals, strict=True)]
    )


def standardise(X: Floats, rows: Rows) -> Floats:
    """Return X with mean 0 and variance 1 in each column; a constant column becomes 0."""
    standardised = np.empty(X.shape, np.float32)
    for start in range(0, X.shape[1], CHUNK):
        columns = X[:, start : start + CHUNK].astype(np.float64)
        fitted = columns[rows]
        is_constant = fitted.max(axis=0) == fitted.min(axis=0)
        deviations = np.where(is_constant, np.inf, fitted.std(axis=0))
        standardised[:, start : start + CHUNK] = (columns - fitted.mean(axis=0)) / deviations
    return standardised


def whitening_axes(X: Floats, strength: float) -> Doubles:
    """Return the principal axes (d, r) of centred X (n, d), the strongest last, each scaled by variance^(-strength/2).

    `X @ axes` are the principal components; with strength 0 their variances are as they were, with 0.5 the square roots
    of that, with 1 all are 1. Axes whose variance is rounding error are left out; r is 0 if all rows are equal.
    """
    fitted = X.astype(np.float64)
    is_wide = len(fitted) < fitted.shape[1]
    products: Doubles = fitted @ fitted.T if is_wide else fitted.T @ fitted
    variances, vectors = np.linalg.eigh(products / len(fitted))
    smallest = variances.max(initial=0) * (max(fitted.shape) * np.finfo(np.float32).eps) ** 2
    is_kept = variances > smallest
    variances, vectors = variances[is_kept], vectors[:, is_kept]
    axes: Doubles = fitted.T @ vectors / np.sqrt(len(fitted) * variances) if is_wide else vectors
    scaled_axes: Doubles = axes * variances ** (-strength / 2)
    return scaled_axes


def _variances(X: Floats, rows: Rows) -> Doubles:
    """Return the variance of each column of centred X (n, d)."""
    starts = range(0, X.shape[1], CHUNK)
    chunks = [(X[rows, start : start + CHUNK].astype(np.float64) ** 2).mean(axis=0) for start in starts]
    return np.concatenate([np.zeros(0), *chunks])


def _rotate_to_equal_variances(X: Floats, rows: Rows) -> Floats:
    """Rotate centred X (n, d) in place, and return it, until its columns have the same variance (Bendel, Mickey 1978).

    Bendel, R. B. and Mickey, M. R. (1978). Population correlation matrices for sampling experiments. Communications in
    Statistics B, 7(2), 163-182: each rotation of two columns, one below and one above the mean variance, gives the
    first the mean.
    """
    variances = _variances(X, rows)
    mean = float(variances.mean()) if len(variances) else 0.0
    while True:
        below = np.flatnonzero(variances < mean * (1 - TOLERANCE))
        above = np.flatnonzero(variances > mean * (1 + TOLERANCE))
        count = min(len(below), len(above), CHUNK)
        if not count:
            return X
        _rotate_pairs(X, rows, below[:count], above[:count], mean, variances)


def _rotate_pairs(X: Floats, rows: Rows, below: Rows, above: Rows, mean: float, variances: Doubles) -> None:
    """Rotate pairs of columns, in X and in their variances, so that the one below the mean variance gets it."""
    first, second = X[:, below].astype(np.float64), X[:, above].astype(np.float64)
    covariances = (first[rows] * second[rows]).mean(axis=0)
    lacking, excess = mean - variances[below], variances[above] - mean
    root = np.sqrt(covariances**2 + lacking * excess)
    tangents = lacking / (covariances + np.where(covariances < 0, -root, root))
    cosines = 1 / np.sqrt(1 + tangents**2)
    sines = tangents * cosines
    X[:, below] = cosines * first + sines * second
    X[:, above] = cosines * second - sines * first
    variances[above] += variances[below] - mean
    variances[below] = mean
