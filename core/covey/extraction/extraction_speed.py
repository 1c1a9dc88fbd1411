"""How fast extractors were on this computer, so that the time of a run can be told before it begins."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import make_folder, read_text, write_text
from covey._base.text import count_noun
from covey._base.user_folders import user_cache_folder
from covey.components import options
from covey.components.contracts import FeatureExtractor, Runtime
from covey.components.engine_contract import Engine

LEAST_IMAGES = 32
"""Images from which a speed is remembered: of fewer it would be mere chance."""
_DECISIVE = ("device", "precision", "threads")
"""The settings that decide the speed; those that the extractor does not obey are None where they are remembered."""
_SPEED = "images per second"


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

    def remember(self, extractor: FeatureExtractor, runtime: Runtime, engine: Engine) -> None:
        """Keep the speed on this computer as that of the extractor, if there were enough images.

        Args:
            extractor: what described the images.
            runtime: how, every setting resolved.
            engine: where.
        """
        if self._began is None or self._images < LEAST_IMAGES:
            return
        images_per_second = self._images / max(time.monotonic() - self._began, 1e-6)
        settings = {name: getattr(runtime, name) for name in _DECISIVE}
        path = _speed_file(extractor, engine)
        with suppress(CoveyError):  # without it only an estimate is lacking
            make_folder(path.parent)
            write_text(path, json.dumps({_SPEED: images_per_second, **settings}))


@attrs.frozen
class TimeEstimate:
    """How long images take, at a speed that was measured: `settings` says with which, such as "cpu, 8 threads"."""

    seconds: float
    settings: str


def estimate_time(extractor: FeatureExtractor, images: int, runtime: Runtime, engine: Engine) -> TimeEstimate | None:
    """Return how long an extractor takes to describe images, at the speed of its last run on this computer.

    Whatever its layers are: they are not known before a run. Loading the network comes on top.

    Args:
        extractor: what describes the images.
        images: how many.
        runtime: how. What is automatic may be decided differently from the last time: the estimate says how that was.
        engine: where.

    Returns:
        None if it has not run here yet with such settings, or if it learns first, which takes a time of its own.
    """
    if extractor.learns:
        return None
    with suppress(OSError, ValueError, LookupError, TypeError):
        document = json.loads(read_text(_speed_file(extractor, engine)))
        requested = {name: getattr(runtime, name) for name in _DECISIVE}
        if all(None in (setting, document[name]) or setting == document[name] for name, setting in requested.items()):
            return TimeEstimate(images / float(document[_SPEED]), _describe_settings(document))
    return None


def _describe_settings(document: Mapping[str, Any]) -> str:
    """Return the settings that are known, in words."""
    threads = document["threads"]
    words = [document["device"], document["precision"], threads and count_noun(int(threads), "thread")]
    return ", ".join(str(word) for word in words if word)


def _speed_file(extractor: FeatureExtractor, engine: Engine) -> Path:
    plural = options.plural_option(type(extractor))
    settings = {k: v for k, v in options.key_values(extractor).items() if plural is None or k != plural.name}
    parts = [extractor.name, extractor.version, settings, engine.name, options.option_values(engine)]
    return user_cache_folder() / "speeds" / f"{digest(parts)[:32]}.json"
