"""Which bands, whitening, distance and number of neighbours the defaults should have, on half of esc10 and on the demo.

    python tests/benchmarks/whitening.py [SEEDS] [B]

Defaults are chosen by half A of esc10's recordings and by the demo. With B only the defaults and those before them are
tried, on half B. Figures are medians over the seeds of the reducer, noise being a class: AMI and pure share at the
radius that DBSCAN suggests, and the AMI at the best of 60 radii. Accuracy is that of the 5 nearest images of other
recordings, by the distance of the variant. The short form, `short` in place of the seeds, has the demo alone.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _demo import IS_SHORT, draw_demo
from numpy.typing import NDArray
from pooling import GROUPS, tables
from sklearn.metrics import pairwise_distances
from suggestion import ESC10, RADII, scored, seeds

from covey import Features, Floats
from covey.analysis.feature_sets import combine_features
from covey.data.tables import Names
from covey.plugins.registry import Registry
from covey_dbscan import Dbscan
from covey_umap import Umap

SHORT = ("short",)


class Variant(NamedTuple):
    """Options of the extractor and the reducer."""

    bands: int
    whiten: float
    metric: str
    neighbors: int


BEFORE, CHOSEN = Variant(1, 0, "euclidean", 10), Variant(4, 0.5, "cosine", 15)
WAYS = [(0, "euclidean", 10), (0, "cosine", 15), (0.5, "euclidean", 15), (0.5, "cosine", 10), (0.5, "cosine", 15)]
TRIED = [Variant(bands, *way) for bands in (1, 2, 4) for way in WAYS]


def main() -> None:
    """Print a line for each variant and set."""
    registry = Registry.installed()
    is_last = sys.argv[2:] == ["B"]
    with tempfile.TemporaryDirectory() as folder:
        demo = draw_demo(Path(folder))
        for variant in (BEFORE, CHOSEN) if is_last or IS_SHORT else TRIED:
            settings = [f"extractor.bands={variant.bands}"]
            if not IS_SHORT:
                esc10, is_first = tables(registry, ESC10, ESC10 / "labels.csv", settings, folder)
                show(variant, esc10, ~is_first if is_last else is_first, "esc10")
            if not is_last:
                show(variant, *tables(registry, *demo, settings, folder), "demo")


def show(variant: Variant, table: Features, rows: NDArray[np.bool_], name: str) -> None:
    """Print the medians of a variant on some rows of a set."""
    X, names = table.X[rows], table.names[rows]
    reducers = [
        Umap(seed=seed, whiten=variant.whiten, metric=variant.metric, neighbors=variant.neighbors)
        for seed in range(seeds())
    ]
    scores = [score(next(iter(reducer.reduce(X, [8]))), names, name) for reducer in reducers]
    ami, pure, best = np.median(scores, axis=0)
    accuracy = measure_accuracy(variant, X, names, name)
    print(f"{name} {variant}: accuracy {accuracy:.3f}, AMI {ami:.3f}, pure {pure:.2f}, best AMI {best:.3f}", flush=True)


def score(Z: Floats, names: Names, name: str) -> tuple[float, float, float]:
    """Return AMI and pure share at the suggested radius, and the AMI at the best one."""
    suggested = scored(Dbscan(), Z, names, GROUPS[name])
    best = max(scored(Dbscan(eps=eps), Z, names, GROUPS[name]).ami for eps in RADII)
    return suggested.ami, suggested.pure, max(best, suggested.ami)


def measure_accuracy(variant: Variant, X: Floats, names: Names, name: str) -> float:
    """Return how often the 5 nearest images of other recordings have, by majority, the label of an image."""
    labels, recordings = (np.array([values[image] for image in names.tolist()]) for values in GROUPS[name])
    standardised = combine_features([X], variant.whiten, np.arange(len(X)))
    distances = pairwise_distances(standardised, metric=variant.metric)
    distances[recordings[:, None] == recordings] = np.inf
    neighbours = labels[distances.argsort(axis=1)[:, :5]]
    votes = (neighbours[:, :, None] == neighbours[:, None]).sum(axis=1)
    majority = neighbours[np.arange(len(X)), votes.argmax(axis=1)]  # of equal numbers the label of the nearest
    return float((majority == labels).mean())


if __name__ == "__main__":
    main()
