"""Where similar images lie near each other: features with their strongest components balanced, as directions."""

from __future__ import annotations

import numpy as np

from covey.components.contracts import Floats

COMPONENTS = 40
"""Principal components that are kept; weaker ones of the features at hand were noise (tests/benchmarks/worklist.py)."""
NARROW = 16
"""Arrays of fewer columns are embeddings: the length of a row counts in these."""
FITTED = 20_000
"""Rows from which the components are computed, at most."""


def as_similarity_space(X: Floats) -> Floats:
    """Return features (n, d) as rows (n, k) float32 whose Euclidean distances say how different images are.

    The columns are standardised and replaced by their strongest principal components, scaled by variance^(-1/4): half
    way to equal variances. Each row gets length 1, so that the distance is that of the cosine. An array of less than
    NARROW columns is only standardised. Components of more than FITTED rows are computed from FITTED of them, drawn at
    random with a fixed seed.
    """
    rows = np.sort(np.random.default_rng(0).permutation(len(X))[:FITTED])
    deviations = X[rows].std(axis=0, dtype=np.float64)
    scale = np.where(deviations > 0, deviations, 1).astype(np.float32)
    standardised: Floats = (X - X[rows].mean(axis=0, dtype=np.float64).astype(np.float32)) / scale
    if X.shape[1] < NARROW:
        return standardised
    variances, axes = np.linalg.eigh(np.cov(standardised[rows], rowvar=False, bias=True))
    variances, axes = variances[::-1][:COMPONENTS], axes[:, ::-1][:, :COMPONENTS]
    is_kept = variances > 1e-6 * max(variances.max(), np.finfo(np.float32).tiny)
    components: Floats = standardised @ (axes[:, is_kept] * variances[is_kept] ** -0.25).astype(np.float32)
    lengths: Floats = np.linalg.norm(components, axis=1, keepdims=True)
    return np.asarray(components / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
