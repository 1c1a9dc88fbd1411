"""From images to features: decoded in threads, one batch after another through the network."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from covey import options, provenance
from covey.components import Extract, FeatureExtractor, Pixels, Runtime
from covey.errors import CoveyError
from covey.images import THREADS, BrokenImage, ImageFile, ImageFolder, key_of
from covey.progress import Progress
from covey.tables import Features
from covey.versions import versions

AHEAD = 3
"""Batches that are decoded while one is in the network."""

Row = int
Broken = dict[str, str]
"""The names of images that cannot be used, and why."""


@attrs.frozen
class _Batch:
    rows: Sequence[Row]
    images: list[NDArray[np.uint8] | str]
    """The pixels of each image, or why there are none."""


def extract(
    extractor: FeatureExtractor,
    folder: ImageFolder,
    files: Sequence[ImageFile],
    runtime: Runtime,
    progress: Progress,
) -> list[Features]:
    """Return the features of all images that can be read, one table for each layer.

    Images of one size go through the network together; the tables are in the order of `files`. Every batch is padded
    to full size, so that a row depends on its image alone.

    Raises:
        CoveyError: no image can be read, or the extractor breaks its contract.
    """
    made = [provenance.of(part, key_of(files)) for part in options.parts(extractor)]
    broken = {file.name: file.problem for file in files if file.problem}
    columns: list[dict[Row, NDArray[np.float32]]] = [{} for _ in made]
    with progress.step("Extracting features", len(files) - len(broken), "image") as step:
        step.say(extractor.starting)
        work = extractor.load(runtime)
        for batch in _decoded(folder, files, runtime.batch_size):
            good = _separate(batch, files, broken)
            for column, rows in zip(columns, _forward(work, good, runtime.batch_size, len(made)), strict=True):
                column.update(zip(good, rows, strict=True))
            step.say("")
            step.advance(len(batch.rows))
    if not columns[0]:
        raise CoveyError(_none_left(folder, broken))
    details = {"broken": broken, "runtime": attrs.asdict(runtime), "versions": versions(extractor)}
    return [
        _table(files, column, attrs.evolve(one, details=details)) for one, column in zip(made, columns, strict=True)
    ]


def _decoded(folder: ImageFolder, files: Sequence[ImageFile], size: int) -> Iterator[_Batch]:
    """Yield batches of images of one size, some decoded ahead."""
    waiting: deque[tuple[Sequence[Row], list[Future[NDArray[np.uint8] | str]]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for rows in _batches(files, size):
                waiting.append((rows, [pool.submit(_pixels, folder, files[row].name) for row in rows]))
                if len(waiting) > AHEAD:
                    yield _finished(*waiting.popleft())
            while waiting:
                yield _finished(*waiting.popleft())
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(rows: Sequence[Row], futures: Sequence[Future[NDArray[np.uint8] | str]]) -> _Batch:
    return _Batch(rows, [future.result() for future in futures])


def _batches(files: Sequence[ImageFile], size: int) -> Iterator[Sequence[Row]]:
    """Yield the rows of each batch: images of one size, in order."""
    groups: dict[tuple[int, int], list[Row]] = {}
    for row, file in enumerate(files):
        if not file.problem:
            groups.setdefault((file.height, file.width), []).append(row)
    for rows in groups.values():
        yield from (rows[start : start + size] for start in range(0, len(rows), size))


def _pixels(folder: ImageFolder, name: str) -> NDArray[np.uint8] | str:
    try:
        return folder.pixels(name)
    except BrokenImage as error:
        return str(error)


def _separate(batch: _Batch, files: Sequence[ImageFile], broken: Broken) -> dict[Row, NDArray[np.uint8]]:
    """Return the images of a batch that could be read; note the others in `broken`."""
    good = {}
    for row, image in zip(batch.rows, batch.images, strict=True):
        if isinstance(image, str):
            broken[files[row].name] = image
        else:
            good[row] = image
    return good


def _forward(work: Extract, good: Mapping[Row, NDArray[np.uint8]], size: int, layers: int) -> list[NDArray[np.float32]]:
    """Return one array (rows, d) for each layer."""
    if not good:
        return [np.empty((0, 0), np.float32)] * layers
    found = work(_padded(list(good.values()), size))
    if len(found) != layers or any(rows.ndim != 2 or len(rows) != size for rows in found):
        shapes = [getattr(rows, "shape", type(rows)) for rows in found]
        raise CoveyError(f"The extractor must return {layers} arrays of {size} rows, but returned {shapes}.")
    return [np.asarray(rows[: len(good)], dtype=np.float32) for rows in found]


def _padded(images: Sequence[NDArray[np.uint8]], size: int) -> Pixels:
    return np.stack([*images, *[images[-1]] * (size - len(images))])


def _table(
    files: Sequence[ImageFile], column: Mapping[Row, NDArray[np.float32]], made: provenance.Provenance
) -> Features:
    rows = sorted(column)
    widths: dict[int, str] = {len(column[row]): files[row].name for row in reversed(rows)}
    if len(widths) > 1:
        told = ", ".join(f"{width} for {name}" for width, name in widths.items())
        raise CoveyError(f"{made.tag} gives a different number of features for different images: {told}.")
    X = np.stack([column[row] for row in rows])
    wrong = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if len(wrong):
        name = files[rows[wrong[0]]].name
        raise CoveyError(f"{made.tag} gives values that are not finite for {len(wrong)} images, the first {name}.")
    return Features(names=[files[row].name for row in rows], X=X, provenance=made)


def _none_left(folder: ImageFolder, broken: Mapping[str, Any]) -> str:
    name, why = next(iter(broken.items()))
    return f"None of the {len(broken)} images in {folder.root} can be used; the first, {name}: {why}."
