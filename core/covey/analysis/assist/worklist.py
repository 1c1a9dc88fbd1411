"""The work-list: which images a person should label next, so that most are labelled with the least work."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey.analysis.assist.certainty import Certainty, Marks
from covey.analysis.assist.similarity_space import as_similarity_space
from covey.components.contracts import Floats
from covey.data.tables import Names

MOST = 100
"""Images of a batch, at most."""
LEAST = 4
"""Images that a group needs to be shown."""
LIKELY = 0.5
"""Images that are more probable than this are shown where a person chose how many."""
MIXED, STEEPNESS = 0.4, 5
"""An image as near to another group as to its own is wrong in it with probability MIXED, and one whose distance to its
own is the share r of that to the next one with MIXED r^STEEPNESS (measured on labelled sound and made-up calls)."""
SURE = 0.4
"""Images with a class more probable than this are not shown in groups without a name."""
ROUNDS = 20
"""Iterations of k-means; more hardly improve the groups."""
BLOCK = 10_000
"""Images whose distances to all groups are computed at a time."""
LOOKS = 2
"""Actions that a batch takes besides removing wrong images: to look at it and to accept it."""
SURPRISE = 0.5
"""How far an answer that differs from what was expected moves the odds of later batches, 0 to 1."""
PRIOR = 2
"""Images, right and wrong ones each, that are added to an answer, so that a small batch moves the odds little."""
CERTAIN = 0.99
"""The greatest probability of an image in a batch."""


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
class Guesses:
    """What a network hears in images: names (n,), "" for nothing, and scores (n,) float32 between 0 and 1."""

    names: Names
    scores: Floats


@attrs.frozen(eq=False)
class Answer:
    """A person's answer to a batch: the number of images that were `right`; 0 if the batch was skipped."""

    batch: Batch
    right: int


class Worklist:
    """Chooses the next batch from the labels and answers so far; it keeps no state of its own.

    At first the batches are groups of similar images, for a person to name; as labels come, batches of one suggested
    class. The batch with the most right labels expected per action is next. Looking, accepting and removing one image
    are an action each. What is expected follows the answers: refusals make later batches smaller, and acceptance makes
    them larger.
    """

    def __init__(self, X: Floats, Z: Floats, guesses: Guesses | None = None) -> None:
        """Prepare the images, which are the same in the rows of all arrays.

        Args:
            X: features (n, d) float32, n >= 1, all that there are.
            Z: an embedding (n, k) float32.
            guesses: what a network hears in the images: guesses of one name are groups too.
        """
        space = as_similarity_space(X)
        self.certainty = Certainty(space, Z)
        self.groups = [*_form_groups(space), *(_group_guesses(guesses) if guesses else [])]

    def next(
        self, assigned: Marks, refused: Marks, answers: Sequence[Answer] = (), most: int | None = None
    ) -> Batch | None:
        """Return the next batch; None if there is nothing to show.

        Args:
            assigned: whether each image has each class, (n, c); c may be 0. Images with a class are not shown.
            refused: whether a person said that the image does not belong to the class, (n, c).
            answers: the answers to earlier batches, oldest first.
            most: images of a batch, at most: all that are more likely right than wrong, as far as these go. None for
                as many as take the fewest actions.
        """
        certainties = self.certainty.estimate(assigned, refused)
        labelled: NDArray[np.bool_] = np.asarray(assigned.any(axis=1))
        rows = np.flatnonzero(~labelled)
        trust = _learn_trust([answer for answer in answers if answer.batch.group is None])
        classes: list[int] = np.flatnonzero(assigned.any(axis=0)).tolist()
        suggestions = [
            _cut_batch(rows, certainties[rows, label], trust.get(label, trust[None]), most, label=label)
            for label in classes
        ]
        groups = self._list_groups(labelled | (certainties.max(axis=1, initial=0) > SURE), answers, most)
        candidates = [batch for batch in (*suggestions, *groups) if batch is not None]
        return max(candidates, key=_rate_batch, default=None)

    def _list_groups(
        self, settled: NDArray[np.bool_], answers: Sequence[Answer], most: int | None
    ) -> Iterator[Batch | None]:
        """Yield the groups that have not been shown, without settled images."""
        answered_groups = {answer.batch.group for answer in answers}
        trust = _learn_trust([answer for answer in answers if answer.batch.group is not None])[None]
        for number, group in enumerate(self.groups):
            is_open = ~settled[group.rows]
            if number not in answered_groups and np.count_nonzero(is_open) >= LEAST:
                yield _cut_batch(group.rows[is_open], group.probabilities[is_open], trust, most, group=number)


