"""How fast extractors were on this computer, so that the time of a run can be told before it begins."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import make_folder, read_text, write_text
from covey._base.user_folders import user_cache_folder
from covey.components import options
from covey.components.contracts import FeatureExtractor

LEAST_IMAGES = 32
"""Images from which a speed is remembered: of fewer it would be mere chance."""


class SpeedMeter:
    """Measures how many images a second are described, from the second batch on: the first waits for the network."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._images = 0

    def count(self, images: int) -> None:
        """Count the images of a batch that is finished."""
        if self._began is None:
            self._began = time.monotonic()
        else:
            self._images += images

    def remember(self, extractor: FeatureExtractor) -> None:
        """Keep the speed on this computer as that of the extractor, if there were enough images."""
        if self._began is None or self._images < LEAST_IMAGES:
            return
        path = _speed_file(extractor)
        with suppress(CoveyError):  # without it only an estimate is lacking
            make_folder(path.parent)
            write_text(path, str(self._images / max(time.monotonic() - self._began, 1e-6)))


def estimate_seconds(extractor: FeatureExtractor, images: int) -> float | None:
    """Return how long an extractor takes to describe images, at the speed of its last run on this computer.

    Whatever its layers and the runtime are: they are not known before a run. Loading the network comes on top.

    Returns:
        Seconds; None if it has not run here yet, or if it learns first, which takes a time of its own.
    """
    if extractor.learns:
        return None
    with suppress(OSError, ValueError):
        images_per_second = float(read_text(_speed_file(extractor)))
        return images / images_per_second if images_per_second > 0 else None
    return None


def _speed_file(extractor: FeatureExtractor) -> Path:
    plural = options.plural_option(type(extractor))
    settings = {k: v for k, v in options.key_values(extractor).items() if plural is None or k != plural.name}
    return user_cache_folder() / "speeds" / f"{digest([extractor.name, extractor.version, settings])[:32]}.txt"
