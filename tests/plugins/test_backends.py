"""Families of networks run by OpenVINO: they agree with torch, and a row depends on its image alone.

The smallest members stand for their families; `python tests/benchmarks/backends.py` goes through all there are.
"""

from __future__ import annotations

import numpy as np
import pytest

from covey import Floats, Runtime
from covey.extraction.vision_extractor import VisionExtractor
from covey.testing.samples import random_picture

pytest.importorskip("torch")
pytest.importorskip("openvino")
pytest.importorskip("torchvision")
pytest.importorskip("timm")
pytest.importorskip("open_clip")

from covey.extraction.networks import NetworkExtract, build_extract
from covey_clip import Clip
from covey_timm import Timm
from covey_torchvision import Torchvision

FAMILIES = [
    Torchvision(model="ResNet18", layers=("layer2.1.conv2", "layer3.1.conv2"), weights="random"),
    Torchvision(model="DenseNet121", layers=("features.denseblock2",), weights="random"),
    Torchvision(model="MobileNet_V3_Small", layers=("features.8",), weights="random"),
    Torchvision(model="vgg11", layers=("features.12",), weights="random"),
    Torchvision(model="Vit_b_16", layers=("encoder.layers.encoder_layer_1",), weights="random"),
    Torchvision(model="MaxVit_T", layers=("blocks.0",), weights="random"),
    Torchvision(model="Swin_T", layers=("features.3",), weights="random"),
    Timm(),
    Timm(model="test_vit", layers=("blocks.2", "head"), weights="random"),
    Timm(model="test_nfnet", layers=("stages.2",), weights="random"),
    Clip(model="ViT-S-32-alt", layers=("visual",), weights="random"),
    Clip(model="RN50", layers=("visual.layer2",), weights="random"),
]
PIXELS = np.stack([random_picture(index, (128, 256)) for index in range(3)])
LEAST_COSINE = 0.999


@pytest.mark.parametrize("extractor", FAMILIES, ids=lambda extractor: extractor.model)
def test_features_agree_with_torch_and_depend_on_the_image_alone(
    extractor: VisionExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = extractor.network()
    shapes = network.shapes()
    monkeypatch.setattr(network, "shapes", lambda: shapes)  # they are the same for each runtime

    def load(**settings: object) -> NetworkExtract:
        extract = build_extract(network, extractor.layers, runtime=Runtime(**settings))  # type: ignore[arg-type]
        extract.prepare([PIXELS.shape[1:3]])
        return extract

    expected = load()(PIXELS)
    for precision in ("float32", "bfloat16"):
        extract = load(backend="openvino", precision=precision, threads=1)
        features = extract(PIXELS)
        assert extract.backend.startswith("openvino ")
        for X, Y in zip(features, expected, strict=True):
            assert cosines(X, Y).min() >= LEAST_COSINE
        again = load(backend="openvino", precision=precision, threads=2)(PIXELS[[2, 0, 0]])
        for X, Y in zip(again, features, strict=True):
            np.testing.assert_array_equal(X, Y[[2, 0, 0]])


def cosines(X: Floats, Y: Floats) -> Floats:
    computed: Floats = (X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)
    return computed
