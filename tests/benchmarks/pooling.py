"""Which pooling the default extractor should have: AMI of the default groups, on halves of esc10 and on the demo.

    python tests/benchmarks/pooling.py [SEEDS]

Defaults are chosen by half A of esc10's recordings and by the demo; half B is what is reported. Each figure is the
median AMI over the seeds of the reducer, noise being a class, the radius suggested by the data. The short form,
`short` in place of the seeds, has the demo alone.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

import numpy as np
from _demo import IS_SHORT, draw_demo
from numpy.typing import NDArray
from suggestion import ESC10, half, scored, seeds

from covey import Clusterer, Features, Runtime
from covey._base.terminal_progress import TerminalProgress
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.label_file import read_labels
from covey.experiments.experiment import from_flags
from covey.experiments.pipeline import Pipeline
from covey.experiments.run_experiment import open_run_dataset
from covey.plugins.registry import Registry

SHORT = ("short",)

TIMES = ("mean",) if IS_SHORT else ("mean", "max", "mean+std", "thirds")
TRIED = [(bands, time) for bands in (1, 2, 4) for time in TIMES]


def main() -> None:
    """Print a line for each way of pooling."""
    registry = Registry.installed()
    with tempfile.TemporaryDirectory() as folder:
        demo = draw_demo(Path(folder))
        print("bands time         d    demo" + ("" if IS_SHORT else "  half A  half B"))
        for bands, time in TRIED:
            settings = [f"extractor.bands={bands}", f"extractor.time={time}"]
            table, rows = tables(registry, *demo, settings, folder)
            scores = [median(registry, table, rows, "demo")]
            if not IS_SHORT:
                esc, rows = tables(registry, ESC10, ESC10 / "labels.csv", settings, folder)
                scores += [median(registry, esc, rows, "esc10"), median(registry, esc, ~rows, "esc10")]
            print(
                f"{bands:>5} {time:<9}{table.X.shape[1]:>5}" + "".join(f"{score:8.3f}" for score in scores), flush=True
            )


def tables(
    registry: Registry, dataset: Path, labels: Path, settings: list[str], folder: str
) -> tuple[Features, NDArray[np.bool_]]:
    """Return the features of a dataset, and which images are of half A; all of them in the demo."""
    experiment = from_flags(str(dataset), str(Path(folder) / f"out-{dataset.name}"), {}, settings, registry)
    stored, images, _ = open_run_dataset(experiment, registry)
    entry = Pipeline(stored, images, Runtime(), TerminalProgress()).extract_features(experiment.extractors[0])[0]
    table = stored.load(entry)
    assert isinstance(table, Features)
    GROUPS[dataset.name] = read_labels(labels), read_labels(labels, "group")
    rows = half(table.names, GROUPS["esc10"][1]) if dataset == ESC10 else np.ones(len(table.names), bool)
    return table, rows


GROUPS: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
"""The label and the recording of each image of a dataset."""


def median(registry: Registry, table: Features, rows: NDArray[np.bool_], name: str) -> float:
    """Return the median AMI over the seeds."""
    clusterer = build(registry.get(Kind.CLUSTERER, "dbscan"), {})
    assert isinstance(clusterer, Clusterer)
    scores = []
    for seed in range(seeds()):
        reducer = build(registry.get(Kind.REDUCER, "umap"), {"seed": seed})
        (Z,) = reducer.reduce(table.X[rows], [8])
        scores.append(scored(clusterer, Z, table.names[rows], GROUPS[name]).ami)
    return statistics.median(scores)


if __name__ == "__main__":
    main()
