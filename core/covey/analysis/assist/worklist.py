"""The work-list: which images to show next to a person who labels, so that most are labelled with the least work."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.analysis.assist.certainty import Certainty, Marks
from covey.components.contracts import Floats

MOST = 100
"""Images of a batch, at most."""
LEAST = 4
"""Images that make a group worth showing."""
CORE = 0.6
"""The part of a group that is shown, its middle: what lies further out is easier to suggest later."""
PURE = 0.85
"""The part of a group that is of one class, as long as nothing is known of this dataset."""
SURE = 0.4
"""An image whose class is known better than this is not shown in a group without a name."""
ROUNDS = 20
"""Rounds in which groups are made: more would make them hardly better."""
LOOKS = 2
"""Actions that a batch takes besides clicking out what is wrong: to look at it, and to accept it."""


@attrs.frozen(eq=False)
class Batch:
    """Images to look at in one go.

    `rows` (m,) are images, the most certain first. `label` is the class that is suggested for all of them; None for a
    `group` of images alike that a person may name. `expected` is how many of them are likely to be right.
    """

    rows: NDArray[np.intp]
    label: int | None
    group: int | None
    expected: float


@attrs.frozen(eq=False)
class Answer:
    """What a person said to a batch: how many of its images were right; 0 when it was skipped."""

    batch: Batch
    right: int


class Worklist:
    """Says what comes next, given the labels and answers so far; keeps no state of its own.

    At first there are groups of images alike, to be named; as labels come, batches of one suggested class. Whichever
    promises more right labels for an action is next, an action being to look, to accept, or to click out one image.
    """

    def __init__(self, X: Floats, Z: Floats) -> None:
        """Prepare features (n, d) and embedding (n, k), float32, rows alike; n >= 1."""
        self.certainty = Certainty(X, Z)
        self.groups = _groups(Z)

    def next(self, assigned: Marks, refused: Marks, answers: Sequence[Answer] = ()) -> Batch | None:
        """Return the next batch; None when there is nothing to show.

        Args:
            assigned: the classes that each image has, (n, c); c may be 0. Images that have one are not shown.
            refused: the classes that each was said not to have, (n, c).
            answers: to the batches before, oldest first.
        """
        sure = self.certainty.of(assigned, refused)
        labelled = np.asarray(assigned.any(axis=1))
        rows, classes = np.flatnonzero(~labelled), np.flatnonzero(assigned.any(axis=0)).tolist()
        suggested = [_suggested(sure, rows, label, answers) for label in classes]
        group = self._group(sure, labelled, answers)
        offered = [batch for batch in (*suggested, group) if batch is not None]
        return max(offered, key=_worth, default=None)

    def _group(self, sure: Floats, labelled: NDArray[np.bool_], answers: Sequence[Answer]) -> Batch | None:
        """Return the best group that has not been shown, without the images whose class is known."""
        settled = labelled | (sure.max(axis=1, initial=0) > SURE)
        answered_groups = {answer.batch.group for answer in answers}
        pure = _pure(answers)
        for number in range(len(self.groups)):
            rows = self.groups[number][~settled[self.groups[number]]][:MOST]
            if number not in answered_groups and len(rows) >= max(LEAST, len(self.groups[number]) / 3):
                return Batch(rows, None, number, pure * len(rows))
        return None


def _suggested(sure: Floats, rows: NDArray[np.intp], label: int, answers: Sequence[Answer]) -> Batch | None:
    """Return the batch of one class that promises most right labels for an action."""
    certain = sure[rows, label]
    least = np.partition(certain, -MOST)[-MOST] if len(rows) > MOST else 0
    best = np.flatnonzero(certain >= least)
    order = rows[best[np.argsort(-certain[best], kind="stable")]][:MOST]
    right = np.cumsum(sure[order, label] * _trust(label, answers))
    if not len(order) or right[-1] == 0:
        return None
    wrong = np.arange(1, len(order) + 1) - right
    last = int(np.argmax(right / (LOOKS + wrong)))
    return Batch(order[: last + 1], label, None, float(right[last]))


def _trust(label: int, answers: Sequence[Answer]) -> float:
    """Return how many of a class's suggestions were right for each that was expected, the last ones counting most."""
    right = expected = 2.0
    for answer in answers:
        if answer.batch.label == label:
            right, expected = 0.7 * right + answer.right, 0.7 * expected + answer.batch.expected
    return min(1.0, right / expected)


def _pure(answers: Sequence[Answer]) -> float:
    """Return which part of a group is likely to be of one class."""
    parts = [answer.right / len(answer.batch.rows) for answer in answers if answer.batch.group is not None]
    return float(np.mean([PURE] * 6 + parts))


def _worth(batch: Batch) -> float:
    return batch.expected / (LOOKS + len(batch.rows) - batch.expected)


def _groups(Z: Floats) -> list[NDArray[np.intp]]:
    """Return groups of images alike, the closest and largest first, each from its middle outwards."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    Z = StandardScaler().fit_transform(Z)
    with warnings.catch_warnings(action="ignore"):  # fewer groups are made of images that are all alike
        clustering = KMeans(max(1, round(1.25 * len(Z) ** 0.5)), n_init=1, max_iter=ROUNDS, random_state=0).fit(Z)
    far = np.linalg.norm(Z - clustering.cluster_centers_[clustering.labels_], axis=1)
    order = np.lexsort((far, clustering.labels_))
    whole = np.split(order, np.cumsum(np.bincount(clustering.labels_))[:-1])
    cores = [rows[: max(LEAST, round(CORE * len(rows)))] for rows in whole]
    return sorted(cores, key=lambda rows: float(far[rows].mean() / len(rows) ** 0.5))
