"""How good the suggested options are: the default clustering of one half of esc10 against the best of a grid.

    python tests/benchmarks/suggestion.py [SEEDS]

The defaults were chosen on half A of the recordings; the figures that count are those of half B. AMI takes noise as a
class; "pure" is the share of images in clusters of at least 90 % one label with 10 images from 3 recordings.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from covey import Clusterer, Clustering, Features, Runtime
from covey._base.terminal_progress import TerminalProgress
from covey.analysis.measures.label_measures import AdjustedMutualInformation, PureShare
from covey.authoring import MeasuredClustering
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.label_file import read_labels
from covey.data.tables import Names
from covey.experiments.experiment import from_flags
from covey.experiments.pipeline import Pipeline
from covey.experiments.run_experiment import open_run_dataset
from covey.plugins.registry import Registry

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
RADII = np.geomspace(0.05, 2, 60).tolist()
GRID = [(eps, count) for eps in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8) for count in (5, 10, 20)]
Truth = tuple[dict[str, str], dict[str, str]]


class Scores(NamedTuple):
    """How clusters agree with labels."""

    ami: float
    pure: float


def main() -> None:
    """Print a line for each half and seed, and the medians."""
    registry = Registry.installed()
    labels = read_labels(ESC10 / "labels.csv")
    groups = read_labels(ESC10 / "labels.csv", "group")
    table = features(registry)
    first = half(table.names, groups)
    print(f"{'half':<5}{'seed':>5}{'eps':>8}{'AMI':>8}{'best':>8}{'regret':>8}{'pure':>8}{'best pure':>11}  of a grid")
    for name, rows in (("A", first), ("B", ~first), ("all", np.ones(len(first), bool))):
        scores = [line(registry, table, rows, seed, (labels, groups), name) for seed in range(seeds())]
        print(f"{name:<5}median AMI {statistics.median(scores):.3f}")


def seeds() -> int:
    """Return how many seeds to try."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else 5


def features(registry: Registry) -> Features:
    """Return the default features of esc10."""
    with tempfile.TemporaryDirectory() as out:
        experiment = from_flags(str(ESC10), out, {}, [], registry)
        dataset, images, _ = open_run_dataset(experiment, registry)
        entry = Pipeline(dataset, images, Runtime(), TerminalProgress()).extract_features(experiment.extractors[0])[0]
        table = dataset.load(entry)
    assert isinstance(table, Features)
    return table


def half(names: Names, groups: dict[str, str]) -> NDArray[np.bool_]:
    """Return which images are of the half of the recordings on which the defaults were chosen."""
    recordings = np.unique(list(groups.values()))
    chosen = np.random.default_rng(0).permutation(recordings)[: len(recordings) // 2]
    return np.isin([groups[name] for name in names.tolist()], chosen)


def line(registry: Registry, table: Features, rows: NDArray[np.bool_], seed: int, truth: Truth, name: str) -> float:
    """Print one line; return the AMI of the suggested radius."""
    reducer = build(registry.get(Kind.REDUCER, "umap"), {"seed": seed})
    (Z,) = reducer.reduce(table.X[rows], [8])
    default = build(registry.get(Kind.CLUSTERER, "dbscan"), {})
    assert isinstance(default, Clusterer)
    suited = default.resolve(Z)
    provenance = scored(suited, Z, table.names[rows], truth)
    tried = [build(type(default), {"eps": eps}) for eps in RADII]
    best = max(scored(one, Z, table.names[rows], truth).ami for one in [suited, *tried])
    grid = [build(type(default), {"eps": eps, "min_samples": count}) for eps, count in GRID]
    pure = max(scored(one, Z, table.names[rows], truth).pure for one in grid)
    radius = getattr(suited, "eps")  # noqa: B009
    numbers = (
        f"{radius:8.3g}{provenance.ami:8.3f}{best:8.3f}{best - provenance.ami:8.3f}{provenance.pure:8.2f}{pure:11.2f}"
    )
    print(f"{name:<5}{seed:>5}{numbers}", flush=True)
    return provenance.ami


def scored(clusterer: Clusterer, Z: NDArray[np.float32], names: Names, truth: Truth) -> Scores:
    """Return how the clusters of some images agree with the truth."""
    clustering = Clustering(names=names, labels=clusterer.cluster(Z), provenance=None)
    measured = MeasuredClustering(clustering=clustering, classes=truth[0], recording_by_image=truth[1])
    return Scores(AdjustedMutualInformation().compute(measured) or 0, PureShare().compute(measured) or 0)


if __name__ == "__main__":
    main()
