"""From the decoded images of a batch to its shards: as many images at once as their size allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.errors import CoveyError
from covey.components.contracts import Extract, Floats, Pixels
from covey.data.picture_decoding import Picture
from covey.extraction.decoded_batches import Decoded
from covey.extraction.in_work import InWork
from covey.extraction.memory import LARGE, ORDINARY, NotEnoughMemory, images_at_once
from covey.extraction.shards import Content, Shard

NOT_FINITE = "its features are not finite"
TOO_LARGE = "memory is too small for it: cut it into shorter images or make it smaller"

_Row = Sequence[Floats] | str
"""The features (d,) of one image, an array for each layer; or why there are none."""


@attrs.frozen
class ShardBuilder:
    """Builds the shards of an extractor with some layers.

    `batch_size` is how many images of ordinary size go through the extractor at once; `machine` describes what
    computes; `in_work` says on disk which images are in work, if the death of this process would go unnoticed.
    """

    extract: Extract
    batch_size: int
    layers: int
    machine: str
    in_work: InWork | None = None

    def build(self, images: Mapping[Content, Decoded]) -> list[Shard]:
        """Return what a batch of images of one size gives for each layer.

        Raises:
            CoveyError: the extractor breaks its contract.
        """
        problems = {content: image for content, image in images.items() if isinstance(image, str)}
        pictures = {content: image for content, image in images.items() if isinstance(image, Picture)}
        rows = self._rows(pictures)
        problems |= {content: row for content, row in rows.items() if isinstance(row, str)}
        usable = {content: row for content, row in rows.items() if not isinstance(row, str)}
        oddities = {content: pictures[content].oddity for content in usable if pictures[content].oddity}
        return [self._shard(usable, layer, problems, oddities) for layer in range(self.layers)]

    def _shard(
        self,
        rows: Mapping[Content, Sequence[Floats]],
        layer: int,
        problems: Mapping[Content, str],
        oddities: Mapping[Content, str],
    ) -> Shard:
        X = _stack([row[layer] for row in rows.values()])
        finite = np.asarray(np.isfinite(X).all(axis=1))
        wrong = {content: NOT_FINITE for content, fine in zip(rows, finite.tolist(), strict=True) if not fine}
        usable = tuple(content for content in rows if content not in wrong)
        return Shard(usable, X[finite], {**problems, **wrong}, self.machine, oddities)

    def _rows(self, pictures: Mapping[Content, Picture]) -> dict[Content, _Row]:
        """Return the features of each image."""
        if not pictures:
            return {}
        contents = list(pictures)
        height, width, _ = pictures[contents[0]].pixels.shape
        images_per_batch = images_at_once(self.batch_size, height, width)
        parts = (contents[start : start + images_per_batch] for start in range(0, len(contents), images_per_batch))
        halves = chain.from_iterable(map(self.in_work.split, parts)) if self.in_work else parts
        return dict(pair for part in halves for pair in self._part(part, pictures, images_per_batch))

    def _part(
        self, contents: Sequence[Content], pictures: Mapping[Content, Picture], size: int
    ) -> Iterable[tuple[Content, _Row]]:
        pixels = [pictures[content].pixels for content in contents]
        area = pixels[0].shape[0] * pixels[0].shape[1]
        try:
            with self.in_work.writing(contents) if self.in_work else nullcontext():
                arrays = self._extract(_pad(pixels, size))
        except (NotEnoughMemory, MemoryError) as error:
            if area <= ORDINARY:
                raise
            reason = str(error) if isinstance(error, NotEnoughMemory) else TOO_LARGE
            return [(content, reason) for content in contents]
        return [(content, [X[row] for X in arrays]) for row, content in enumerate(contents)]

    def _extract(self, pixels: Pixels) -> list[Floats]:
        """Return one array (b, d) for each layer."""
        arrays = self.extract(pixels)
        if len(arrays) != self.layers or any(X.ndim != 2 or len(X) != len(pixels) for X in arrays):
            shapes = [getattr(X, "shape", type(X)) for X in arrays]
            raise CoveyError(
                f"The extractor must return {self.layers} arrays of {len(pixels)} rows, but returned {shapes}."
            )
        return [np.asarray(X, dtype=np.float32) for X in arrays]


def is_large(height: int, width: int) -> bool:
    """Whether images of a size go through an extractor alone."""
    return height * width > LARGE


def _pad(pixels: Sequence[NDArray[np.uint8]], size: int) -> Pixels:
    """Return `size` images, the last of them repeated where there are fewer.

    Libraries round differently for batches of different sizes, so this makes a row depend on its image alone. Large
    images go through alone (`size` is 1), so that only small ones are ever repeated.
    """
    return np.stack([*pixels, *[pixels[-1]] * (size - len(pixels))])


def _stack(rows: Sequence[Floats]) -> Floats:
    if not rows:
        return np.empty((0, 0), np.float32)
    try:
        return np.stack(rows)
    except ValueError as error:
        raise CoveyError(
            f"The extractor gives differing numbers of features for images of one size: {error}."
        ) from error
