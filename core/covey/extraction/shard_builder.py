"""From the decoded images or sounds of a batch to its shards: as many images at once as their size allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain

import attrs
import numpy as np

from covey._base.errors import CoveyError
from covey.components.extras import ExtraArrays, Extracted, ExtraTables, check_extras
from covey.components.fitting import ExtractAny, PixelsOrSound
from covey.extraction.decoded_batches import Decoded, DecodedInput
from covey.extraction.in_work import InWork
from covey.extraction.memory import LARGE, ORDINARY, NotEnoughMemory, images_at_once
from covey.extraction.shards import FEATURES, Content, Shard

NOT_FINITE = "its features are not finite"
TOO_LARGE = "memory is too small for it: cut it into shorter images or make it smaller"

_Row = Sequence[ExtraArrays] | str
"""What one image gives for each table, arrays (d,) by name; or why it gives nothing."""


@attrs.frozen
class ShardBuilder:
    """Builds the shards of an extractor with some layers, and with its extra tables.

    `batch_size` is how many images of ordinary size go through the extractor at once; `describe_machine` says what
    computed the last of them; `in_work` says on disk which images are in work, if the death of this process would go
    unnoticed.
    """

    extract: ExtractAny
    batch_size: int
    layers: int
    extras: ExtraTables
    describe_machine: Callable[[], str]
    in_work: InWork | None = None

    def build(self, images: Mapping[Content, Decoded]) -> list[Shard]:
        """Return what a batch of images of one size gives for each layer, then for each extra table.

        Raises:
            CoveyError: the extractor breaks its contract.
        """
        problems = {content: image for content, image in images.items() if isinstance(image, str)}
        inputs = {content: image for content, image in images.items() if isinstance(image, DecodedInput)}
        rows = self._rows(inputs)
        problems |= {content: row for content, row in rows.items() if isinstance(row, str)}
        usable = {content: row for content, row in rows.items() if not isinstance(row, str)}
        oddities = {content: inputs[content].oddity for content in usable if inputs[content].oddity}
        tables = range(self.layers + len(self.extras))
        return [self._shard(usable, table, problems, oddities) for table in tables]

    def _shard(
        self,
        rows: Mapping[Content, Sequence[ExtraArrays]],
        table: int,
        problems: Mapping[Content, str],
        oddities: Mapping[Content, str],
    ) -> Shard:
        finite = {content: row[table] for content, row in rows.items() if _is_finite(row[table])}
        wrong = {content: NOT_FINITE for content in rows if content not in finite}
        return Shard(
            tuple(finite), _stack(list(finite.values())), {**problems, **wrong}, self.describe_machine(), oddities
        )

    def _rows(self, inputs: Mapping[Content, DecodedInput]) -> dict[Content, _Row]:
        """Return what each image gives."""
        if not inputs:
            return {}
        contents = list(inputs)
        height, width = _measure(inputs[contents[0]].array)
        images_per_batch = images_at_once(self.batch_size, height, width)
        parts = (contents[start : start + images_per_batch] for start in range(0, len(contents), images_per_batch))
        halves = chain.from_iterable(map(self.in_work.split, parts)) if self.in_work else parts
        return dict(pair for part in halves for pair in self._part(part, inputs, images_per_batch))

    def _part(
        self, contents: Sequence[Content], inputs: Mapping[Content, DecodedInput], size: int
    ) -> Iterable[tuple[Content, _Row]]:
        arrays = [inputs[content].array for content in contents]
        height, width = _measure(arrays[0])
        try:
            with self.in_work.writing(contents) if self.in_work else nullcontext():
                tables = self._extract(_pad(arrays, size))
        except (NotEnoughMemory, MemoryError) as error:
            if height * width <= ORDINARY or height == 1:  # sounds are all equally long
                raise
            reason = str(error) if isinstance(error, NotEnoughMemory) else TOO_LARGE
            return [(content, reason) for content in contents]
        return [
            (content, [{name: array[row] for name, array in table.items()} for table in tables])
            for row, content in enumerate(contents)
        ]

    def _extract(self, batch: PixelsOrSound) -> list[ExtraArrays]:
        """Return arrays (b, d) by name for each layer, then for each extra table."""
        outputs: Extracted = self.extract(batch)
        arrays = outputs.features
        if len(arrays) != self.layers or any(X.ndim != 2 or len(X) != len(batch) for X in arrays):
            shapes = [getattr(X, "shape", type(X)) for X in arrays]
            raise CoveyError(
                f"The extractor must return {self.layers} arrays of {len(batch)} rows, but returned {shapes}."
            )
        check_extras(self.extras, outputs.extras, len(batch))
        return [*({FEATURES: np.asarray(X, dtype=np.float32)} for X in arrays), *outputs.extras.values()]


def is_large(height: int, width: int) -> bool:
    """Whether images of a size go through an extractor alone."""
    return height * width > LARGE


def _measure(array: PixelsOrSound) -> tuple[int, int]:
    """Return height and width of an image; a sound is a row of samples."""
    return (array.shape[0], array.shape[1]) if array.ndim > 1 else (1, array.shape[0])


def _pad(arrays: Sequence[PixelsOrSound], size: int) -> PixelsOrSound:
    """Return `size` images or sounds, the last of them repeated where there are fewer.

    Libraries round differently for batches of different sizes, so this makes a row depend on its image alone. Large
    images go through alone (`size` is 1), so that only small ones are ever repeated.
    """
    return np.stack([*arrays, *[arrays[-1]] * (size - len(arrays))])


def _is_finite(row: ExtraArrays) -> bool:
    return all(bool(np.isfinite(array).all()) for array in row.values() if array.dtype.kind == "f")


def _stack(rows: Sequence[ExtraArrays]) -> ExtraArrays:
    """Return the arrays (n, d) of the rows (d,) by name; none if there is no row."""
    try:
        return {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    except ValueError as error:
        raise CoveyError(
            f"The extractor gives differing numbers of features for images of one size: {error}."
        ) from error
