"""The extractor `specimen` for covey, which learns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from covey import Epoch, Extract, FeatureExtractor, Floats, Pixels, Runtime, State, TrainingClips
from covey import component, hookimpl, option


@component
class Specimen(FeatureExtractor):
    """How far the brightness of some rows is from what is usual, which it learns."""

    name = "specimen"

    rows: int = option(default=16, ge=1, learning=True, help="Rows to look at. Raising it gives more features.")
    epochs: int = option(default=3, ge=1, learning=True, help="Passes over the images. More passes fit them better.")

    def fit(self, clips: TrainingClips, runtime: Runtime, checkpoint: State | None) -> Iterator[Epoch]:
        """Yield the state after each pass, going on after that of `checkpoint`."""
        state = checkpoint or {"usual": np.zeros(self.rows, np.float32), "epoch": np.array(0)}
        usual = np.asarray(state["usual"], dtype=np.float32)
        for number in range(int(state["epoch"]) + 1, self.epochs + 1):
            losses = []
            for clip in clips:
                error = self._measure_brightness(clip.pixels[np.newaxis])[0] - usual
                usual = usual + error / 10
                losses.append(float(np.mean(error**2)))
            state = {"usual": usual, "epoch": np.array(number)}
            yield Epoch(state=state, loss=sum(losses) / len(losses), number=number, total=self.epochs)

    def load(self, runtime: Runtime, state: State | None = None) -> Extract:
        """Return the function from pixels (b, h, w, 3) uint8 to one array (b, d) float32."""
        usual = np.asarray((state or {})["usual"], dtype=np.float32)
        return lambda pixels: [self._measure_brightness(pixels) - usual]

    def _measure_brightness(self, pixels: Pixels) -> Floats:
        rows = np.linspace(0, pixels.shape[1] - 1, self.rows).round().astype(int)
        return np.asarray(pixels[:, rows].mean(axis=(2, 3)) / 255, dtype=np.float32)


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Specimen
