"""From batches of images to shards of features, as work that an engine can give to any process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

import attrs

from covey.components.contracts import FeatureExtractor, Runtime
from covey.components.engine_contract import Work
from covey.components.fitting import State, load_extractor
from covey.data.images import ImageFolder
from covey.extraction.decoded_batches import Decoded, InputFile, decode_batches
from covey.extraction.in_work import InWork
from covey.extraction.runtime import BATCH_SIZE, describe_machine
from covey.extraction.shard_builder import ShardBuilder
from covey.extraction.shards import Content, Shard
from covey.extraction.work_origin import WorkOrigin


@attrs.frozen
class FeatureBatch:
    """Images of one size, or sounds of one length, that are computed together.

    Attributes:
        files: all files of each image, by its content.
        problems: why other images of the batch are left out, by content.
    """

    files: Mapping[Content, Sequence[InputFile]]
    problems: Mapping[Content, str] = attrs.field(factory=dict)

    def split(self) -> tuple[FeatureBatch, FeatureBatch]:
        """Return two batches with half of the images each."""
        contents = list(self.files)
        middle = len(contents) // 2
        first, second = (
            {content: self.files[content] for content in half} for half in (contents[:middle], contents[middle:])
        )
        return FeatureBatch(first, self.problems), FeatureBatch(second)


@attrs.frozen
class FeatureWork(Work[FeatureBatch, list[Shard]]):
    """Computes the shards of a batch: one for each layer, then one for each extra table.

    Attributes:
        extractor: what computes.
        runtime: how to compute, every setting resolved.
        layers: number of layers of the extractor.
        folder: where the images are.
        in_work: says on disk which images are in work, where this process computes them.
        frequent_sizes: sizes, height and width, of many of the images.
        state: what the extractor has learned, if it learns.
        origin: what the process of a worker must have like this one.
    """

    extractor: FeatureExtractor
    runtime: Runtime
    layers: int
    folder: ImageFolder
    in_work: InWork
    frequent_sizes: tuple[tuple[int, int], ...] = ()
    state: State | None = None
    origin: WorkOrigin | None = None

    @property
    def tables(self) -> int:
        """How many shards there are of a batch."""
        return self.layers + len(self.extractor.extras)

    def start(self) -> Callable[[FeatureBatch], list[Shard]]:
        """Load the model. A worker that dies is noticed by the engine, so that nothing is written down on disk.

        Raises:
            UnfitWorker: this process has other software, or does not see the images.
        """
        if self.origin:
            self.origin.check(self.extractor, self.folder)
        builder = self._load(None)

        def compute(batch: FeatureBatch) -> list[Shard]:
            (pictures,) = decode_batches(self.folder, self.runtime.workers, [list(batch.files.values())])
            return _build(builder, batch, pictures)

        return compute

    def compute_here(self, items: Iterable[FeatureBatch]) -> Iterator[list[Shard]]:
        """Compute batches one after the other, while the next ones are decoded."""
        builder = self._load(self.in_work)
        waiting: deque[FeatureBatch] = deque()

        def list_files() -> Iterator[Sequence[Sequence[InputFile]]]:
            for batch in items:
                waiting.append(batch)
                yield list(batch.files.values())

        for pictures in decode_batches(self.folder, self.runtime.workers, list_files()):
            yield _build(builder, waiting.popleft(), pictures)

    def _load(self, in_work: InWork | None) -> ShardBuilder:
        extract = load_extractor(self.extractor, self.runtime, self.state)
        extract.prepare(self.frequent_sizes)
        describe = cache(partial(describe_machine, self.extractor, self.runtime))
        return ShardBuilder(
            extract=extract,
            batch_size=self.runtime.batch_size or BATCH_SIZE,
            layers=self.layers,
            extras=self.extractor.extras,
            describe_machine=lambda: describe(extract.backend),
            in_work=in_work,
        )


def _build(builder: ShardBuilder, batch: FeatureBatch, pictures: Sequence[Decoded]) -> list[Shard]:
    return builder.build({**dict(zip(batch.files, pictures, strict=True)), **batch.problems})
