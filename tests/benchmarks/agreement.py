"""How well the default groups agree with labels: AMI for five seeds, packaged weights against random ones.

    python tests/benchmarks/agreement.py [DATASET LABELS]

By default on ../shared/data/esc10. Noise counts as a class. The short form, `short` in place of a dataset, has one seed
and the demo.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from _demo import IS_SHORT, draw_demo

from covey._base.terminal_progress import TerminalProgress
from covey.analysis.measures.label_measures import AdjustedMutualInformation
from covey.authoring import MeasuredClustering
from covey.data.label_file import read_labels
from covey.data.tables import Clustering
from covey.experiments.experiment import from_flags
from covey.experiments.run_experiment import run_experiment
from covey.plugins.registry import Registry

SHORT = ("short",)

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
SEEDS = range(1 if IS_SHORT else 5)


def main() -> None:
    """Print one line for each kind of weights."""
    with tempfile.TemporaryDirectory() as out:
        dataset, path = draw_demo(Path(out)) if IS_SHORT else choose_dataset()
        labels = read_labels(path)
        print(f"{dataset.name}, all defaults but the weights; AMI for the reducer's seeds {SEEDS[0]} to {SEEDS[-1]}")
        print(f"{'weights':<12}" + "".join(f"{seed:>7}" for seed in SEEDS) + "  median")
        for weights in ("pretrained", "random"):
            scores = [ami(str(dataset), out, weights, seed, labels) for seed in SEEDS]
            print(f"{weights:<12}" + "".join(f"{score:7.3f}" for score in scores) + f"{statistics.median(scores):8.3f}")


def choose_dataset() -> tuple[Path, Path]:
    """Return the dataset that is named, or esc10, and its labels."""
    dataset = Path(sys.argv[1]) if len(sys.argv) > 1 else ESC10
    return dataset, Path(sys.argv[2]) if len(sys.argv) > 2 else dataset / "labels.csv"


def ami(dataset: str, out: str, weights: str, seed: int, labels: dict[str, str]) -> float:
    """Return the AMI of the default clustering with these weights and this seed of the reducer."""
    registry = Registry.installed()
    settings = [f"extractor.weights={weights}", f"reducer.seed={seed}"]
    results = run_experiment(from_flags(dataset, out, {}, settings, registry), registry, TerminalProgress())
    table = results.dataset.load(results.clusterings[0])
    assert isinstance(table, Clustering)
    agreement = AdjustedMutualInformation().compute(MeasuredClustering(clustering=table, classes=labels))
    assert agreement is not None
    return agreement


if __name__ == "__main__":
    main()
