"""Images, or the sound behind them, are decoded in threads, some batches ahead of the one that is in work."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import attrs

from covey._base.errors import CoveyError
from covey.components.fitting import PixelsOrSound
from covey.data.images import THREADS, ImageFile, ImageFolder
from covey.data.picture_decoding import BrokenImage
from covey.extraction.clip_sounds import ClipSound
from covey.extraction.memory import ORDINARY
from covey.sound.decoder import BrokenRecording

AHEAD = 3
"""Batches that are decoded while one is in work."""
PIXELS_AHEAD = 128 * ORDINARY
"""Pixels from which no further batch is decoded ahead."""

InputFile = ImageFile | ClipSound
"""What an extractor takes of one image."""


@attrs.frozen(eq=False)
class DecodedInput:
    """Pixels (h, w, 3) uint8 or samples (n,) float32, and which of `ODDITIES` the pixels are, "" if none."""

    array: PixelsOrSound
    oddity: str = ""


Decoded = DecodedInput | str
"""What an extractor takes of an image, or why it cannot be used."""


@attrs.frozen(eq=False)
class _Waiting:
    """A batch that is being decoded."""

    pixels: int
    inputs: Sequence[Future[Decoded]]

    def result(self) -> list[Decoded]:
        return [decoded.result() for decoded in self.inputs]


def decode_batches(
    folder: ImageFolder, workers: int | None, batches: Iterable[Sequence[Sequence[InputFile]]]
) -> Iterator[list[Decoded]]:
    """Yield what an extractor takes of the images of each batch.

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


def _decode(folder: ImageFolder, copies: Sequence[InputFile]) -> Decoded:
    for file in copies[:-1]:
        with suppress(BrokenImage, BrokenRecording):
            return _decode_input(folder, file)
    last = copies[-1]
    return _decode_sound(last) if isinstance(last, ClipSound) else _decode_image(folder, last)


def _decode_input(folder: ImageFolder, file: InputFile) -> DecodedInput:
    if isinstance(file, ClipSound):
        return DecodedInput(file.read())
    picture = folder.decode(file)
    return DecodedInput(picture.pixels, picture.oddity)


def _decode_sound(sound: ClipSound) -> Decoded:
    try:
        return DecodedInput(sound.read())
    except BrokenRecording as error:
        return str(error)


def _decode_image(folder: ImageFolder, file: ImageFile) -> Decoded:
    try:
        return _decode_input(folder, file)
    except BrokenImage as error:
        cause = error.__cause__
        gone = isinstance(cause, FileNotFoundError) and next(folder.walk(), None) is not None
        if isinstance(cause, OSError) and cause.errno and not gone:
            raise CoveyError(
                f"{folder.root / file.name} cannot be read any more ({error}): see that the folder can be reached and"
                " start again. What is finished is kept."
            ) from error
        return "it was deleted while the run was at work" if gone else str(error)
