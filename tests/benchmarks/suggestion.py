"""How good the suggested options are: the default clustering of one half of esc10 against the best of 60 radii.

    python tests/benchmarks/suggestion.py [SEEDS] [FEATURES.npz ...]

The defaults were chosen on half A of the recordings; the figures that count are those of half B. AMI takes noise as a
class; "pure" is the share of images in clusters of at least 90 % one label with 10 images from 3 recordings. Other
features, a table of covey each, are measured beside the default's, half-whitened and as they are: of esc10, or of a
dataset with labels.csv beside the table, such as the demo. Then come simulated groups, each set at 200 to 200,000
points: ten of one size, twelve of Zipf sizes with 40 % noise, twelve of which one has half of the points, and 40 of one
size; and 80 of one size in 64 dimensions, which UMAP reduces. The short form, `short` in place of the seeds, has one
seed and few simulated points.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _demo import IS_SHORT
from numpy.typing import NDArray
from sklearn.metrics import adjusted_mutual_info_score

from covey import Clusterer, Clustering, Features, Floats, Labels, Runtime
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
from covey_dbscan import Dbscan
from covey_umap import Umap

NEEDS = ("../shared/data/esc10",)
SHORT = ("short",)

ESC10 = Path(__file__).parents[3] / "shared" / "data" / "esc10"
RADII = np.geomspace(0.05, 2, 60).tolist()
COUNTS, REDUCED_COUNTS = ((200, 2000), (2000,)) if IS_SHORT else ((200, 2000, 20000, 200000), (6000, 60000))
GRID = [(eps, count) for eps in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8) for count in (5, 10, 20)]
Options = dict[str, float]
Truth = tuple[dict[str, str], dict[str, str]]


class Scores(NamedTuple):
    """How clusters agree with labels."""

    ami: float
    pure: float


class LabelledFeatures(NamedTuple):
    """Features with the options of UMAP, the label and the recording of each image, and the parts that are measured."""

    title: str
    table: Features
    settings: Options
    truth: Truth
    parts: dict[str, NDArray[np.bool_]]


def main() -> None:
    """Print a line for each part and seed, and the medians."""
    registry = Registry.installed()
    table = features(registry)
    default = LabelledFeatures("default", table, {}, *read_truth(table, ESC10))
    for measured in [default, *chain.from_iterable(map(read_features, sys.argv[2:]))]:
        print(f"\n{measured.title}\npart   seed     eps     AMI    best  regret    pure  best pure of a grid")
        for name, rows in measured.parts.items():
            lines = [line(registry, measured, rows, seed, name) for seed in range(seeds())]
            regret = statistics.median(best - score.ami for score, best in lines)
            ami, pure = np.median([score for score, _ in lines], axis=0)
            print(f"{name:<5}median AMI {ami:.3f}, regret {regret:.3f}, pure {pure:.2f}")
    simulated()


def read_features(path: str) -> Iterator[LabelledFeatures]:
    """Yield a table of features twice, as UMAP whitens it and as it is: of a dataset with labels, or else of esc10."""
    with np.load(path) as arrays:
        table = Features(names=arrays["names" if "names" in arrays else "N"], X=arrays["X"], provenance=None)
    folder = Path(path).parent
    labelled = read_truth(table, folder if (folder / "labels.csv").exists() else ESC10)
    for whiten in (0.5, 0.0):
        yield LabelledFeatures(f"{Path(path).stem}, whiten {whiten}", table, {"whiten": whiten}, *labelled)


def read_truth(table: Features, folder: Path) -> tuple[Truth, dict[str, NDArray[np.bool_]]]:
    """Return the labels and recordings of a dataset, and which rows are of its parts: the halves of esc10, and all."""
    labels, groups = read_labels(folder / "labels.csv"), read_labels(folder / "labels.csv", "group")
    first = half(table.names, groups)
    parts = {"A": first, "B": ~first} if folder == ESC10 else {}
    return (labels, groups), {**parts, "all": np.ones(len(first), bool)}


def simulated() -> None:
    """Print how many groups the suggestion finds of those that were made."""
    print("\nsimulated      points  groups  found     AMI    best  regret  in words")
    equal, zipf, half_in_one = [1.0] * 10, [1 / rank for rank in range(1, 13)], [11.0, *[1.0] * 11]
    sets = [("equal", equal, 0.1), ("zipf", zipf, 0.4), ("half in one", half_in_one, 0.1), ("many", [1.0] * 40, 0.1)]
    for (title, shares, noise), count in product(sets, COUNTS):
        show_found(title, *simulate(count, np.array(shares), noise))
    for count in REDUCED_COUNTS:
        show_found("reduced", *simulate_reduced(count))


def show_found(title: str, Z: Floats, truth: NDArray[np.intp]) -> None:
    """Print how many groups the suggestion finds among points of which the groups are known, -1 for noise."""
    prepared = Dbscan().prepare(Z)
    labels = prepared.labels(Dbscan())
    assert labels is not None
    ami = adjusted_mutual_info_score(truth, labels)
    best = max(adjusted_mutual_info_score(truth, prepared.labels(Dbscan(eps=eps))) for eps in RADII)
    numbers = f"{len(Z):8,}{truth.max() + 1:8}{labels.max() + 1:7}{ami:8.3f}{best:8.3f}{best - ami:8.3f}"
    print(f"{title:<13}{numbers}  {prepared.explain('eps')}", flush=True)


def simulate_reduced(count: int) -> tuple[Floats, NDArray[np.intp]]:
    """Return what UMAP makes (count, 8) of 80 round groups of several widths in 64 dimensions, and their group."""
    random = np.random.default_rng(count)
    truth = random.integers(0, 80, count)
    centres, widths = random.normal(size=(80, 64)), random.uniform(0.3, 0.9, size=(80, 1))
    X = centres[truth] + widths[truth] * random.normal(size=(count, 64))
    (Z,) = Umap().reduce(X.astype(np.float32), [8])
    return Z, truth


def simulate(count: int, shares: NDArray[np.float64], noise: float) -> tuple[Floats, NDArray[np.intp]]:
    """Return points (count, 8) in groups of different width and shape, each of six lumps, and their group, -1 noise."""
    random, groups = np.random.default_rng(count), len(shares)
    centres, lumps = random.normal(size=(groups, 8)), random.normal(size=(groups, 6, 8)) * 0.9
    widths = random.uniform(0.08, 0.22, size=(groups, 1)) * np.exp(random.normal(0, 0.5, size=(groups, 8)))
    truth = random.choice(groups, count, p=shares / shares.sum())
    spread = random.normal(size=(count, 8)) * 0.8 + lumps[truth, random.integers(0, 6, count)]
    is_noise = random.random(count) < noise
    Z = np.where(is_noise[:, None], random.normal(size=(count, 8)), centres[truth] + widths[truth] * spread)
    return ((Z - Z.mean(axis=0)) / Z.std(axis=0)).astype(np.float32), np.where(is_noise, -1, truth)


def seeds() -> int:
    """Return how many seeds to try."""
    return 1 if IS_SHORT else int(sys.argv[1]) if len(sys.argv) > 1 else 5


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


def line(
    registry: Registry, measured: LabelledFeatures, rows: NDArray[np.bool_], seed: int, name: str
) -> tuple[Scores, float]:
    """Print one line; return how good the suggested radius is, and the AMI of the best."""
    reducer = build(registry.get(Kind.REDUCER, "umap"), measured.settings | {"seed": seed})
    (Z,) = reducer.reduce(measured.table.X[rows], [8])
    names, truth, prepared = measured.table.names[rows], measured.truth, Dbscan().prepare(Z)
    radius = prepared.suggest("eps")
    suggested = compare(prepared.labels(Dbscan()), names, truth)
    best = max(suggested.ami, *(compare(prepared.labels(Dbscan(eps=eps)), names, truth).ami for eps in RADII))
    trees = {count: Dbscan(min_samples=count).prepare(Z) for count in {count for _, count in GRID}}
    grid = [trees[count].labels(Dbscan(eps=eps, min_samples=count)) for eps, count in GRID]
    pure = max(compare(labels, names, truth).pure for labels in grid)
    numbers = (
        f"{radius:8.3g}{suggested.ami:8.3f}{best:8.3f}{best - suggested.ami:8.3f}{suggested.pure:8.2f}{pure:11.2f}"
    )
    print(f"{name:<5}{seed:>6}{numbers}", flush=True)
    return suggested, best


def scored(clusterer: Clusterer, Z: NDArray[np.float32], names: Names, truth: Truth) -> Scores:
    """Return how the clusters of some images agree with the truth."""
    return compare(clusterer.cluster(Z), names, truth)


def compare(labels: Labels | None, names: Names, truth: Truth) -> Scores:
    """Return how clusters of some images agree with the truth."""
    assert labels is not None
    clustering = Clustering(names=names, labels=labels, provenance=None)
    measured = MeasuredClustering(clustering=clustering, classes=truth[0], recording_by_image=truth[1])
    return Scores(AdjustedMutualInformation().compute(measured) or 0, PureShare().compute(measured) or 0)


if __name__ == "__main__":
    main()
