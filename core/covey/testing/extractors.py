"""The contract of feature extractors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from covey.components import options
from covey.components.contracts import FeatureExtractor, Floats, Pixels, Runtime
from covey.testing.assertions import check_array, equal, expect, tidy, untouched
from covey.testing.component_checks import built
from covey.testing.imports import check_import
from covey.testing.samples import picture


def check_extractor(cls: type[FeatureExtractor], **given: Any) -> None:
    """Check a feature extractor with the options `given`. Needs its weights; loads them several times."""
    extractor = built(cls, given)
    pixels = np.stack([picture(index, (128, 256)) for index in range(4)])
    with tidy(cls.name):
        whole = _extracted(extractor, pixels)
    _check_features(extractor, whole, len(pixels))
    again = _extracted(built(cls, given), pixels)
    expect(equal(whole, again), f"{cls.name}: equal options must give equal features")
    _check_rows(extractor, pixels, whole)
    _check_layers(extractor, pixels, whole)
    check_import(cls)


def _extracted(extractor: FeatureExtractor, pixels: Pixels) -> list[Floats]:
    with untouched(extractor.name, pixels):
        return list(extractor.load(Runtime())(pixels))


def _check_features(extractor: FeatureExtractor, found: Sequence[Floats], count: int) -> None:
    many = len(options.split_plural(extractor))
    expect(len(found) == many, f"{extractor.name}: {many} arrays were asked for, it gave {len(found)}")
    for X in found:
        width = X.shape[1] if np.ndim(X) == 2 else "d"
        check_array(extractor.name, X, (count, width), np.dtype(np.float32))
        expect(bool(np.isfinite(X).all()), f"{extractor.name}: features must be finite")


def _check_rows(extractor: FeatureExtractor, pixels: Pixels, whole: Sequence[Floats]) -> None:
    work = extractor.load(Runtime())
    for rows in ([0], [3, 2, 1, 0], [1, 1], [0, 1, 2, 3, 0]):
        near = all(_near(X, Y[rows]) for X, Y in zip(work(pixels[rows]), whole, strict=True))
        expect(near, f"{extractor.name}: an image's features must not depend on the other images of its batch")


def _check_layers(extractor: FeatureExtractor, pixels: Pixels, whole: Sequence[Floats]) -> None:
    parts = options.split_plural(extractor)
    for part, Y in zip(parts if len(parts) > 1 else [], whole, strict=False):
        (X,) = _extracted(part, pixels)
        same = X.shape == Y.shape and _near(X, Y)
        expect(same, f"{extractor.name}: a layer must not depend on its siblings: {part}")


def _near(X: Floats, Y: Floats) -> bool:
    """Whether two arrays agree row by row but for rounding, which half precision makes coarse."""
    far = np.linalg.norm(X - Y, axis=1) > 0.05 * np.linalg.norm(Y, axis=1)
    return not far.any()
