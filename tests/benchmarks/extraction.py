"""Images per second: covey against a plain implementation of the original tools' extraction, on the same images.

Run it by `python tests/benchmarks/extraction.py [images] [plain images]`. The images are those of
../shared/data/esc10, repeated with a different pixel each. The plain side is timed on few images (96), for its speed
does not depend on the number. On a shared machine processor time is the fairer measure: set OMP_NUM_THREADS=1, for
threads of torch that wait use the processor.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional
from torchvision.models import ResNet50_Weights
from torchvision.models.feature_extraction import create_feature_extractor

from covey import Features, Runtime
from covey._base.progress import SILENT, Progress, Step
from covey.components.options import evolve
from covey.data.images import ImageFolder
from covey.experiments.pipeline import Pipeline
from covey.extraction.runtime import resolve_runtime
from covey.extraction.vision_extractor import VisionExtractor
from covey.plugins.locations import create_dataset
from covey.plugins.registry import Registry
from covey_timm import Timm
from covey_torchvision import Torchvision

NEEDS = ("../shared/data/esc10",)
SHORT = ("96", "16")

IMAGES = Path(__file__).parents[3] / "shared" / "data" / "esc10" / "images"
LAYERS = ("layer1.2.conv3", "layer2.3.conv3", "layer3.5.conv3")
DEFAULTS = Torchvision(weights="random")
ORIGINAL = Torchvision(weights="random", input="original", freq_pool=4)
THREE = Torchvision(weights="random", layers=LAYERS)
PLAIN = int(sys.argv[2]) if len(sys.argv) > 2 else 96
BATCH = 16
FEWEST = 96
"""Images that make several batches: speed is measured after the first."""
LEAST = 0.999


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    runtime = resolve_runtime(Runtime(), Timm(), count)
    by_torch, by_openvino = (evolve(runtime, backend=backend) for backend in ("torch", "openvino"))
    print(f"{count} images of esc10's size, {runtime.threads} threads, load before the start {_load()}\n")
    with tempfile.TemporaryDirectory() as folder:
        images = _images(Path(folder) / "images", count)
        _compare_with_plain(images, by_openvino)
        _compare_backends(_images(Path(folder) / "some", max(count // 4, FEWEST)), by_torch, by_openvino)
        _decoding(images, by_openvino)
        _agreement(images, by_openvino)
    print(f"\nLoad after the end: {_load()}")


def _compare_with_plain(images: ImageFolder, runtime: Runtime) -> None:
    """Print how fast covey is beside the plain side, which is timed before, between and after the others."""
    cases = (
        ("covey's defaults", DEFAULTS, 1),
        ("original crop and size", ORIGINAL, 1),
        ("three layers, against three plain runs", THREE, 3),
    )
    plain, speeds = [_plain(images)], []
    for _, extractor, _ in cases:
        speeds.append(_covey(extractor, runtime, images))
        plain.append(_plain(images))
    slow = Speed(*(float(np.median(rates)) for rates in zip(*map(attrs.astuple, plain), strict=True)))
    print("| | images a processor second, start counted | ratio, counted | ratio by the clock, counted |")
    print("|---|---|---|---|")
    print(f"| plain, as the original does it | {slow.steady:.1f} | 1.0 | 1.0 |")
    for (message, _, layers), speed in zip(cases, speeds, strict=True):
        ratios = [
            f"{layers * rate / base:.1f}" for rate, base in zip(attrs.astuple(speed), attrs.astuple(slow), strict=True)
        ]
        rates = f"{speed.steady:.1f}, {speed.counted:.1f}"
        print(f"| {message} | {rates} | {ratios[0]}, {ratios[1]} | {ratios[2]}, {ratios[3]} |", flush=True)


def _compare_backends(images: ImageFolder, by_torch: Runtime, by_openvino: Runtime) -> None:
    """Print the speed from files to features by each backend, in turns."""
    print("\n| network, images a processor second | torch | openvino | ratio | by the clock |\n|---|---|---|---|---|")
    for extractor in (Timm(), DEFAULTS):
        turns = [[_covey(extractor, runtime, images) for runtime in (by_torch, by_openvino)] for _ in range(3)]
        torch_rate, rate = (float(np.median([turn[side].steady for turn in turns])) for side in (0, 1))
        clock = float(np.median([turn[1].steady_clock / turn[0].steady_clock for turn in turns]))
        print(
            f"| {extractor.model} | {torch_rate:.1f} | {rate:.1f} | {rate / torch_rate:.2f} | {clock:.2f} |", flush=True
        )


def _decoding(images: ImageFolder, runtime: Runtime) -> None:
    """Print how fast the pipeline is beside the same network on images that are in the device's memory already."""
    print("\n| network | images/s from files | from memory | ratio, at least 0.8 on a GPU |\n|---|---|---|---|")
    for extractor in (Timm(), DEFAULTS):
        files = _covey(extractor, runtime, images).steady_clock
        memory = _from_memory(extractor, runtime, images)
        print(
            f"| {extractor.model}, {runtime.device} | {files:.1f} | {memory:.1f} | {files / memory:.2f} |", flush=True
        )


