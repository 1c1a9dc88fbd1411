"""Peak memory of extraction: with few and with many images, where it must not grow; and with one large image.

Run it by `python tests/benchmarks/memory.py [EXTRACTOR [FEW MANY]]`, on Linux or macOS; the extractor is brightness
(no network) unless another, such as timm, is named. Large images always go through timm, with its default network.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from covey import FeatureExtractor, Runtime
from covey._base.progress import SILENT
from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.experiments.pipeline import Pipeline
from covey.plugins.registry import Registry
from covey.testing import Brightness

SHORT = ("brightness", "200", "2000")

FEW, MANY = 2_000, 20_000
SHAPE = (128, 256)
LARGE = {(1000, 1500): 1600, (128, 102_400): 6000}
"""Height and width of large images, and the MB that one of them may take at most."""


def main(name: str = "brightness", few: str = str(FEW), many: str = str(MANY)) -> None:
    """Print the table; a process of its own for each row."""
    print(f"{name}, PNG images of {SHAPE[1]} x {SHAPE[0]} pixels\n")
    _print_head()
    peaks = [_measured(name, int(count)) for count in (few, many)]
    print(f"\n{peaks[1] - peaks[0]:+.0f} MB from {few} to {many} images (at most 150 are allowed)\n")
    for (height, width), most in LARGE.items():
        print(f"timm, one image of {width:,} x {height:,} pixels (at most {most:,} MB are allowed)\n")
        _print_head()
        _measured("timm", 1, (height, width))
        print()


def _print_head() -> None:
    print("| images | features | MB on disk | seconds | peak memory, MB |")
    print("|---|---|---|---|---|")


def measure(name: str, folder: Path) -> None:
    """Extract the features of a folder; print a row of the table and the peak in MB."""
    start = time.perf_counter()
    dataset = FolderDataset(folder)
    assert dataset.images
    (entry,) = Pipeline(dataset, dataset.images, Runtime(), SILENT).extract_features(_extractor(name))
    unit = 1e6 if sys.platform == "darwin" else 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    size = (folder / entry.name).stat().st_size / 1e6
    seconds = time.perf_counter() - start
    print(f"| {entry.shape[0]:,} | {entry.shape[1]:,} | {size:.1f} | {seconds:.0f} | {peak:.0f} |\n{peak}")


def _measured(name: str, count: int, shape: tuple[int, int] = SHAPE) -> float:
    with tempfile.TemporaryDirectory() as folder:
        _generate(Path(folder) / "images", count, shape)
        command = [sys.executable, __file__, "--measure", name, folder]
        row, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    print(row, flush=True)
    return float(peak)


def _generate(folder: Path, count: int, shape: tuple[int, int] = SHAPE) -> None:
    """Write images with faint noise around a bright bar, each another."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(count):
        pixels = rng.integers(0, 16, shape, dtype=np.uint8)
        pixels[rng.integers(0, shape[0] - 10) :][:10, 50:200] += 180
        Image.fromarray(pixels).save(folder / f"{index:06d}.png", compress_level=1)


def _extractor(name: str) -> FeatureExtractor:
    if name == Brightness.name:
        return Brightness(bands=16)
    component = Registry.installed().get(Kind.EXTRACTOR, name)()
    assert isinstance(component, FeatureExtractor)
    return component


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], Path(sys.argv[3]))
    else:
        main(*sys.argv[1:])
