"""An extractor that ends its process, breaks or waits; the source of a plugin."""

import os
import signal
import time
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from covey import Extract, FeatureExtractor, Floats, Pixels, Runtime, component, hookimpl, option
from covey.testing import Brightness


@component
class Fragile(Brightness):
    """Brightness that ends its process at white images, or breaks."""

    name = "fragile"
    mode: str = option(default="", help="How it breaks.")
    marker: str = option(default="", help="A file.")

    def load(self, runtime: Runtime) -> Extract:
        compute = super().load(runtime)
        before = count()
        if self.mode == "load":
            os._exit(3)

        def extract(pixels: Pixels) -> Sequence[Floats]:
            if self.mode == "white" and (pixels == 255).all(axis=(1, 2, 3)).any():
                os._exit(3)
            if self.mode == "always":
                os._exit(3)
            if self.mode == "raise":
                raise ValueError("tensor sizes differ")
            if self.mode == "once" and not Path(self.marker).exists():
                Path(self.marker).touch()
                os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
            while self.mode == "waits" and next(before) and not Path(self.marker).exists():
                time.sleep(0.02)
            return compute(pixels)

        return extract


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    yield Fragile
