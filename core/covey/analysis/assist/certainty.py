"""How sure it is, from the labels so far, that an image belongs to a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

Marks = NDArray[np.bool_]
"""For each image and class (n, c), whether something is so."""

NEIGHBOURS = 15
STAY = 0.8
"""The probability that a walk goes on at each step: the smaller, the nearer a label must be to count."""
STEPS = 8
MOST = 500
"""Labelled images of a class that are learned from: more cost time and change little."""
_LEAST = 1e-4


class Certainty:
    """What the labelled images say of the others.

    Two views are multiplied: discriminant analysis on the features, which tells the classes apart, and a walk among
    neighbours in the embedding, which also knows that an image is far from anything labelled.
    """

    def __init__(self, X: Floats, Z: Floats) -> None:
        """Prepare features (n, d) and embedding (n, k), float32, rows alike; n >= 1."""
        from sklearn.preprocessing import StandardScaler

        self.X: Floats = StandardScaler().fit_transform(X).astype(np.float32)
        self.steps = _steps(Z)

    def of(self, assigned: Marks, refused: Marks) -> Floats:
        """Return the probability of each class for each image (n, c) float32; a row sums to 1 at most.

        What is missing from 1 is the probability that the image is of no class so far. A class without a labelled
        image has probability 0, as has one that was refused for the image.

        Args:
            assigned: the classes that each image has, (n, c).
            refused: the classes that it was said not to have, (n, c).
        """
        if not assigned.any():
            return np.zeros(assigned.shape, dtype=np.float32)
        near = self._walk_probabilities(assigned, refused)
        evidence = near.sum(axis=1, keepdims=True)
        scores = np.sqrt(
            (near / np.maximum(evidence, _LEAST) + _LEAST) * (self._class_probabilities(assigned) + _LEAST)
        )
        scores *= ~refused & assigned.any(axis=0)
        shares = scores / np.maximum(scores.sum(axis=1, keepdims=True), _LEAST**2)
        return np.asarray(shares * np.sqrt(np.minimum(evidence, 1)), dtype=np.float32)

    def _walk_probabilities(self, assigned: Marks, refused: Marks) -> Floats:
        """Return the probability that a walk from each image ends at a label of each class before it ends by itself.

        A partially absorbing random walk (Wu et al. 2012, NIPS 25).
        """
        labelled = assigned.any(axis=1)
        ends = assigned[labelled] / assigned[labelled].sum(axis=1, keepdims=True)
        arrivals = np.zeros(assigned.shape, dtype=np.float32)
        arrivals[labelled] = ends
        for _ in range(STEPS):
            arrivals = STAY * (self.steps @ arrivals)
            arrivals[refused] = 0
            arrivals[labelled] = ends
        return arrivals

    def _class_probabilities(self, assigned: Marks) -> Floats:
        """Return the probability of each class by linear discriminant analysis (Ledoit and Wolf 2004 when few)."""
        from scipy.special import softmax
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        probabilities = np.zeros(assigned.shape, dtype=np.float32)
        rows, classes = _draw_labelled(assigned)
        present = np.unique(classes)
        if len(present) < 2 or len(rows) == len(present):  # from which nothing can be learned
            probabilities[:, present] = 1 / len(present)
            return probabilities
        model: Any = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(self.X[rows], classes)
        scores = self.X @ model.coef_.T.astype(np.float32) + model.intercept_.astype(np.float32)
        probabilities[:, present] = softmax(scores if len(present) > 2 else np.hstack([0 * scores, scores]), axis=1)
        return probabilities


def _steps(Z: Floats) -> Any:
    """Return the probabilities of a step from each image to each of its neighbours (n, n), sparse."""
    from scipy import sparse
    from scipy.spatial import cKDTree

    count = min(NEIGHBOURS, len(Z) - 1)
    if count < 1:
        return sparse.csr_matrix((len(Z), len(Z)), dtype=np.float32)
    far, places = (found[:, 1:] for found in cKDTree(Z).query(Z, count + 1, workers=-1))
    weights = np.exp(-((far / np.maximum(far[:, -1:], np.finfo(np.float32).tiny)) ** 2)).astype(np.float32)
    rows = np.repeat(np.arange(len(Z)), count)
    pairs = sparse.csr_matrix((weights.ravel(), (rows, places.ravel())), (len(Z), len(Z)))
    both = pairs.maximum(pairs.T).tocsr()
    return (sparse.diags(1 / np.asarray(both.sum(axis=1)).ravel()) @ both).tocsr().astype(np.float32)


def _draw_labelled(assigned: Marks) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return labelled images and their classes, at most MOST of a class, the same each time."""
    random = np.random.default_rng(0)
    members = [np.flatnonzero(column) for column in assigned.T]
    drawn = [rows if len(rows) <= MOST else np.sort(random.choice(rows, MOST, replace=False)) for rows in members]
    return np.concatenate(drawn), np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])
