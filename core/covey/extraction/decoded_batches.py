"""Images are decoded in threads, some batches ahead of the one that is in work."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import attrs

from covey._base.errors import CoveyError
from covey.data.images import THREADS, ImageFile, ImageFolder
from covey.data.picture_decoding import BrokenImage, Picture
from covey.extraction.memory import ORDINARY

AHEAD = 3
"""Batches that are decoded while one is in work."""
PIXELS_AHEAD = 128 * ORDINARY
"""Pixels from which no further batch is decoded ahead."""

Decoded = Picture | str
"""An image, or why it cannot be used."""


@attrs.frozen(eq=False)
class _Waiting:
    """A batch that is being decoded."""

    pixels: int
    pictures: Sequence[Future[Decoded]]

    def result(self) -> list[Decoded]:
        return [picture.result() for picture in self.pictures]


def decode_batches(
    folder: ImageFolder, workers: int | None, batches: Iterable[Sequence[Sequence[ImageFile]]]
) -> Iterator[list[Decoded]]:
    """Yield the images of each batch.

    Args:
        folder: where the images are.
        workers: number of threads; None takes one a core.
        batches: the files of each image, all with the same content; the first that can be read is decoded.

    Raises:
        CoveyError: a file, which could be read before, cannot be read any more.
    """
    waiting: deque[_Waiting] = deque()
    with ThreadPoolExecutor(workers or THREADS) as pool:
        try:
            for batch in batches:
                pixels = sum(files[0].height * files[0].width for files in batch)
                waiting.append(_Waiting(pixels, [pool.submit(_decode, folder, files) for files in batch]))
                if len(waiting) > AHEAD or sum(one.pixels for one in waiting) > PIXELS_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _decode(folder: ImageFolder, copies: Sequence[ImageFile]) -> Decoded:
    for file in copies[:-1]:
        with suppress(BrokenImage):
            return folder.decode(file)
    return _decode_file(folder, copies[-1])


def _decode_file(folder: ImageFolder, file: ImageFile) -> Decoded:
    try:
        return folder.decode(file)
    except BrokenImage as error:
        cause = error.__cause__
        gone = isinstance(cause, FileNotFoundError) and next(folder.walk(), None) is not None
        if isinstance(cause, OSError) and cause.errno and not gone:
            raise CoveyError(
                f"{folder.root / file.name} cannot be read any more ({error}): see that the folder can be reached and"
                " start again. What is finished is kept."
            ) from error
        return "it was deleted while the run was at work" if gone else str(error)
