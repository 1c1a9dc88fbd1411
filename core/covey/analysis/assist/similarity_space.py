"""Where similar images lie near each other: features with their strongest components balanced, as directions."""

from __future__ import annotations

import numpy as np

from covey.analysis.feature_sets import standardise, whitening_axes
from covey.components.contracts import Floats

COMPONENTS = 40
"""Principal components that are kept; weaker ones of the features at hand were noise (tests/benchmarks/worklist.py)."""
NARROW = 16
"""Arrays of fewer columns are embeddings: the length of a row counts in these."""
WHITEN = 0.5
"""How far their variances are made equal, 0 to 1."""
FITTED = 20_000
"""Rows from which the components are computed, at most."""


def as_similarity_space(X: Floats) -> Floats:
    """Return features (n, d) as rows (n, k) float32 whose Euclidean distances say how different images are.

    The columns are standardised and replaced by their strongest principal components, scaled by variance^(-1/4): half
    way to equal variances. Each row gets length 1, so that the distance is that of the cosine. An array of less than
    NARROW columns, or of equal rows, is only standardised. Components of more than FITTED rows are computed from FITTED
    of them, drawn at random with a fixed seed.
    """
    if not len(X):
        return X
    rows = np.sort(np.random.default_rng(0).permutation(len(X))[:FITTED])
    standardised = standardise(X, rows)
    axes = whitening_axes(standardised[rows], WHITEN)[:, -COMPONENTS:] if X.shape[1] >= NARROW else np.empty(0)
    if not axes.size:
        return standardised
    components: Floats = standardised @ axes.astype(np.float32)
    lengths: Floats = np.linalg.norm(components, axis=1, keepdims=True)
    return np.asarray(components / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