def _from_memory(extractor: VisionExtractor, runtime: Runtime, images: ImageFolder) -> float:
    """Return images/s of the network and its pooling alone."""
    work, names = extractor.load(runtime), images.names()[: runtime.batch_size]
    pixels: Any = torch.from_numpy(np.stack([images.pixels(name) for name in names])).to(runtime.device)
    batches = max(10, min(1000, len(images.names())) // len(names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch would have its own tensors copied in another way
        work(pixels)
        begin = time.perf_counter()
        for _ in range(batches):
            work(pixels)
    return batches * len(names) / (time.perf_counter() - begin)


@attrs.frozen
class Speed:
    """Images a second: of processor time after the first batch and with the start counted, then by the clock."""

    steady: float
    counted: float
    steady_clock: float
    counted_clock: float


def _plain(images: ImageFolder) -> Speed:
    """Return the speed of the original's recipe, the first batch left out."""
    network = create_feature_extractor(DEFAULTS.network().module, ["layer3.5.conv3"])
    transforms = ResNet50_Weights.DEFAULT.transforms()
    names = images.names()[: PLAIN + BATCH]
    clock = Clock()
    with clock.step("", len(names), "image") as step:
        for start in range(0, len(names), BATCH):
            batch = [transforms(Image.open(images.path(name)).convert("RGB")) for name in names[start : start + BATCH]]
            maps = network(torch.stack(batch))["layer3.5.conv3"]
            filled = functional.pad(maps, (0, 0, 0, -maps.shape[2] % 4))
            functional.avg_pool2d(filled, (4, 1)).mean(3).flatten(1).detach().numpy()
            step.advance(len(batch))
    speed = clock.speed()
    return Speed(speed.steady, speed.steady, speed.steady_clock, speed.steady_clock)


class Clock(Progress):
    """Notes when how many images were finished, by processor time and by the clock."""

    def __init__(self) -> None:
        self.noted: list[tuple[float, float, int]] = []

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step; that of extraction is the last."""
        self.noted = [(time.process_time(), time.perf_counter(), 0)]
        yield _Hand(self.noted)

    def speed(self) -> Speed:
        """Return how fast it was."""
        processor, clock, counts = zip(*self.noted, strict=True)
        steady, whole = sum(counts[2:]), sum(counts)
        return Speed(
            steady / (processor[-1] - processor[1]),
            whole / (processor[-1] - processor[0]),
            steady / (clock[-1] - clock[1]),
            whole / (clock[-1] - clock[0]),
        )


class _Hand(Step):
    def __init__(self, noted: list[tuple[float, float, int]]) -> None:
        self.noted = noted

    def advance(self, count: int = 1) -> None:
        self.noted.append((time.process_time(), time.perf_counter(), count))


def _covey(extractor: VisionExtractor, runtime: Runtime, images: ImageFolder) -> Speed:
    """Return the speed of the pipeline."""
    clock = Clock()
    _features(extractor, runtime, images, clock)
    return clock.speed()


def _features(
    extractor: VisionExtractor, runtime: Runtime, images: ImageFolder, progress: Progress = SILENT
) -> list[NDArray[np.float32]]:
    """Return the features of every layer."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = create_dataset(Registry.installed(), folder, images.root)
        entries = Pipeline(dataset, images, runtime, progress).extract_features(extractor)
        tables = [dataset.load(entry) for entry in entries]
        return [np.array(table.X) for table in tables if isinstance(table, Features)]


def _agreement(images: ImageFolder, fast: Runtime) -> None:
    """Print how far features computed fast agree with float32."""
    sample = _images(images.root.parent / "sample", PLAIN)
    exact = _features(THREE, Runtime(precision="float32", backend="torch"), sample)
    print(f"\nCosine of {fast.precision}, by {fast.backend}, with float32: the worst of {PLAIN} images\n")
    print("| layer | cosine | at least 0.999 |\n|---|---|---|")
    for layer, X, Y in zip(LAYERS, _features(THREE, fast, sample), exact, strict=True):
        worst = _cosines(X, Y).min()
        print(f"| {layer} | {worst:.6f} | {worst >= LEAST} |")


def _cosines(X: NDArray[np.float32], Y: NDArray[np.float32]) -> NDArray[np.float32]:
    computed: NDArray[np.float32] = (X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)
    return computed


def _images(folder: Path, count: int) -> ImageFolder:
    """Write `count` images, no two the same."""
    folder.mkdir()
    source = ImageFolder(IMAGES)
    names: Sequence[str] = source.names()
    for index in range(count):
        pixels = source.pixels(names[index % len(names)]).copy()
        pixels[0, 0] = (index >> 16, index >> 8 & 255, index & 255)
        Image.fromarray(pixels).save(folder / f"{index:06}.png", compress_level=1)
    return ImageFolder(folder)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    main()
