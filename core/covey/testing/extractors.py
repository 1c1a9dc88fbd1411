"""Checks of the contract of feature extractors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from covey._base.text import count_noun
from covey.components import options
from covey.components.contracts import FeatureExtractor, Floats, Pixels, Runtime
from covey.testing.assertions import (
    are_identical,
    check_array,
    expect,
    keeps_input,
    writes_no_files,
)
from covey.testing.component_checks import build_checked
from covey.testing.imports import check_import
from covey.testing.samples import random_picture


def check_extractor(cls: type[FeatureExtractor], **settings: object) -> None:
    """Check a feature extractor with these options. Needs its weights, and loads them several times.

    Raises:
        AssertionError: it breaks the contract.
    """
    extractor = build_checked(cls, settings)
    pixels = np.stack([random_picture(index, (128, 256)) for index in range(4)])
    with writes_no_files(cls.name):
        features = _extract_layers(extractor, pixels)
    _check_features(extractor, features, len(pixels))
    features_again = _extract_layers(build_checked(cls, settings), pixels)
    expect(are_identical(features, features_again), f"{cls.name}: equal options must give equal features")
    _check_batches(extractor, pixels, features)
    _check_layers(extractor, pixels, features)
    check_import(cls)


def _extract_layers(extractor: FeatureExtractor, pixels: Pixels) -> list[Floats]:
    with keeps_input(extractor.name, pixels):
        return list(extractor.load(Runtime())(pixels))


def _check_features(extractor: FeatureExtractor, features: Sequence[Floats], count: int) -> None:
    layers = len(options.split_plural(extractor))
    expect(len(features) == layers, f"{extractor.name} must give {count_noun(layers, 'array')}, not {len(features)}")
    for X in features:
        width = X.shape[1] if np.ndim(X) == 2 else "d"
        check_array(extractor.name, X, (count, width), np.dtype(np.float32))
        expect(bool(np.isfinite(X).all()), f"{extractor.name}: features must be finite")


def _check_batches(extractor: FeatureExtractor, pixels: Pixels, features: Sequence[Floats]) -> None:
    extract = extractor.load(Runtime())
    for rows in ([0], [3, 2, 1, 0], [1, 1], [0, 1, 2, 3, 0]):
        is_independent = all(_are_close(X, Y[rows]) for X, Y in zip(extract(pixels[rows]), features, strict=True))
        expect(is_independent, f"{extractor.name}: the features of an image must not depend on the rest of its batch")


def _check_layers(extractor: FeatureExtractor, pixels: Pixels, features: Sequence[Floats]) -> None:
    parts = options.split_plural(extractor)
    for part, Y in zip(parts if len(parts) > 1 else [], features, strict=False):
        (X,) = _extract_layers(part, pixels)
        is_independent = X.shape == Y.shape and _are_close(X, Y)
        expect(is_independent, f"{extractor.name}: a layer must not depend on the other layers: {part}")


def _are_close(X: Floats, Y: Floats) -> bool:
    """Whether the rows of two arrays (n, d) differ by at most 5 %: half precision rounds coarsely."""
    differences = np.linalg.norm(X - Y, axis=1) > 0.05 * np.linalg.norm(Y, axis=1)
    return not differences.any()
