"""An extractor that needs neither a network nor weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from covey.components.contracts import Extract, FeatureExtractor, Floats, Pixels, Runtime
from covey.components.options import component, option


@component
class Brightness(FeatureExtractor):
    """Mean and deviation of brightness in horizontal bands: small, fast, and the same on every machine."""

    name = "brightness"

    layers: tuple[str, ...] = option(
        default=("mean",),
        choices=("mean", "deviation"),
        plural=True,
        help="What to compute for each band; each gives features of its own.",
    )
    bands: int = option(default=4, ge=1, le=16, help="Number of horizontal bands. Raising it gives more features.")

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels to one array (b, 3 * bands) for each layer."""
        return self._extract

    def available_layers(self) -> Mapping[str, tuple[int, ...]]:
        """Return both layers."""
        return {"mean": (3 * self.bands,), "deviation": (3 * self.bands,)}

    def _extract(self, pixels: Pixels) -> list[Floats]:
        bands = np.array_split(pixels / np.float32(255), self.bands, axis=1)
        functions: dict[str, Callable[..., Floats]] = {"mean": np.mean, "deviation": np.std}
        return [
            np.concatenate([functions[layer](band, axis=(1, 2)) for band in bands], axis=1) for layer in self.layers
        ]
