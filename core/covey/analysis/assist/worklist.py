"""The work-list: which images a person should label next, so that most are labelled with the least work."""

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
"""Images that a group needs to be shown."""
CORE = 0.6
"""Share of a group that is shown, its middle: images further out are easier to suggest later."""
PURE = 0.85
"""Share of a group that is expected to be of one class, before there are answers."""
SURE = 0.4
"""Images with a class more probable than this are not shown in groups without a name."""
ROUNDS = 20
"""Iterations of k-means; more hardly improve the groups."""
LOOKS = 2
"""Actions that a batch takes besides removing wrong images: to look at it and to accept it."""


@attrs.frozen(eq=False)
class Batch:
    """Images to look at together.

    `rows` (m,) are the images, the most certain first. `label` is the class suggested for all of them; None for a
    `group` of similar images without a name. `expected` is the expected number of images for which it is right.
    """

    rows: NDArray[np.intp]
    label: int | None
    group: int | None
    expected: float


@attrs.frozen(eq=False)
class Answer:
    """A person's answer to a batch: the number of images that were `right`; 0 if the batch was skipped."""

    batch: Batch
    right: int


class Worklist:
    """Chooses the next batch from the labels and answers so far; it keeps no state of its own.

    At first the batches are groups of similar images, for a person to name; as labels come, batches of one suggested
    class. The batch with the most right labels expected per action is next. Looking, accepting and removing one image
    are an action each.
    """

    def __init__(self, X: Floats, Z: Floats) -> None:
        """Prepare features (n, d) and an embedding (n, k), float32, with the same images in the rows; n >= 1."""
        self.certainty = Certainty(X, Z)
        self.groups = _form_groups(Z)

    def next(self, assigned: Marks, refused: Marks, answers: Sequence[Answer] = ()) -> Batch | None:
        """Return the next batch; None if there is nothing to show.

        Args:
            assigned: whether each image has each class, (n, c); c may be 0. Images with a class are not shown.
            refused: whether a person said that the image does not belong to the class, (n, c).
            answers: the answers to earlier batches, oldest first.
        """
        certainties = self.certainty.estimate(assigned, refused)
        labelled: NDArray[np.bool_] = np.asarray(assigned.any(axis=1))
        rows = np.flatnonzero(~labelled)
        classes: list[int] = np.flatnonzero(assigned.any(axis=0)).tolist()
        suggestions = [_suggest_class(certainties, rows, label, answers) for label in classes]
        group = self._choose_group(certainties, labelled, answers)
        candidates = [batch for batch in (*suggestions, group) if batch is not None]
        return max(candidates, key=_rate_batch, default=None)

    def _choose_group(
        self, certainties: Floats, labelled: NDArray[np.bool_], answers: Sequence[Answer]
    ) -> Batch | None:
        """Return the best group that has not been shown, without images whose class is probable."""
        settled: NDArray[np.bool_] = labelled | (certainties.max(axis=1, initial=0) > SURE)
        answered_groups = {answer.batch.group for answer in answers}
        pure = _estimate_purity(answers)
        for number in range(len(self.groups)):
            rows = self.groups[number][~settled[self.groups[number]]][:MOST]
            if number not in answered_groups and len(rows) >= max(LEAST, len(self.groups[number]) / 3):
                return Batch(rows, None, number, pure * len(rows))
        return None


def _suggest_class(certainties: Floats, rows: NDArray[np.intp], label: int, answers: Sequence[Answer]) -> Batch | None:
    """Return the batch of one class with the most right labels expected per action; None if there is none."""
    certain = certainties[rows, label]
    least = float(np.partition(certain, -MOST)[-MOST]) if len(rows) > MOST else 0.0
    best = np.flatnonzero(certain >= least)
    by_certainty = best[np.argsort(-certain[best], kind="stable")]
    order = rows[by_certainty][:MOST]
    right: NDArray[np.float64] = np.cumsum(certainties[order, label] * _estimate_trust(label, answers))
    if len(order) == 0 or float(right[-1]) == 0:
        return None
    wrong = np.arange(1, len(order) + 1) - right
    last = int(np.argmax(right / (LOOKS + wrong)))
    return Batch(order[: last + 1], label, None, float(right[last]))


def _estimate_trust(label: int, answers: Sequence[Answer]) -> float:
    """Return the ratio of right to expected suggestions of a class, at most 1; recent answers weigh most."""
    right = expected = 2.0
    for answer in answers:
        if answer.batch.label == label:
            right, expected = 0.7 * right + answer.right, 0.7 * expected + answer.batch.expected
    return min(1.0, right / expected)


def _estimate_purity(answers: Sequence[Answer]) -> float:
    """Return the share of a group that is likely to be of one class."""
    shares = [answer.right / len(answer.batch.rows) for answer in answers if answer.batch.group is not None]
    return float(np.mean([PURE] * 6 + shares))


def _rate_batch(batch: Batch) -> float:
    """Return the number of right labels expected per action."""
    return batch.expected / (LOOKS + len(batch.rows) - batch.expected)


def _form_groups(Z: Floats) -> list[NDArray[np.intp]]:
    """Return groups of similar images, the closest and largest first, each from its middle outwards."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    Z = StandardScaler().fit_transform(Z)
    with warnings.catch_warnings(action="ignore"):  # KMeans warns if many images are equal
        clustering = KMeans(max(1, round(1.25 * len(Z) ** 0.5)), n_init=1, max_iter=ROUNDS, random_state=0).fit(Z)
    clusters: NDArray[np.int32] = clustering.labels_
    lengths: Floats = np.linalg.norm(Z - clustering.cluster_centers_[clusters], axis=1)
    order: NDArray[np.intp] = np.lexsort((lengths, clusters))
    groups: list[NDArray[np.intp]] = np.split(order, np.cumsum(np.bincount(clusters))[:-1])
    cores = [rows[: max(LEAST, round(CORE * len(rows)))] for rows in groups]
    return sorted(cores, key=lambda rows: float(lengths[rows].mean()) / len(rows) ** 0.5)
