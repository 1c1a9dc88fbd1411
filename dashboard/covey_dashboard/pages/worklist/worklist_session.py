"""The desk: the batch of the work-list that lies before a person, and what was said to those before it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import Floats
from covey.frontend import Action, Answer, Batch, LabelStore, Marks, Worklist
from covey_dashboard.data.image_labels import ImageLabels

LATEST = 10_000
"""Actions among which those are looked for that were undone."""
GLANCE = 0.3
"""Seconds that it takes to look at a batch: a click that comes sooner is a second one on the batch before it."""


@attrs.frozen(eq=False, kw_only=True)
class ShownBatch:
    """A batch with the name of its class, None for a group; `key` tells it from every other."""

    batch: Batch
    label: str | None
    key: str = attrs.field(factory=lambda: secrets.token_hex(8))


@attrs.frozen(eq=False, kw_only=True)
class Reply:
    """What a person said to a batch: the images in `rows` are not of the class `label`, the others are.

    `label` is None for a group that was skipped. `action` is the number of what was done to the labels; None where
    nothing was.
    """

    laid: ShownBatch
    label: str | None
    rows: NDArray[np.intp]
    action: int | None

    def answer(self, places: dict[str, int]) -> Answer:
        """Return it as the work-list takes it; `places` are those of the classes, which come and go."""
        batch = attrs.evolve(self.laid.batch, label=places.get(self.laid.label or ""))
        as_shown = batch.group is not None or self.label == self.laid.label
        return Answer(batch, len(batch.rows) - len(self.rows) if as_shown else 0)


@attrs.define(eq=False)
class WorklistSession:
    """What one session does with the work-list of one embedding."""

    replies: list[Reply] = attrs.field(factory=list)
    laid: ShownBatch | None = None
    _after: list[Reply] = attrs.field(factory=list)
    _known: tuple[ImageLabels, list[Reply], Floats] | None = None
    _seen: ShownBatch | None = None
    _since: float = 0

    def standing(self, store: LabelStore) -> list[Reply]:
        """Return the replies that were not undone. Raises CoveyError."""
        undone = {action.id for action in store.history(LATEST) if action.undone}
        return [reply for reply in self.replies if reply.action not in undone]

    def lay(self, worklist: Worklist, image_labels: ImageLabels, standing: list[Reply]) -> ShownBatch | None:
        """Return the batch to show, None when there is none.

        It stays the same until it was answered, whatever others do meanwhile, unless that is its own images or class.
        """
        if self.laid is None or self._after != standing or not _open(self.laid, image_labels):
            self.laid, self._after = _next(worklist, image_labels, standing), standing
        return self.laid

    def seen(self) -> None:
        """Note that the batch is on the screen."""
        if self._seen is not self.laid:
            self._seen, self._since = self.laid, time.monotonic()

    def answers(self, laid: ShownBatch) -> bool:
        """Whether a click on a batch is an answer to it: not where it comes too soon after it was shown, or clicked."""
        before, self._since = self._since, time.monotonic()
        return self.laid is laid is self._seen and self._since - before > GLANCE

    def reply(self, label: str | None, rows: NDArray[np.intp], done: Action | None) -> None:
        """Note what was said to the batch that is shown, and what was done to the labels; another one comes next."""
        if self.laid:
            self.replies.append(Reply(laid=self.laid, label=label, rows=rows, action=done.id if done else None))
            self.laid = None

    def sureness(self, worklist: Worklist, image_labels: ImageLabels, standing: list[Reply]) -> Floats:
        """Return how sure the likeliest class of each image is that has none (m,), as a probability."""
        if self._known is None or self._known[0] is not image_labels or self._known[1] != standing:
            has, refused = marks(image_labels, standing)
            certainties = worklist.certainty.estimate(has, refused).max(axis=1, initial=0)
            self._known = (image_labels, standing, certainties[image_labels.codes < 0])
        return self._known[2]

    def bring_back(self) -> None:
        """Forget what was skipped."""
        self.replies = [reply for reply in self.replies if reply.action is not None]


def marks(image_labels: ImageLabels, standing: Sequence[Reply]) -> tuple[Marks, Marks]:
    """Return the classes that each image has, and those that it was said not to have, both (n, c)."""
    places = _places(image_labels)
    kinds = np.zeros((len(image_labels.kinds) + 1, len(places)), dtype=np.bool_)  # the last one: no class
    for kind, labels in enumerate(image_labels.kinds):
        kinds[kind, [places[label] for label in labels if label in places]] = True
    has = kinds[image_labels.codes]
    refused = np.zeros_like(has)
    for reply in standing:
        if reply.label in places:
            refused[reply.rows, places[reply.label]] = True
    return has, refused


def _next(worklist: Worklist, image_labels: ImageLabels, standing: Sequence[Reply]) -> ShownBatch | None:
    places = _places(image_labels)
    batch = worklist.next(*marks(image_labels, standing), [reply.answer(places) for reply in standing])
    label = None if batch is None or batch.label is None else list(places)[batch.label]
    return ShownBatch(batch=batch, label=label) if batch else None


def _open(laid: ShownBatch, image_labels: ImageLabels) -> bool:
    """Whether the images of a batch have no class yet, and the class is there."""
    return bool((image_labels.codes[laid.batch.rows] < 0).all()) and (
        laid.label is None or laid.label in _places(image_labels)
    )


def _places(image_labels: ImageLabels) -> dict[str, int]:
    return {one.name: place for place, one in enumerate(image_labels.classes)}
