"""Batches that are lost because the process that computed them ended are computed again, until the image is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain

import numpy as np

from covey._base.errors import CoveyError
from covey._base.progress import Step
from covey._base.text import count_noun
from covey.components.engine_contract import Engine
from covey.extraction.feature_work import FeatureBatch, FeatureWork
from covey.extraction.shards import Batch, Shard


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
    missing = dict.fromkeys(batches, "the engine did not return it")
    with closing(engine.map(work, map(describe, batches), step)) as outcomes:
        for done in outcomes:
            if done.output is None:
                missing[batches[done.number]] = done.lost
                step.say(f"a worker ended: {done.lost}")
            else:
                del missing[batches[done.number]]
                yield batches[done.number], done.output
    for batch in missing:
        parts = list(_compute_alone(engine, work, describe(batch), step))
        shards = _join_parts(parts)
        if len(batch) > 1 and not shards[0].contents and len(parts) == len(batch):
            raise CoveyError(
                f"Each worker ended at each of {count_noun(len(batch), 'image')} ({missing[batch]}): the extractor"
                f" {work.extractor.name} does not work with these options here."
            )
        yield batch, shards


def _compute_alone(engine: Engine, work: FeatureWork, batch: FeatureBatch, step: Step) -> Iterator[list[Shard]]:
    """Yield the shards of the parts of a batch: of the whole, or, where that ends workers, of its halves."""
    with closing(engine.map(work, [batch], step)) as outcomes:
        done = next(outcomes)
    if done.output is not None:
        yield done.output
    elif len(batch.files) > 1:
        for half in batch.split():
            yield from _compute_alone(engine, work, half, step)
    else:
        (content,) = batch.files
        problem = (
            f"each process that computed it ended ({done.lost}): cut it into shorter images or make it smaller, or"
            " delete this table of features to try it again"
        )
        shard = Shard((), {}, {**batch.problems, content: problem})
        yield [shard] * work.tables


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
