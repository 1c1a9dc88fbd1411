"""Embeddings of very many images are computed from a sample of them; the others are placed among those."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from covey._base.progress import Progress
from covey.components.contracts import Floats, PlacingReducer, Reducer

MOST_IMAGES, USUAL_SAMPLE = 500_000, 200_000
"""Beyond so many images a sample is taken where none is asked for, and how many images it has."""
BLOCK = 10_000
"""Images that are placed at once."""

Rows = NDArray[np.intp]


def choose_sample(reducer: Reducer, image_count: int, find_recordings: Callable[[], Sequence[str]]) -> Rows | None:
    """Return the rows, ascending, of the images from which an embedding is computed; None means all.

    Args:
        reducer: says how many, if it can place the others.
        image_count: how many images there are.
        find_recordings: returns the recording of each image, "" where none is known.
    """
    if not isinstance(reducer, PlacingReducer):
        return None
    count = reducer.sample or (USUAL_SAMPLE if image_count > MOST_IMAGES else image_count)
    return spread_sample(find_recordings(), count) if count < image_count else None


def spread_sample(recordings: Sequence[str], count: int) -> Rows:
    """Return `count` rows, ascending: of each recording the same share, within it at random, always the same ones."""
    _, codes = np.unique(np.asarray(recordings), return_inverse=True)
    order = np.lexsort((np.random.default_rng(0).random(len(codes)), codes))
    return np.sort(order[np.arange(count) * len(codes) // count])


def place_others(
    reducer: PlacingReducer, X: Floats, sample: Rows, embeddings: Sequence[Floats], progress: Progress
) -> list[Floats]:
    """Return embeddings of all images: those of the sample as they are, the others placed among them.

    Args:
        reducer: made the embeddings.
        X: features (n, d) of all images.
        sample: rows (m,) of those in the embeddings, ascending.
        embeddings: one array (m, size) for each size.
        progress: shows how many images are placed.

    Returns:
        One array (n, size) float32 for each size.
    """
    places = [np.empty((len(X), Z.shape[1]), np.float32) for Z in embeddings]
    for array, Z in zip(places, embeddings, strict=True):
        array[sample] = Z
    is_sampled = np.zeros(len(X), bool)
    is_sampled[sample] = True
    others = np.flatnonzero(~is_sampled)
    with progress.step(f"Placing the other images ({reducer.name})", len(others), "image") as step:
        step.say("searching neighbours")
        place = reducer.prepare_transform(X[sample], embeddings)
        for start in range(0, len(others), BLOCK):
            rows = others[start : start + BLOCK]
            for array, block in zip(places, place(X[rows]), strict=True):
                array[rows] = block
            step.say("")
            step.advance(len(rows))
    return places