@attrs.frozen(eq=False)
class _Group:
    """Images that look or sound alike, and the probability of each to be of the class of most, (m,)."""

    rows: NDArray[np.intp]
    probabilities: Floats


def _cut_batch(
    rows: NDArray[np.intp],
    certainties: Floats,
    trust: float,
    most: int | None,
    label: int | None = None,
    group: int | None = None,
) -> Batch | None:
    """Return the likeliest of some images, as many as give the most right labels per action; None if there is none.

    Args:
        rows: the images (m,).
        certainties: the probability of each to be right (m,).
        trust: what is added to the logarithm of the odds.
        most: as in `Worklist.next`.
        label: the class.
        group: the number of the group if there is no class.
    """
    order = np.argsort(-certainties, kind="stable")[: most or MOST]
    order = order[certainties[order] > 0]
    if not len(order):
        return None
    odds = certainties[order] / np.maximum(1 - certainties[order], 1 - CERTAIN) * np.exp(trust)
    probabilities = np.minimum(odds / (1 + odds), CERTAIN)
    right: NDArray[np.float64] = np.cumsum(probabilities)
    counts = np.arange(1, len(order) + 1)
    rates = right / (LOOKS + counts - right)
    fewest = min(LEAST, len(order)) - 1 if label is None else 0
    last = fewest + int(np.argmax(rates[fewest:]))
    if most:
        last = max(last, int(np.count_nonzero(probabilities > LIKELY)) - 1)
    return Batch(rows[order[: last + 1]], label, group, float(right[last]))


def _learn_trust(answers: Sequence[Answer]) -> dict[int | None, float]:
    """Return what answers add to the logarithm of the odds, by class, and by None for what has no answers yet.

    An answer moves the odds of its own class by the share SURPRISE of the ratio of the odds that it shows to those
    that were expected, and those of the others by half of that. A group that was skipped has no name for most of its
    images: a third is taken to be alike.
    """
    trust: dict[int | None, float] = {None: 0.0, **{answer.batch.label: 0.0 for answer in answers}}
    for answer in answers:
        count, expected = len(answer.batch.rows), answer.batch.expected
        right = answer.right or (0 if answer.batch.group is None else min(expected, count / 3))
        shown_odds = (right + PRIOR) / (count - right + PRIOR)
        expected_odds = (expected + PRIOR) / (count - expected + PRIOR)
        step = SURPRISE * float(np.log(shown_odds / expected_odds))
        for label in trust:
            trust[label] += step if label == answer.batch.label else step / 2
    return trust


def _rate_batch(batch: Batch) -> float:
    """Return the number of right labels expected per action."""
    return batch.expected / (LOOKS + len(batch.rows) - batch.expected)


def _form_groups(space: Floats) -> list[_Group]:
    """Return groups of similar images, by k-means."""
    from sklearn.cluster import KMeans

    count = max(1, round(1.25 * len(space) ** 0.5))
    with warnings.catch_warnings(action="ignore"):  # KMeans warns if many images are equal
        clustering = KMeans(count, n_init=1, max_iter=ROUNDS, random_state=0).fit(space)
    clusters: NDArray[np.int32] = clustering.labels_
    nearest: NDArray[np.float64] = np.concatenate(
        [
            np.partition(clustering.transform(space[start : start + BLOCK]), min(1, count - 1), axis=1)[:, :2]
            for start in range(0, len(space), BLOCK)
        ]
    )
    ratios = nearest[:, 0] / np.maximum(nearest[:, -1], np.finfo(np.float32).tiny)
    probabilities: Floats = (1 - MIXED * np.minimum(ratios, 1) ** STEEPNESS).astype(np.float32)
    members = (np.flatnonzero(clusters == cluster) for cluster in range(count))
    return [_Group(rows, probabilities[rows]) for rows in members]


def _group_guesses(guesses: Guesses) -> list[_Group]:
    """Return the images of each name that is guessed."""
    members = (np.flatnonzero(guesses.names == name) for name in np.unique(guesses.names[guesses.names != ""]))
    return [_Group(rows, guesses.scores[rows]) for rows in members]
