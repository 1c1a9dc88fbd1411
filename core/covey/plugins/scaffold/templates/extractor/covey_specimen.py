"""The extractor `specimen` for covey."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from covey import Extract, FeatureExtractor, Floats, Pixels, Runtime, component, hookimpl, option


@component
class Specimen(FeatureExtractor):
    """The mean colour of some rows of an image."""

    name = "specimen"

    rows: int = option(default=16, ge=1, help="Rows to look at, from top to bottom. Raising it gives more features.")

    def load(self, runtime: Runtime) -> Extract:
        """Return the function from pixels (b, h, w, 3) uint8 to one array (b, d) float32."""

        def extract(pixels: Pixels) -> list[Floats]:
            rows = np.linspace(0, pixels.shape[1] - 1, self.rows).round().astype(int)
            return [pixels[:, rows].mean(axis=2, dtype=np.float32).reshape(len(pixels), 3 * self.rows)]

        return extract


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Specimen
