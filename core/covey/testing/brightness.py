"""An extractor that needs no network and no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from covey.components.contracts import Extract, FeatureExtractor, Floats, Pixels, Runtime
from covey.components.options import component, option


@component
class Brightness(FeatureExtractor):
    """Brightness in horizontal bands: a stand-in for a network that is small, quick and the same everywhere."""

    name = "brightness"

    layers: tuple[str, ...] = option(
        default=("mean",),
        choices=("mean", "deviation"),
        plural=True,
        help="What to take of each band; each is a result of its own.",
    )
    bands: int = option(default=4, ge=1, le=16, help="Bands to cut an image into. Raising it gives more features.")

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels to one array (b, 3 * bands) for each layer."""
        return self._extract

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        """Return both layers."""
        return {"mean": (3 * self.bands,), "deviation": (3 * self.bands,)}

    def _extract(self, pixels: Pixels) -> list[Floats]:
        bands = np.array_split(pixels / np.float32(255), self.bands, axis=1)
        take: dict[str, Callable[..., Floats]] = {"mean": np.mean, "deviation": np.std}
        return [np.concatenate([take[layer](band, axis=(1, 2)) for band in bands], axis=1) for layer in self.layers]
