"""What one person does with the work-list: the batch that is shown, and the replies to the batches before it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from covey import Floats
from covey.frontend import Action, Answer, Batch, LabelStore, Marks, Worklist
from covey_dashboard.data.selection import Rows

if TYPE_CHECKING:
    from covey_dashboard.data.labels import ImageLabels

LATEST = 10_000
"""Actions among which undone ones are looked for."""
GLANCE = 0.3
"""Seconds that it takes to look at a batch: a click that comes sooner is a second one on the batch before it."""


@attrs.frozen(eq=False, kw_only=True)
class ShownBatch:
    """A batch with the name of its class, None for a group; `key` tells it from all others."""

    batch: Batch
    label: str | None
    key: str = attrs.field(factory=lambda: secrets.token_hex(8))


@attrs.frozen(eq=False, kw_only=True)
class Reply:
    """What a person said to a batch: the images in `rows` are not of the class `label`, the others are.

    `label` is None for a group that was skipped. `action` is the number of the action on the labels; None if there
    was none.
    """

    shown: ShownBatch
    label: str | None
    rows: Rows
    action: int | None

    def answer(self, class_indices: dict[str, int]) -> Answer:
        """Return the reply as the work-list takes it, given the index of each class as the classes are now."""
        batch = attrs.evolve(self.shown.batch, label=class_indices.get(self.shown.label or ""))
        as_shown = batch.group is not None or self.label == self.shown.label
        return Answer(batch, len(batch.rows) - len(self.rows) if as_shown else 0)


@attrs.define(eq=False)
class WorklistSession:
    """The batch that is shown of the work-list of one embedding, and the replies of one person.

    `most` is how many images a batch may have, None for as many as take the least work.
    """

    replies: list[Reply] = attrs.field(factory=list)
    shown: ShownBatch | None = None
    most: int | None = None
    _replies_before: list[Reply] = attrs.field(factory=list)
    _certainties: tuple[ImageLabels, list[Reply], Floats] | None = None
    _on_screen: ShownBatch | None = None
    _since: float = 0

    def valid_replies(self, store: LabelStore) -> list[Reply]:
        """Return the replies that were not undone.

        Raises:
            CoveyError: the labels cannot be read.
        """
        undone_ids = {action.id for action in store.history(LATEST) if action.undone}
        return [reply for reply in self.replies if reply.action not in undone_ids]

    def next_batch(self, worklist: Worklist, image_labels: ImageLabels, replies: list[Reply]) -> ShownBatch | None:
        """Return the batch to show, None if there is none.

        It stays the same until it is answered, whatever others label meanwhile, unless that is its own images or class.
        """
        if self.shown is None or self._replies_before != replies or not _is_open(self.shown, image_labels):
            self.shown, self._replies_before = _choose_batch(worklist, image_labels, replies, self.most), replies
        return self.shown

    def resize(self, most: int | None) -> None:
        """Show batches of up to so many images from now on, this one too."""
        self.most, self.shown = most, None

    def note_on_screen(self) -> None:
        """Note that the batch is on the screen from now on."""
        if self._on_screen is not self.shown:
            self._on_screen, self._since = self.shown, time.monotonic()

    def is_answer_to(self, shown: ShownBatch) -> bool:
        """Whether a click on a batch answers it: not if it comes too soon after the batch appeared or was clicked."""
        previous_time_s, self._since = self._since, time.monotonic()
        return self.shown is shown is self._on_screen and self._since - previous_time_s > GLANCE

    def reply(self, label: str | None, rows: Rows, action: Action | None) -> None:
        """Note what was said to the batch that is shown, and the action on the labels; another batch comes next."""
        if self.shown:
            self.replies.append(Reply(shown=self.shown, label=label, rows=rows, action=action.id if action else None))
            self.shown = None

    def certainties(self, worklist: Worklist, image_labels: ImageLabels, replies: list[Reply]) -> Floats:
        """Return how certain the likeliest class of each image without a class is (m,), as a probability."""
        if self._certainties is None or self._certainties[0] is not image_labels or self._certainties[1] != replies:
            has_class, lacks_class = mark_classes(image_labels, replies)
            certainties = worklist.certainty.estimate(has_class, lacks_class).max(axis=1, initial=0)
            self._certainties = (image_labels, replies, certainties[image_labels.codes < 0])
        return self._certainties[2]

    def bring_back(self) -> None:
        """Forget what was skipped."""
        self.replies = [reply for reply in self.replies if reply.action is not None]


def mark_classes(image_labels: ImageLabels, replies: Sequence[Reply]) -> tuple[Marks, Marks]:
    """Return which classes each image has, and which it was said not to have, both (n, c) bool."""
    class_indices = _index_by_class(image_labels)
    combination_count = len(image_labels.combinations)
    classes_by_combination = np.zeros((combination_count + 1, len(class_indices)), dtype=np.bool_)  # last row: no class
    for row, labels in enumerate(image_labels.combinations):
        classes_by_combination[row, [class_indices[label] for label in labels if label in class_indices]] = True
    has_class = classes_by_combination[image_labels.codes]
    lacks_class = np.zeros_like(has_class)
    for reply in replies:
        if reply.label in class_indices:
            lacks_class[reply.rows, class_indices[reply.label]] = True
    return has_class, lacks_class


def _choose_batch(
    worklist: Worklist, image_labels: ImageLabels, replies: Sequence[Reply], most: int | None
) -> ShownBatch | None:
    class_indices = _index_by_class(image_labels)
    answers = [reply.answer(class_indices) for reply in replies]
    batch = worklist.next(*mark_classes(image_labels, replies), answers, most)
    label = None if batch is None or batch.label is None else list(class_indices)[batch.label]
    return ShownBatch(batch=batch, label=label) if batch else None


def _is_open(shown: ShownBatch, image_labels: ImageLabels) -> bool:
    """Whether the images of a batch have no class yet, and the suggested class still exists."""
    return bool((image_labels.codes[shown.batch.rows] < 0).all()) and (
        shown.label is None or shown.label in _index_by_class(image_labels)
    )


def _index_by_class(image_labels: ImageLabels) -> dict[str, int]:
    return {label_class.name: index for index, label_class in enumerate(image_labels.classes)}
