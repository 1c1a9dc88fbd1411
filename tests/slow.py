"""A plugin that runs in tests: an extractor that waits or breaks, a reducer and a clusterer that are quick."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np

from covey import Clusterer, FeatureExtractor, Reducer, Runtime, component, hookimpl, option
from covey.components.contracts import Extract, Floats, Labels, Pixels
from covey.testing import Brightness


@component
class Slow(Brightness):
    """Brightness that waits, or breaks."""

    name = "slow"

    gate: str = option(default="", help="A file for which it waits after the first batch.")
    breaks: str = option(default="", help="How it breaks.")
    note: str | None = option(default=None, help="Any text.")
    marks: tuple[str, ...] = option(default=("a",), help="Any texts.")

    def load(self, runtime: Runtime) -> Extract:
        if self.breaks == "kill":
            os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        if self.breaks == "exit":
            raise SystemExit(3)
        if self.breaks == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        before = count()

        def extract(pixels: Pixels) -> Sequence[Floats]:
            while next(before) and self.gate and not Path(self.gate).exists():
                time.sleep(0.02)
            if self.breaks == "error":
                raise ZeroDivisionError("<b>bright</b>")
            return self._extract(pixels)

        return extract


@component
class Missing(Slow):
    """An extractor that lacks a library."""

    name = "missing"
    requires = {"covey_that_nobody_has": "covey[nobody]"}


@component
class Cut(Reducer):
    """The first features."""

    name = "cut"

    def reduce(self, X: Floats, sizes: Sequence[int]) -> Iterable[Floats]:
        return [np.array(X[:, :size]) for size in sizes]


@component
class Above(Clusterer):
    """Two groups."""

    name = "above"

    eps: float = option(default=0.5, help="Where one begins. Raising it makes the other larger.")

    def cluster(self, Z: Floats) -> Labels:
        return (Z[:, 0] > self.eps).astype(np.int32)


@hookimpl
def covey_feature_extractors() -> Iterator[type[FeatureExtractor]]:
    yield Slow
    yield Missing


@hookimpl
def covey_reducers() -> Iterator[type[Reducer]]:
    yield Cut


@hookimpl
def covey_clusterers() -> Iterator[type[Clusterer]]:
    yield Above
