"""Reading images for the catalogue: what each contains."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from covey._base.progress import Step
from covey.data.images import THREADS, ImageFile, ImageFolder, examine_file

FileStamps = NDArray[np.int64]
"""Sizes in bytes and two times in nanoseconds (n, 3) of files."""
ReadImages = Callable[[ImageFolder, Sequence[str], FileStamps, Step], Generator[ImageFile, None, None]]
"""Yields what each of some images (n,) contains, in their order."""
_AT_ONCE = 1000
"""Files that wait for a thread: each that waits takes memory."""


def read_images(
    images: ImageFolder, names: Sequence[str], stamps: FileStamps, _step: Step | None = None
) -> Generator[ImageFile, None, None]:
    """Yield what each image contains, in the order of the names, read by threads of this process.

    Args:
        images: the folder.
        names: of the images (n,).
        stamps: of their files (n, 3).
    """
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(names), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            yield from pool.map(
                lambda name, stamp: examine_file(images, name, *stamp), names[part], stamps[part].tolist()
            )
