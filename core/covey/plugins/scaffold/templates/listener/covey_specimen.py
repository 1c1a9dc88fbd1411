"""The extractor `specimen` for covey, which listens."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from covey import ExtractSound, FeatureExtractor, Floats, Runtime, component, hookimpl, option


@component
class Specimen(FeatureExtractor):
    """The level of the sound in pieces of equal length, in dB."""

    name = "specimen"
    inputs = "sound"
    rate = 16000  # Hz
    seconds = 0.5

    pieces: int = option(default=10, ge=1, le=100, help="Pieces of equal length. More pieces give more features.")

    def load(self, runtime: Runtime) -> ExtractSound:
        """Return the function from samples (b, n) float32 to one array (b, d) float32."""

        def extract(samples: Floats) -> list[Floats]:
            pieces = np.array_split(samples, self.pieces, axis=1)
            powers = np.stack([np.square(piece).mean(axis=1) for piece in pieces], axis=1)
            return [np.asarray(10 * np.log10(powers + 1e-8), dtype=np.float32)]

        return extract


@hookimpl
def covey_feature_extractors() -> Iterable[type[FeatureExtractor]]:
    """Offer the extractor."""
    yield Specimen
