"""Images per second: covey against a plain implementation of the original tools' extraction, on the same images.

Run it by `python tests/benchmarks/extraction.py [images]`. The images are those of ../shared/data/esc10, repeated with
a different pixel each. The plain sides are timed on few images, for their speed does not depend on the number.
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
NO_SHORT = "its plain sides alone take several minutes"

IMAGES = Path(__file__).parents[3] / "shared" / "data" / "esc10" / "images"
LAYERS = ("layer1.2.conv3", "layer2.3.conv3", "layer3.5.conv3")
DEFAULTS = Torchvision(weights="random")
ORIGINAL = Torchvision(weights="random", input="original", freq_pool=4)
THREE = Torchvision(weights="random", layers=LAYERS)
PLAIN = 192
BATCH = 16
LEAST = 0.999


def main() -> None:
    """Print the tables."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    runtime = resolve_runtime(Runtime(), Timm(), count)
    slow, fast = (evolve(runtime, compile=compiled) for compiled in (False, True))
    print(
        f"{count} images of esc10's size, {os.cpu_count()} cores, load before the start {_load()}; found: {runtime}\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        images = _images(Path(folder) / "images", count)
        plain, quick = (_plain(images, inference) for inference in (False, True))
        print("| | images/s | start and compilation counted | ratio | counted |\n|---|---|---|---|---|")
        print(f"| plain, as the original does it | {plain:.1f} | | 1.0 | |")
        print(f"| plain, with inference_mode | {quick:.1f} | | {quick / plain:.1f} | |")
        for message, extractor, layers in (
            ("covey's defaults", DEFAULTS, 1),
            ("original crop and size", ORIGINAL, 1),
            ("three layers, against three plain runs", THREE, 3),
        ):
            for how in (slow, fast):
                row = f"{message}, {'' if how.compile else 'not '}compiled"
                print(_row(row, *_covey(extractor, how, images), plain / layers), flush=True)
        _earned(images, slow, fast)
        _decoding(images, slow)
        _agreement(images, evolve(fast, precision="bfloat16"))
    print(f"\nLoad after the end: {_load()}")


def _row(message: str, speed: float, whole: float, plain: float) -> str:
    return f"| {message} | {speed:.1f} | {whole:.1f} | {speed / plain:.1f} | {whole / plain:.1f} |"


def _earned(images: ImageFolder, slow: Runtime, fast: Runtime) -> None:
    """Print after how many images of one size compiling has taken less time than it has saved."""
    print("\n| network | images/s | compiled | seconds to compile | earned back after |\n|---|---|---|---|---|")
    count = len(images.names())
    for extractor in (Timm(), DEFAULTS):
        (eager, whole), (compiled, late) = (_covey(extractor, how, images) for how in (slow, fast))
        cost = (count / late - count / compiled) - (count / whole - count / eager)
        saved = 1 / eager - 1 / compiled
        after = f"{cost / saved:,.0f} images" if saved > 0 else "never"
        print(f"| {extractor.model} | {eager:.1f} | {compiled:.1f} | {cost:.1f} | {after} |", flush=True)


def _decoding(images: ImageFolder, runtime: Runtime) -> None:
    """Print how fast the pipeline is beside the same network on images that are in the device's memory already."""
    print("\n| network | images/s from files | from memory | ratio, at least 0.8 on a GPU |\n|---|---|---|---|")
    for extractor in (Timm(), DEFAULTS):
        files, _ = _covey(extractor, runtime, images)
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


def _plain(images: ImageFolder, inference: bool) -> float:
    """Return images/s of the original's recipe, the first batch left out."""
    network = create_feature_extractor(DEFAULTS.network().module, ["layer3.5.conv3"])
    transforms = ResNet50_Weights.DEFAULT.transforms()
    names = images.names()[: PLAIN + BATCH]
    begin = 0.0
    with torch.inference_mode(inference):
        for start in range(0, len(names), BATCH):
            if start == BATCH:
                begin = time.perf_counter()
            batch = [transforms(Image.open(images.path(name)).convert("RGB")) for name in names[start : start + BATCH]]
            maps = network(torch.stack(batch))["layer3.5.conv3"]
            filled = functional.pad(maps, (0, 0, 0, -maps.shape[2] % 4))
            functional.avg_pool2d(filled, (4, 1)).mean(3).flatten(1).detach().numpy()
    return (len(names) - BATCH) / (time.perf_counter() - begin)


class Clock(Progress):
    """Notes when how many images were finished."""

    def __init__(self) -> None:
        self.noted: list[tuple[float, int]] = []

    @contextmanager
    def step(self, title: str, total: int, unit: str) -> Iterator[Step]:
        """Open a step; that of extraction is the last."""
        self.noted = [(time.perf_counter(), 0)]
        yield _Hand(self.noted)


class _Hand(Step):
    def __init__(self, noted: list[tuple[float, int]]) -> None:
        self.noted = noted

    def advance(self, count: int = 1) -> None:
        self.noted.append((time.perf_counter(), count))


def _covey(extractor: VisionExtractor, runtime: Runtime, images: ImageFolder) -> tuple[float, float]:
    """Return images/s of the pipeline after its first batch, and with loading, compiling and that batch counted."""
    clock = Clock()
    _features(extractor, runtime, images, clock)
    times, counts = zip(*clock.noted, strict=True)
    return sum(counts[2:]) / (times[-1] - times[1]), sum(counts) / (times[-1] - times[0])


def _features(
    extractor: VisionExtractor, runtime: Runtime, images: ImageFolder, progress: Progress = SILENT
) -> list[NDArray[np.float32]]:
    """Return the features of every layer; what was compiled before is forgotten."""
    torch.compiler.reset()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(Path(folder) / "compiled")
        dataset = create_dataset(Registry.installed(), folder, images.root)
        entries = Pipeline(dataset, images, runtime, progress).extract_features(extractor)
        tables = [dataset.load(entry) for entry in entries]
        return [np.array(table.X) for table in tables if isinstance(table, Features)]


def _agreement(images: ImageFolder, fast: Runtime) -> None:
    """Print how far features computed fast agree with float32."""
    sample = _images(images.root.parent / "some", PLAIN)
    exact = _features(THREE, Runtime(), sample)
    print(f"\nCosine of {fast.precision}, compiled, with float32: the worst of {PLAIN} images\n")
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
