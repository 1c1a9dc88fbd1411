"""The probability, from the labels so far, that an image belongs to a class."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from covey.components.contracts import Floats

Marks = NDArray[np.bool_]
"""A yes or no for each image and class, (n, c)."""

NEIGHBOURS = 15
STAY = 0.8
"""The probability that a walk goes on at each step: the smaller, the nearer a label must be to count."""
STEPS = 8
MOST = 500
"""Labelled images of a class from which the classes are learned; more take time and change little."""
SEARCHED = 20_000
"""Images among which neighbours in the features are searched, at most: the time grows with the square."""
_LEAST = 1e-4


class _Matrix(Protocol):
    """A sparse matrix (n, n) that multiplies dense ones (n, c)."""

    def __matmul__(self, dense: Floats, /) -> Floats: ...


class Certainty:
    """Estimates the classes of images from those that have labels.

    Two views are multiplied: discriminant analysis on the features, which separates the classes, and a walk among
    neighbours in features and embedding, which also shows that an image is far from every label.
    """

    def __init__(self, X: Floats, Z: Floats) -> None:
        """Prepare features (n, d) and an embedding (n, k), float32, with the same images in the rows; n >= 1.

        The features lie in a similarity space, so that there are few of them.
        """
        self.X = X
        self.transitions = [_transition_matrix(points) for points in ((X, Z) if len(X) <= SEARCHED else (Z,))]

    def estimate(self, assigned: Marks, refused: Marks) -> Floats:
        """Return the probability of each class for each image, (n, c) float32.

        The sum of a row is at most 1; the difference from 1 is the probability that the image belongs to no class so
        far. The probability is 0 for a class without labelled images, and for a class that was refused for the image.

        Args:
            assigned: whether each image has each class, (n, c).
            refused: whether a person said that the image does not belong to the class, (n, c).
        """
        if not assigned.any():
            return np.zeros(assigned.shape, dtype=np.float32)
        probabilities = self._walk_probabilities(assigned, refused)
        evidence: Floats = probabilities.sum(axis=1, keepdims=True)
        scores: Floats = np.sqrt(
            (probabilities / np.maximum(evidence, _LEAST) + _LEAST) * (self._class_probabilities(assigned) + _LEAST)
        )
        scores *= ~refused & assigned.any(axis=0)
        shares: Floats = scores / np.maximum(scores.sum(axis=1, keepdims=True), _LEAST**2)
        return np.asarray(shares * np.sqrt(np.minimum(evidence, 1)), dtype=np.float32)

    def _walk_probabilities(self, assigned: Marks, refused: Marks) -> Floats:
        """Return the probability that a walk from each image ends at a label of each class, (n, c).

        A partially absorbing random walk (Wu et al. 2012, NIPS 25): it also ends, without a label, with probability
        1 - STAY at each step.
        """
        labelled: NDArray[np.bool_] = np.asarray(assigned.any(axis=1))
        ends = (assigned[labelled] / assigned[labelled].sum(axis=1, keepdims=True)).astype(np.float32)
        arrivals = np.zeros(assigned.shape, dtype=np.float32)
        arrivals[labelled] = ends
        for _ in range(STEPS):
            steps = [transitions @ arrivals for transitions in self.transitions]
            arrivals = np.mean(steps, axis=0) * np.float32(STAY)
            arrivals[refused] = 0
            arrivals[labelled] = ends
        return arrivals

    def _class_probabilities(self, assigned: Marks) -> Floats:
        """Return the probability of each class, (n, c), by linear discriminant analysis.

        The covariance is shrunk, since there may be few labels (Ledoit and Wolf 2004).
        """
        from scipy.special import softmax
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        probabilities = np.zeros(assigned.shape, dtype=np.float32)
        rows, classes = _draw_labelled(assigned)
        present = np.unique(classes)
        if len(present) < 2 or len(rows) == len(present):  # too few labels to learn from
            probabilities[:, present] = 1 / len(present)
            return probabilities
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(self.X[rows], classes)
        weights: Floats = np.asarray(model.coef_, dtype=np.float32)
        offsets: Floats = np.asarray(model.intercept_, dtype=np.float32)
        scores: Floats = self.X @ weights.T + offsets
        if len(present) == 2:  # then there is one column of scores, for the second class
            scores = np.hstack([np.zeros_like(scores), scores])
        probabilities[:, present] = softmax(scores, axis=1)
        return probabilities


def _transition_matrix(Z: Floats) -> _Matrix:
    """Return the probability of a step from each image to each of its neighbours, (n, n), sparse."""
    from scipy import sparse
    from scipy.spatial import cKDTree

    count = min(NEIGHBOURS, len(Z) - 1)
    if count < 1:
        nowhere: _Matrix = sparse.csr_matrix((len(Z), len(Z)), dtype=np.float32)
        return nowhere
    lengths: NDArray[np.float64]
    neighbours: NDArray[np.intp]
    lengths, neighbours = cKDTree(Z).query(Z, count + 1, workers=-1)
    lengths, neighbours = lengths[:, 1:], neighbours[:, 1:]  # without the image itself
    longest: NDArray[np.float64] = np.maximum(lengths[:, -1:], float(np.finfo(np.float32).tiny))
    relative: NDArray[np.float64] = lengths / longest
    weights: Floats = np.exp(-(relative**2), dtype=np.float64).astype(np.float32)
    rows, columns = np.repeat(np.arange(len(Z)), count), neighbours.ravel()
    pairs = sparse.csr_matrix((weights.ravel(), (rows, columns)), (len(Z), len(Z)))
    mutual_weights = pairs.maximum(pairs.T).tocsr()
    sums: Floats = np.asarray(mutual_weights.sum(axis=1)).ravel()
    transitions: _Matrix = (sparse.diags(1 / sums) @ mutual_weights).tocsr().astype(np.float32)
    return transitions


def _draw_labelled(assigned: Marks) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of labelled images and their classes, at most MOST of a class, the same on every call."""
    random = np.random.default_rng(0)
    class_rows: list[NDArray[np.intp]] = []
    for column in range(len(assigned[0])):
        rows = np.flatnonzero(assigned[:, column])
        class_rows.append(rows if len(rows) <= MOST else np.sort(random.choice(rows, MOST, replace=False)))
    return np.concatenate(class_rows), np.repeat(np.arange(len(class_rows)), [len(rows) for rows in class_rows])
