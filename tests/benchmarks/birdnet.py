"""BirdNET on esc10: clips a second from files to features beside the bare interpreter, and how well the clips group.

    python tests/benchmarks/birdnet.py [clips] [rounds]

Needs the model (covey weights birdnet). Both speeds are measured in turns in one process, with the same number of
threads, with loading the model; the bare side hears windows that are in memory. On a machine that others use too, the
processor time tells more than the clock. The groups are those of UMAP to 8
dimensions (cosine, 15 neighbours), with the suggested radius of DBSCAN and with HDBSCAN; noise counts as a class, as in
suggestion.py.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from suggestion import ESC10, Truth, scored

from covey import Clusterer, Features, Floats, Reducer, Runtime
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.data.label_file import read_labels
from covey.experiments.pipeline import Pipeline
from covey.plugins.registry import Registry
from covey_birdnet import Birdnet
from covey_birdnet.fetch_model import missing_model
from covey_birdnet.model_files import find_model

NEEDS = ("../shared/data/esc10",)
SHORT = ("60", "1")

SEEDS = range(3)
NEIGHBOURS = 5
PASSED = 0.85


def main() -> None:
    """Print the tables."""
    if missing := missing_model():
        print(f"skipped: needs {missing.what}")
        return
    count, rounds = (int(word) for word in [*sys.argv[1:3], *["1047", "3"][len(sys.argv) - 1 :]])
    threads = os.cpu_count() or 1
    print(f"{count} clips of esc10, {threads} threads, load before the start {os.getloadavg()[0]:.1f}\n")
    print("| round | clips/s from files | of the bare interpreter | ratio | processor ms a clip | of the bare |")
    print("|---|---|---|---|---|---|")
    ratios = []
    for number in range(rounds):
        (took, table), bare = extract(count, threads), time_bare(count, threads)
        speeds = len(table.names) / took.seconds, count / bare.seconds
        ratios.append(speeds[0] / speeds[1])
        work = took.processor_s / len(table.names), bare.processor_s / count
        cells = [*(f"{speed:.1f}" for speed in speeds), f"{ratios[-1]:.2f}", *(f"{1000 * each:.1f}" for each in work)]
        print(f"| {number + 1} | {' | '.join(cells)} |", flush=True)
    median = statistics.median(ratios)
    print(f"\nmedian ratio {median:.2f}, at least {PASSED}: {median >= PASSED}")
    show_groups(table)


class Took(NamedTuple):
    """How long something took, by the clock and by the processors."""

    seconds: float
    processor_s: float


class Stopwatch:
    """Measures from when it is made."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def read(self) -> Took:
        """Return how long it took up to now."""
        return Took(time.perf_counter() - self._began[0], time.process_time() - self._began[1])


def extract(count: int, threads: int) -> tuple[Took, Features]:
    """Return how long the extraction of the first clips took, loading the model counted, and the features."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ESC10 / "recordings", home / "recordings")
        shutil.copy(ESC10 / "clips.csv", home)
        (home / "images").mkdir()
        paths = sorted((ESC10 / "images").iterdir())
        for path in paths[:: max(1, len(paths) // count)][:count]:
            shutil.copy(path, home / "images")
        dataset = FolderDataset(home)
        assert dataset.images
        pipeline = Pipeline(dataset, dataset.images, Runtime(threads=threads))
        stopwatch = Stopwatch()
        (entry,) = pipeline.extract_features(Birdnet())
        took, table = stopwatch.read(), dataset.load(entry)
        assert isinstance(table, Features)
        return took, Features(names=table.names, X=np.array(table.X), provenance=table.provenance)


def time_bare(count: int, threads: int) -> Took:
    """Return how long the interpreter alone takes, one window after the other, loading the model counted."""
    from ai_edge_litert.interpreter import Interpreter

    stopwatch = Stopwatch()
    interpreter = Interpreter(model_path=str(find_model()), num_threads=threads)
    interpreter.allocate_tensors()
    sound, output = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    windows: Floats = np.random.default_rng(0).normal(0, 0.1, (8, 144000)).astype(np.float32)
    for number in range(count):
        interpreter.set_tensor(sound, windows[number % 8 : number % 8 + 1])
        interpreter.invoke()
        interpreter.get_tensor(output)
    return stopwatch.read()


def show_groups(table: Features) -> None:
    """Print how well groups of the features agree with the labels, and how often the nearest clips do."""
    registry = Registry.installed()
    truth: Truth = (read_labels(ESC10 / "labels.csv"), read_labels(ESC10 / "labels.csv", "group"))
    print("\n| seed | AMI, suggested radius | pure | AMI, HDBSCAN | pure |\n|---|---|---|---|---|")
    for seed in SEEDS:
        settings = {"seed": seed, "neighbors": 15, "metric": "cosine"}
        reducer = build(registry.get(Kind.REDUCER, "umap"), settings)
        assert isinstance(reducer, Reducer)
        (Z,) = reducer.reduce(table.X, [8])
        cells = [str(seed)]
        for name in ("dbscan", "hdbscan"):
            clusterer = build(registry.get(Kind.CLUSTERER, name), {})
            assert isinstance(clusterer, Clusterer)
            scores = scored(clusterer.resolve(Z), Z, table.names, truth)
            cells += [f"{scores.ami:.3f}", f"{scores.pure:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{NEIGHBOURS} nearest neighbours (cosine, own recording left out): {vote(table, truth):.3f} right")


def vote(table: Features, truth: Truth) -> float:
    """Return the share of clips whose nearest clips of other recordings mostly have their label."""
    labels, recordings = (np.array([known[name] for name in table.names.tolist()]) for known in truth)
    directions = table.X / np.linalg.norm(table.X, axis=1, keepdims=True)
    similarities = np.where(recordings[:, np.newaxis] == recordings, -np.inf, directions @ directions.T)
    nearest = np.argsort(-similarities, axis=1)[:, :NEIGHBOURS]
    return float(
        np.mean([statistics.mode(labels[row].tolist()) == own for row, own in zip(nearest, labels, strict=True)])
    )


if __name__ == "__main__":
    main()
