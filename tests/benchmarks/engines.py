"""What engines cost: processor seconds of all processes for features of many images, and whether the files are equal.

Run it by `python tests/benchmarks/engines.py [IMAGES [KILLS [FOLDER]]]`, on Linux. The images are 128 x 256 pixels of
ten kinds, or those of a folder, with bytes appended, so that each has contents of its own, and the extractor is
`Brightness`, which needs no model: what is left is what an engine costs. With KILLS, that many workers of Dask are
killed at random moments of its run. Two lines before the table say what a batch costs with Dask that computes nothing.
"""

from __future__ import annotations

import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import attrs
import numpy as np
import psutil
from PIL import Image

from covey import Runtime
from covey._base.progress import Step
from covey.components.engine_contract import Engine, ItemQueue, Work
from covey.data.images import ImageFile, ImageFolder
from covey.engines.local import Local
from covey.experiments.pipeline import Pipeline
from covey.extraction.feature_work import FeatureBatch
from covey.extraction.shards import Shard
from covey.plugins.locations import create_dataset
from covey.plugins.registry import Registry
from covey.testing import Brightness
from covey_dask import Dask

SHORT = ("1000",)

IMAGES, FOLDER = 20_000, 1000
BATCH_SIZES, BATCHES = (32, 256), 200
START_S = 4.0
"""Seconds of the processor that a worker takes to start."""
ENGINES: dict[str, Engine] = {"local": Local(), "dask": Dask(workers=2)}


def main(count: int = IMAGES, kills: int = 0, source: str = "") -> None:
    """Print the table."""
    kinds = [path.read_bytes() for path in sorted(Path(source).rglob("*.png"))] if source else draw_kinds()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "images", count, kinds)
        print(f"{count:,} images, {kills} kills\n")
        for size in BATCH_SIZES:
            print(f"a batch of {size} images, nothing computed: {measure_empty_batch_ms(size):.1f} ms of a processor")
        print("\n| engine | processor s | against local | wall s | file |\n|---|---|---|---|---|")
        figures = {engine: measure(folder, engine, kills if engine == "dask" else 0) for engine in ENGINES}
        for engine, (processor_s, wall_s) in figures.items():
            is_same = read_table(folder / engine) == read_table(folder / "local")
            file = "the same" if is_same else "another"
            share = processor_s / figures["local"][0]
            print(f"| {engine} | {processor_s:.1f} | {share:.2f} | {wall_s:.1f} | {file} |")


@attrs.frozen
class NoWork(Work[FeatureBatch, list[Shard]]):
    """Gives shards of the usual size, and computes nothing."""

    def start(self) -> Callable[[FeatureBatch], list[Shard]]:
        def compute(batch: FeatureBatch) -> list[Shard]:
            return [Shard(tuple(batch.files), {"features": np.zeros((len(batch.files), 12), np.float32)}, {})]

        return compute


def measure_empty_batch_ms(size: int) -> float:
    """Return the processor time of all processes for a batch of so many images, once the worker has started."""
    contents = [[f"{number * size + row:064x}" for row in range(size)] for number in range(2 * BATCHES)]
    batches = [FeatureBatch({content: [ImageFile(content, 0, 0, content)] for content in row}) for row in contents]
    outcomes = Dask(workers=1).map(NoWork(), ItemQueue(batches), Step())
    with closing(outcomes):
        for _ in islice(outcomes, BATCHES // 2):
            pass
        before = count_seconds_of_all()
        for _ in islice(outcomes, BATCHES):
            pass
        return (count_seconds_of_all() - before) / BATCHES * 1000


def count_seconds_of_all() -> float:
    """Return the processor seconds of this process and of those that it started and that run."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def draw_kinds() -> list[bytes]:
    """Return ten pictures."""
    rng, kinds = np.random.default_rng(0), []
    for _ in range(10):
        pixels = np.kron(rng.integers(0, 255, (16, 32)), np.ones((8, 8))).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "png")
        kinds.append(buffer.getvalue())
    return kinds


def generate(folder: Path, count: int, kinds: Sequence[bytes]) -> None:
    """Write images, a thousand in a folder."""
    for number in range(count):
        if number % FOLDER == 0:
            (folder / f"{number // FOLDER:04}").mkdir(parents=True)
        path = folder / f"{number // FOLDER:04}" / f"{number:07}.png"
        path.write_bytes(kinds[number % len(kinds)] + number.to_bytes(4, "big"))


def measure(folder: Path, engine: str, kills: int) -> tuple[float, float]:
    """Return processor and wall seconds of the extraction, in a process of its own."""
    command = [sys.executable, __file__, "--extract", str(folder), engine]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with killing(process, kills):
        output, _ = process.communicate()
    processor_s, wall_s = json.loads(output.splitlines()[-1])
    return processor_s, wall_s


@contextmanager
def killing(process: subprocess.Popen[str], kills: int) -> Iterator[None]:
    """Kill workers that are descendants of a process, at random moments, until the block ends."""
    ended = threading.Event()

    def kill() -> None:
        rng, left = random.Random(0), kills
        while left and not ended.wait(rng.uniform(4, 12)):
            workers = [child for child in psutil.Process(process.pid).children() if is_worker(child)]
            if workers:
                rng.choice(workers).kill()
                left -= 1
                print("killed a worker", file=sys.stderr, flush=True)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def is_worker(process: psutil.Process) -> bool:
    """Whether a process is a worker that has started, however long that took on a busy machine."""
    try:
        return "spawn_main" in " ".join(process.cmdline()) and sum(process.cpu_times()[:2]) > START_S
    except psutil.Error:
        return False


def extract(folder: Path, engine: str) -> None:
    """Extract features, and print processor and wall seconds."""
    dataset = create_dataset(Registry.installed(), str(folder / engine), folder / "images")
    pipeline = Pipeline(dataset, ImageFolder(folder / "images"), Runtime(), engine=ENGINES[engine])
    processor_s, start = count_processor_seconds(), time.perf_counter()
    pipeline.extract_features(Brightness())
    print(json.dumps([count_processor_seconds() - processor_s, time.perf_counter() - start]))


def count_processor_seconds() -> float:
    """Return the processor seconds of this process and of those that it started and that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def read_table(folder: Path) -> bytes:
    """Return the bytes of the features."""
    (path,) = folder.glob("full_features_*.npz")
    return path.read_bytes()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--extract"]:
        extract(Path(sys.argv[2]), sys.argv[3])
    else:
        os.environ["COVEY_HOME"] = tempfile.mkdtemp()
        count, kills, source = (*sys.argv[1:], *(str(IMAGES), "0", "")[len(sys.argv) - 1 :])
        main(int(count), int(kills), source)
