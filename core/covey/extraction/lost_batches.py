"""Batches that are lost because the process that computed them ended are computed again, until the image is named."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import Step
from covey._base.text import count_noun
from covey.components.engine_contract import Done, Engine, ItemQueue
from covey.engines.lost_items import ended_early
from covey.extraction.feature_work import FeatureBatch, FeatureWork
from covey.extraction.shards import Batch, Shard

_HOPELESS = 8
"""So many lost batches, and none computed, let the first of them be examined before others are tried."""


@attrs.frozen(eq=False)
class _Part:
    """Images of a batch that are computed together: all of them or, after that ended workers, some.

    `is_alone` says whether they were given to a worker that had nothing else.
    """

    batch: Batch
    images: FeatureBatch
    is_alone: bool = False

    def divide(self) -> list[_Part]:
        """Return what to compute again after a worker ended; nothing if a single image is to blame."""
        if not self.is_alone:
            return [attrs.evolve(self, is_alone=True)]
        halves = self.images.split() if len(self.images.files) > 1 else ()
        return [attrs.evolve(self, images=half) for half in halves]


class _BatchQueue(ItemQueue[FeatureBatch]):
    """Batches, each as a whole at first; what was lost follows, each part on a worker that has nothing else."""

    def __init__(self, work: FeatureWork, parts: Iterator[_Part]) -> None:
        self._work = work
        self._parts = parts
        self._next = next(parts, None)
        self._lost: deque[_Part] = deque()
        self._taken: list[_Part] = []
        self._outputs: dict[Batch, list[list[Shard]]] = {}
        self._open_parts: Counter[Batch] = Counter()
        self._losses = 0
        self._has_output = False

    @property
    def most_in_work(self) -> int:
        return 1 if self._next is None or self._is_hopeless else 2

    @property
    def _is_hopeless(self) -> bool:
        return self._losses >= _HOPELESS and not self._has_output

    def take(self) -> FeatureBatch | None:
        if self._lost and self.most_in_work == 1:
            part = self._lost.popleft()
        elif self._next is not None:
            part, self._next = self._next, next(self._parts, None)
            self._open_parts[part.batch] = 1
        else:
            return None
        self._taken.append(part)
        return part.images

    def settle(self, done: Done[list[Shard]]) -> tuple[Batch, list[Shard]] | None:
        """Count a part as computed, or let it be computed again; return its batch if that is finished."""
        part = self._taken[done.number]
        if done.output is not None:
            self._has_output = True
            return self._finish(part, done.output, "")
        self._losses += 1
        if pieces := part.divide():
            self._lost.extendleft(reversed(pieces))
            self._open_parts[part.batch] += len(pieces) - 1
            return None
        return self._finish(part, [_name_culprit(part.images, done.lost)] * self._work.tables, done.lost)

    def check_complete(self, engine: Engine) -> None:
        """Raise CoveyError if the engine ended before all batches were computed."""
        missing = sum(map(bool, self._open_parts.values())) + (self._next is not None)
        if missing:
            raise ended_early(engine)

    def _finish(self, part: _Part, shards: list[Shard], reason: str) -> tuple[Batch, list[Shard]] | None:
        outputs = self._outputs.setdefault(part.batch, [])
        outputs.append(shards)
        self._open_parts[part.batch] -= 1
        if self._open_parts[part.batch]:
            return None
        del self._outputs[part.batch]
        if len(outputs) == len(part.batch) > 1 and not any(output[0].contents for output in outputs):
            raise CoveyError(
                f"Each worker ended at each of {count_noun(len(part.batch), 'image')} ({reason}): the extractor"
                f" {self._work.extractor.name} does not work with these options here."
            )
        return part.batch, _join_parts(outputs)


def compute_batches(
    engine: Engine, work: FeatureWork, batches: Sequence[Batch], describe: Callable[[Batch], FeatureBatch], step: Step
) -> Iterator[tuple[Batch, list[Shard]]]:
    """Yield each batch with its shards, as soon as it is computed.

    Batches that were lost with a worker are computed again, each alone; one that is lost again in halves, until the
    image that ends workers is alone: it is left out, with the reason.

    Args:
        engine: what computes.
        work: what is computed.
        batches: for which images.
        describe: gives the files of a batch.
        step: tells a person of lost batches.

    Raises:
        CoveyError: workers end at every image of a batch, or no worker can be had.
    """
    queue = _BatchQueue(work, (_Part(batch, describe(batch)) for batch in batches))
    with closing(engine.map(work, queue, step)) as outcomes:
        for done in outcomes:
            if done.lost:
                step.say(f"a worker ended: {done.lost}")
            if finished := queue.settle(done):
                yield finished
    queue.check_complete(engine)


def _name_culprit(images: FeatureBatch, lost: str) -> Shard:
    """Return the shard of a single image at which workers end."""
    (content,) = images.files
    problem = (
        f"each process that computed it ended ({lost}): cut it into shorter images or make it smaller, or delete this"
        " table of features to try it again"
    )
    return Shard((), {}, {**images.problems, content: problem})


def _join_parts(parts: Sequence[Sequence[Shard]]) -> list[Shard]:
    """Return the shards of a batch, one for each table, from those of its parts."""
    return [_join_shards(shards) for shards in zip(*parts, strict=True)]


def _join_shards(shards: Sequence[Shard]) -> Shard:
    arrays = [shard.arrays for shard in shards if shard.contents]
    return Shard(
        contents=tuple(chain.from_iterable(shard.contents for shard in shards)),
        arrays={name: np.concatenate([part[name] for part in arrays]) for name in (arrays[0] if arrays else ())},
        problems={content: problem for shard in shards for content, problem in shard.problems.items()},
        machine=next((shard.machine for shard in shards if shard.machine), ""),
        oddities={content: oddity for shard in shards for content, oddity in shard.oddities.items()},
    )
