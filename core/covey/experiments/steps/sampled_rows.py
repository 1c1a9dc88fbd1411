"""Embeddings of very many images are computed from a sample of them; the others are placed among those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import attrs
import numpy as np
from numpy.typing import NDArray

from covey._base.progress import Progress
from covey.components.contracts import Floats, PlacingReducer, Reducer
from covey.components.engine_contract import Engine, Work
from covey.engines.local import Local
from covey.engines.lost_items import compute_items

MOST_IMAGES, USUAL_SAMPLE = 500_000, 200_000
"""Beyond so many images a sample is taken where none is asked for, and how many images it has."""
BLOCK = 10_000
"""Images that are placed at once."""

Rows = NDArray[np.intp]


def sample_size(reducer: Reducer, image_count: int) -> int:
    """Return from how many of these images an embedding is computed: all, unless the reducer can place the others."""
    if not isinstance(reducer, PlacingReducer):
        return image_count
    usual = USUAL_SAMPLE if image_count > MOST_IMAGES else image_count
    return min(reducer.sample or usual, image_count)


def choose_sample(reducer: Reducer, image_count: int, find_recordings: Callable[[], Sequence[str]]) -> Rows | None:
    """Return the rows, ascending, of the images from which an embedding is computed; None means all.

    Args:
        reducer: says how many, if it can place the others.
        image_count: how many images there are.
        find_recordings: returns the recording of each image, "" where none is known.
    """
    count = sample_size(reducer, image_count)
    return spread_sample(find_recordings(), count) if count < image_count else None


def spread_sample(recordings: Sequence[str], count: int) -> Rows:
    """Return `count` rows, ascending: of each recording the same share, within it at random, always the same ones."""
    _, codes = np.unique(np.asarray(recordings), return_inverse=True)
    order = np.lexsort((np.random.default_rng(0).random(len(codes)), codes))
    return np.sort(order[np.arange(count) * len(codes) // count])


@attrs.frozen(eq=False)
class PlacingWork(Work[Floats, Sequence[Floats]]):
    """Places images among those of a sample.

    Attributes:
        reducer: made the embeddings.
        X: features (m, d) of the sample.
        embeddings: one array (m, size) for each size.
    """

    reducer: PlacingReducer
    X: Floats
    embeddings: Sequence[Floats]

    def start(self) -> Callable[[Floats], Sequence[Floats]]:
        """Do what all images share, and return the function that places those with features (k, d)."""
        return self.reducer.prepare_transform(self.X, self.embeddings)


def place_others(
    reducer: PlacingReducer, X: Floats, sample: Rows, embeddings: Sequence[Floats], engine: Engine, progress: Progress
) -> list[Floats]:
    """Return embeddings of all images: those of the sample as they are, the others placed among them.

    Args:
        reducer: made the embeddings.
        X: features (n, d) of all images.
        sample: rows (m,) of those in the embeddings, ascending.
        embeddings: one array (m, size) for each size.
        engine: places the others; few of them are placed by this process.
        progress: shows how many images are placed.

    Returns:
        One array (n, size) float32 for each size.

    Raises:
        CoveyError: workers end, or none can be had.
    """
    places = [np.empty((len(X), Z.shape[1]), np.float32) for Z in embeddings]
    for array, Z in zip(places, embeddings, strict=True):
        array[sample] = Z
    is_sampled = np.zeros(len(X), bool)
    is_sampled[sample] = True
    others = np.flatnonzero(~is_sampled)
    blocks = [others[start : start + BLOCK] for start in range(0, len(others), BLOCK)]
    work, worker = PlacingWork(reducer, X[sample], embeddings), engine if len(blocks) > 1 else Local()
    with (
        progress.step(f"Placing the other images ({reducer.name})", len(others), "image") as step,
        closing(compute_items(worker, work, len(blocks), lambda number: X[blocks[number]], step)) as outputs,
    ):
        step.say("searching neighbours")
        for number, block_places in outputs:
            for array, block in zip(places, block_places, strict=True):
                array[blocks[number]] = block
            step.say("")
            step.advance(len(blocks[number]))
    return places
