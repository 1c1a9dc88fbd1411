"""How much of a labelled set a simulated person has labelled after some actions, with and without the work-list.

Run it by `python tests/benchmarks/worklist.py FOLDER LABELS.csv`, FOLDER being a dataset with an embedding, and without
arguments for how long the next batch takes. To look at a batch is one action, to accept it one, to click out a wrong
image one. The person knows the labels, gives a group the class of most of its images, and skips one that has more wrong
images than right ones.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from covey import Clustering, Embedding, Features
from covey.analysis.assist.worklist import Answer, Worklist
from covey.components.measure_contract import number_values
from covey.data.label_file import read_labels
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry

SHORT = ()

ACTIONS = (50, 100, 200, 400)
IMAGES, WIDTH, CLASSES = 100_000, 128, 20


def main(folder: str, labels: str) -> None:
    """Print a row for pooling whole clusters and one for the work-list, for each embedding."""
    dataset = open_dataset(Registry.installed(), folder)
    labels_by_image = read_labels(Path(labels))
    print("| embedding | how | " + " | ".join(f"{actions} actions" for actions in ACTIONS) + " |")
    print("|---|---|" + "---|" * len(ACTIONS))
    entries = dataset.entries()
    for entry in (entry for entry in entries if entry.kind == "embedding"):
        embedding = dataset.load(entry)
        provenance = entry.provenance
        assert isinstance(embedding, Embedding)
        assert provenance is not None
        found = dataset.find(provenance.input)
        features = dataset.load(found) if found else None
        assert isinstance(features, Features)
        truth = number_values(embedding.names, labels_by_image)
        for second in (second.provenance for second in entries if second.kind == "clustering"):
            if second and second.input == provenance.key:
                stored = dataset.find(second.key)
                table = dataset.load(stored) if stored else None
                assert isinstance(table, Clustering)
                _row(entry.name, f"whole clusters ({second.tag})", _pooling(table.labels, truth))
        _row(entry.name, "work-list", _listed(features.X, embedding.Z, truth))


def _row(name: str, how: str, course: Iterator[tuple[int, float]]) -> None:
    """Print the share labelled correctly after so many actions."""
    points = list(course)
    shares = [max((share for done, share in points if done <= actions), default=0.0) for actions in ACTIONS]
    print(f"| {name[:40]} | {how} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")


def _pooling(clusters: NDArray[np.int32], truth: NDArray[np.intp]) -> Iterator[tuple[int, float]]:
    """Yield actions and share right when each cluster that is mostly of one class is taken, the largest first."""
    done = right = 0
    for cluster in np.argsort(-np.bincount(clusters[clusters >= 0])):
        counts = np.bincount(truth[clusters == cluster])
        done += 1
        if 2 * counts.max() > counts.sum():
            done += 1 + int(counts.sum() - counts.max())
            right += int(counts.max())
        yield done, right / len(truth)


def _listed(X: NDArray[np.float32], Z: NDArray[np.float32], truth: NDArray[np.intp]) -> Iterator[tuple[int, float]]:
    """Yield actions and share right when the work-list says what comes next."""
    worklist, answers, done = Worklist(X, Z), list[Answer](), 0
    assigned = np.zeros((len(truth), truth.max() + 1), dtype=bool)
    refused = assigned.copy()
    while done < max(ACTIONS) and (batch := worklist.next(assigned, refused, answers)):
        label = batch.label if batch.label is not None else int(np.bincount(truth[batch.rows]).argmax())
        right = truth[batch.rows] == label
        accepted = right.any() if batch.group is None else right.sum() > (~right).sum()
        done += 2 + int((~right).sum()) if accepted else 1
        assigned[batch.rows[right & accepted], label] = True
        refused[batch.rows[~right], label] = True
        answers.append(Answer(batch, int(right.sum()) if accepted else 0))
        yield done, float(assigned[np.arange(len(truth)), truth].mean())


def speed() -> None:
    """Print how long it takes to prepare, and to say what is next after each of some answers."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, CLASSES, IMAGES)
    X = (rng.normal(size=(CLASSES, WIDTH))[truth] + rng.normal(size=(IMAGES, WIDTH), scale=2)).astype(np.float32)
    start = time.perf_counter()
    worklist = Worklist(X, X[:, :8].copy())
    print(f"{IMAGES:,} images x {WIDTH} features, {CLASSES} classes: prepared in {time.perf_counter() - start:.1f} s")
    for labelled in (200, 2_000, 20_000):
        assigned = np.zeros((IMAGES, CLASSES), dtype=bool)
        sample = rng.choice(IMAGES, labelled, replace=False)
        assigned[sample, truth[sample]] = True
        times = [_timed(worklist, assigned) for _ in range(5)]
        print(f"{labelled:,} labelled: next batch in {np.median(times):.2f} s (median of {len(times)})")


def _timed(worklist: Worklist, assigned: NDArray[np.bool_]) -> float:
    start = time.perf_counter()
    worklist.next(assigned, np.zeros_like(assigned))
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) > 1 else speed()
