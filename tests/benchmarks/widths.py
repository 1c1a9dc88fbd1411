"""Images of 200 widths: what OpenVINO and torch take for them, with the time to prepare, and how far they agree.

Run it by `python tests/benchmarks/widths.py [IMAGES OF EACH WIDTH [MODEL ...]]`. Networks have random weights; models
that begin with a capital letter are torchvision's, the others timm's. None of the sizes is that of many
images, so that OpenVINO computes all by one network for any size: the case in which it could be slower than torch.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import attrs
import numpy as np
from backends import cosines

from covey import Floats, Pixels, Runtime
from covey.extraction.networks import build_extract
from covey.extraction.vision_extractor import VisionExtractor
from covey_timm import Timm
from covey_torchvision import Torchvision

SHORT = ("1", "tf_efficientnet_lite0")
MODELS = {"tf_efficientnet_lite0": "blocks.4", "ResNet50": "layer3.5.conv3"}
"""The layer that is taken of each."""
HEIGHT, WIDTHS = 128, range(57, 257)


@attrs.frozen
class Timing:
    """Seconds of one backend until it could begin, seconds for all images, and the features of each width."""

    prepare_s: float
    images_s: float
    features: Mapping[int, Floats]


def main(count: str = "4", *models: str) -> None:
    """Print the table."""
    per_width = int(count)
    print(f"{per_width * len(WIDTHS):,} images of {len(WIDTHS)} widths\n")
    print("| model | torch: prepare s | images/s | OpenVINO: prepare s | images/s | ratio | worst cosine |")
    print("|---|---|---|---|---|---|---|")
    for model in models or MODELS:
        kind = Torchvision if model[0].isupper() else Timm
        extractor = kind(model=model, weights="random", layers=(MODELS[model],))
        print(compare(extractor, MODELS[model], per_width), flush=True)


def compare(extractor: VisionExtractor, layer: str, per_width: int) -> str:
    """Return the row of a network."""
    torch, openvino = (measure(extractor, layer, per_width, backend) for backend in ("torch", "openvino"))
    worst = min(float(cosines(openvino.features[width], torch.features[width]).min()) for width in WIDTHS)
    count = per_width * len(WIDTHS)
    speeds = [f"{timing.prepare_s:.1f} | {count / timing.images_s:.0f}" for timing in (torch, openvino)]
    ratio = (torch.prepare_s + torch.images_s) / (openvino.prepare_s + openvino.images_s)
    return f"| {extractor.model} | {' | '.join(speeds)} | {ratio:.2f} | {worst:.6f} |"


def measure(extractor: VisionExtractor, layer: str, per_width: int, backend: str) -> Timing:
    """Compute the features of all images, width by width as a run does."""
    extract = build_extract(extractor.network(), [layer], runtime=Runtime(backend=backend))
    begin = time.perf_counter()
    extract(draw(max(WIDTHS), 1))
    prepared = time.perf_counter()
    features = {width: extract(draw(width, per_width))[0] for width in WIDTHS}
    return Timing(prepared - begin, time.perf_counter() - prepared, features)


def draw(width: int, count: int) -> Pixels:
    """Return images of noise (count, h, width, 3)."""
    return np.random.default_rng(width).integers(0, 256, (count, HEIGHT, width, 3), dtype=np.uint8)


if __name__ == "__main__":
    main(*sys.argv[1:])
