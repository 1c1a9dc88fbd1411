"""How what covey does grows with the number of images: seconds of the processor, and the exponent of their growth.

    python tests/benchmarks/growth.py [COUNT ...]

Two or more counts, by default from 125,000 to 1,000,000; on Linux, with chromium on the path. The trees are those of
density.py. The run goes from made-up images, tiny and each another, by `Brightness`, PCA and DBSCAN at one radius to
groups; the dashboard then opens this dataset, and what its server takes until the map is there counts. Each figure is
of a process of its own; a cost that grows like the number of images has the exponent 1.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from density import COLUMNS, FLAT, MIN_SAMPLES, made_up
from PIL import Image
from playwright.sync_api import sync_playwright

from covey.analysis.density import Tree
from covey.api import run
from covey.components.kinds import Kind
from covey.components.options import build
from covey.plugins.registry import Registry
from covey.testing import Brightness
from dashboard import open_cold

SHORT = ("2000", "4000")

COUNTS = (125_000, 250_000, 500_000, 1_000_000)
IN_FOLDER, BANDS, GROUPS, EPS = 1000, 4, 20, 0.5
Use = Callable[[], float]


def main(*counts: int) -> None:
    """Print the table."""
    seconds = {what: [_measure_apart(what, count) for count in counts] for what in ("tree, flat", "tree, full")}
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            draw_images(Path(folder) / "images", count)
            for what in ("run", "dashboard"):
                seconds.setdefault(what, []).append(_measure_apart(what, count, folder))
    print(f"| processor s | {' | '.join(f'{count:,}' for count in counts)} | exponent |")
    print("|---" * (len(counts) + 2) + "|")
    for what, row in seconds.items():
        print(f"| {what} | {' | '.join(f'{figure:.1f}' for figure in row)} | {fit_exponent(counts, row):.2f} |")


def fit_exponent(counts: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the power of the count by which the seconds grow, by least squares of the logarithms."""
    return float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])


def draw_images(folder: Path, count: int) -> None:
    """Write images of `BANDS` bands in groups of alike brightness, a thousand in a folder."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(40, 215, (GROUPS, BANDS, 1, 1))
    for number in range(count):
        if number % IN_FOLDER == 0:
            (folder / f"{number // IN_FOLDER:04}").mkdir(parents=True)
        pixels = centres[number % GROUPS] + rng.normal(0, 6, (BANDS, 2, 8))
        buffer = io.BytesIO()
        Image.fromarray(pixels.reshape(-1, 8).astype(np.uint8)).save(buffer, "png")
        path = folder / f"{number // IN_FOLDER:04}" / f"XC{number // 50:06}_segm_{number % 50:04}.png"
        path.write_bytes(buffer.getvalue() + number.to_bytes(4, "big"))


def grow_tree(dimensions: int, count: int) -> float:
    """Return what preparing points for all radii takes."""
    Z = made_up(count, dimensions)
    before = _count_own_seconds()
    Tree.grow(Z, MIN_SAMPLES)
    return _count_own_seconds() - before


def find_groups(folder: str) -> float:
    """Return what a run takes, from images to groups."""
    registry = Registry.installed()
    reducer = build(registry.get(Kind.REDUCER, "pca"), {"sizes": (BANDS,)})
    clusterer = build(registry.get(Kind.CLUSTERER, "dbscan"), {"eps": EPS, "min_samples": MIN_SAMPLES})
    run(folder, extractors=[Brightness(bands=BANDS)], reducers=[reducer], clusterers=[clusterer])
    return _count_own_seconds()


def open_map(folder: str) -> float:
    """Return what the server of the dashboard takes until there is a map in a browser."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        open_cold(browser, Path(folder))
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the server alone: the browser has not ended yet
        browser.close()
    return usage.ru_utime + usage.ru_stime


def _count_own_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _measure_apart(what: str, count: int, folder: str = "") -> float:
    """Return the seconds of one cell of the table, measured in a process of its own."""
    command = [sys.executable, __file__, "--measure", what, str(count), folder]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    seconds = float(output.splitlines()[-1])
    print(f"{what}, {count:,}: {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds


def _measure(what: str, count: int, folder: str) -> float:
    work: dict[str, Use] = {
        "tree, flat": partial(grow_tree, FLAT, count),
        "tree, full": partial(grow_tree, COLUMNS, count),
        "run": partial(find_groups, folder),
        "dashboard": partial(open_map, folder),
    }
    return work[what]()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(_measure(sys.argv[2], int(sys.argv[3]), sys.argv[4]))
    else:
        os.environ["COVEY_HOME"] = tempfile.mkdtemp()
        main(*(map(int, sys.argv[1:]) if sys.argv[1:] else COUNTS))
