"""How far to trust the group that noise may belong to: confidence against the share that is right.

    python tests/benchmarks/nearest_groups.py FOLDER LABELS.csv [SEEDS]

FOLDER is a dataset with features, each of which is reduced by umap and clustered by dbscan at the suggested radius and
at smaller ones. A group is right for an image outside all groups if most images of the group have its class. Beside it
stands what leaving out promises: images inside groups, each said by its neighbours to be in its own, with the share of
these. The numbers of the confidence were fitted to half A of the recordings of ESC-10 and to the demo. The short form,
`short` alone, has one seed and the demo.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from _demo import IS_SHORT, draw_demo
from numpy.typing import NDArray

import covey
from covey import Floats, Labels, Prepared, Reducer
from covey.analysis.assist.nearest_groups import find_voters, vote_nearest_groups
from covey.analysis.assist.similarity_space import as_similarity_space
from covey.components.kinds import Kind
from covey.components.measure_contract import number_values
from covey.components.options import build
from covey.data.label_file import read_labels
from covey.data.tables import NOISE
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry
from covey_dbscan import Dbscan

SHORT = ("short",)

EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.01)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45)
"""Shares of the images outside groups at the radii that are tried besides the suggested one, which leaves few."""
Measured = NDArray[np.float64]
"""Confidence, and whether it is right, (2, m)."""


def main(folder: str, labels: str, seeds: int) -> None:
    """Print a row for each range of confidence, for each table of features, over all seeds."""
    registry = Registry.installed()
    dataset, labels_by_image = open_dataset(registry, folder), read_labels(Path(labels))
    print("| features | confidence | images | mean confidence | right | left out: images | confidence | right |")
    print("|---|---|---|---|---|---|---|---|")
    for entry in dataset.features():
        table = dataset.load(entry)
        truth = number_values(table.names, labels_by_image)
        results = [measure(registry, table.X, truth, seed) for seed in range(seeds)]
        noise, left_out = (np.concatenate(parts, axis=1) for parts in zip(*results, strict=True))
        for low, high in pairwise(EDGES):
            cells = f"{row(noise, low, high)}{row(left_out, low, high)}"
            print(f"| {entry.stem[:40]} | {low:.1f} to {min(high, 1):.1f} {cells}|")


def measure_demo() -> None:
    """Print the rows of the default features of the demo, for one seed."""
    with tempfile.TemporaryDirectory() as folder:
        demo, labels = draw_demo(Path(folder))
        covey.run(str(demo))
        main(str(demo), str(labels), 1)


def measure(
    registry: Registry, X: Floats, truth: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return confidence and whether it is right (2, m) of images outside groups, and of those inside, left out."""
    reducer = build(registry.get(Kind.REDUCER, "umap"), {"seed": seed})
    assert isinstance(reducer, Reducer)
    (Z,) = reducer.reduce(X, [8])
    voters = find_voters(as_similarity_space(X), np.arange(len(X)))
    results = [judge(labels, voters, truth) for labels in cut(Dbscan().prepare(Z))]
    noise, left_out = (np.concatenate(parts, axis=1) for parts in zip(*results, strict=True))
    return noise, left_out


def cut(prepared: Prepared) -> Iterator[Labels]:
    """Yield the groups at the suggested radius, and at those with about SHARES of the images outside groups."""
    candidates = [prepared.labels(Dbscan(eps=eps)) for eps in prepared.values("eps")]
    shares = np.array([np.mean(labels == NOISE) for labels in candidates])
    chosen = [prepared.labels(Dbscan()), *(candidates[int(np.abs(shares - share).argmin())] for share in SHARES)]
    yield from (labels for labels in chosen if labels is not None)


def judge(labels: Labels, voters: NDArray[np.intp], truth: NDArray[np.intp]) -> tuple[Measured, Measured]:
    """Return confidence and whether it is right of images outside groups, and of those inside, left out."""
    nearest = vote_nearest_groups(labels, np.arange(len(labels)), voters)
    rows = np.flatnonzero((labels == NOISE) & (nearest.clusters != NOISE))
    classes = {cluster: np.bincount(truth[labels == cluster]).argmax() for cluster in np.unique(labels)}
    is_right = np.array([classes[nearest.clusters[row]] == truth[row] for row in rows], dtype=np.float64)
    return np.stack([nearest.confidence[rows], is_right]), leave_out(labels, voters)


def leave_out(labels: Labels, voters: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return confidence and whether it is right (2, m) of images inside groups, as if each were outside."""
    results = []
    for row in np.flatnonzero(labels != NOISE):
        votes = labels[voters[row]]
        counts = np.bincount(votes[votes != NOISE], minlength=1)
        results.append([counts.max() / len(votes), float(counts.argmax() == labels[row])])
    return np.array(results, dtype=np.float64).reshape(-1, 2).T


def row(results: NDArray[np.float64], low: float, high: float) -> str:
    """Return the cells of the images in a range of confidence."""
    confidence, is_right = results[:, (results[0] >= low) & (results[0] < high)]
    return f"| {len(confidence)} | {confidence.mean():.2f} | {is_right.mean():.2f} " if len(confidence) else "| 0 | | "


if __name__ == "__main__":
    if IS_SHORT:
        measure_demo()
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5)
