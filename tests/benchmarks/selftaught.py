"""What the extractor `selftaught` is worth on half A of esc10 and on the demo, alone and joined with the default.

    python tests/benchmarks/selftaught.py [0,1,2,3,4] [MINUTES]

Each seed learns, reduces and clusters anew. Accuracy: the 5 nearest images (half-whitened features, cosine) of other
recordings have, by majority, the label of an image. Leakage: the share of its own recording in the 5 nearest images.
AMI (noise is a class) and pure share as in suggestion.py, with the default options of umap and dbscan. The short form,
`short` in place of the seeds, learns from the demo alone, for 12 seconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _demo import IS_SHORT, draw_demo
from numpy.typing import NDArray
from pooling import GROUPS, tables
from suggestion import ESC10, scored

from covey import Floats, Pixels, Runtime
from covey.analysis.feature_sets import combine_features
from covey.data.images import ImageFolder, examine_file
from covey.data.tables import Names
from covey.extraction.learning import TrainingImages
from covey.labelling.clips import RecordingClip
from covey.plugins.registry import Registry
from covey_dbscan import Dbscan
from covey_selftaught import Selftaught
from covey_umap import Umap

SHORT = ("short",)

BATCH = 64


class Scores(NamedTuple):
    """How good features are."""

    accuracy: float
    leakage: float
    ami: float
    pure: float


def main(seeds: list[int], minutes: float) -> None:
    """Print a line for each set of features and seed, and the medians."""
    registry = Registry.installed()
    with tempfile.TemporaryDirectory() as folder:
        demo = draw_demo(Path(folder))
        for dataset, path in [demo] if IS_SHORT else [(ESC10, ESC10 / "labels.csv"), demo]:
            table, rows = tables(registry, dataset, path, [], folder)
            compare(dataset, table.X[rows], table.names[rows], seeds, minutes)


def compare(dataset: Path, usual: Floats, names: Names, seeds: list[int], minutes: float) -> None:
    """Print how good the default features of some images are, what is learned from these images, and both joined."""
    scores: dict[str, list[Scores]] = {}
    for seed in seeds:
        begin = time.process_time()
        learned, untrained = learn(dataset, names, Selftaught(minutes=minutes, seed=seed))
        print(f"{dataset.name} seed {seed}: learned in {time.process_time() - begin:.0f} s of a processor", flush=True)
        for title, sets in {
            "default": [usual],
            "untrained": [untrained],
            "selftaught": [learned],
            "joined": [usual, learned],
        }.items():
            scores.setdefault(title, []).append(score(sets, names, dataset.name, seed))
            print(f"{dataset.name} seed {seed} {describe(title, scores[title][-1])}", flush=True)
    for title, rows in scores.items():
        print(f"{dataset.name} median {describe(title, Scores(*np.median(rows, axis=0)))}", flush=True)


def describe(title: str, scores: Scores) -> str:
    """Return scores in words."""
    return f"{title:<11}" + ", ".join(f"{name} {number:.3f}" for name, number in scores._asdict().items())


def learn(dataset: Path, names: Names, extractor: Selftaught) -> tuple[Floats, Floats]:
    """Return the features of some images after learning from them, and those of the network before that."""
    folder = ImageFolder(dataset / "images")
    files = [examine_file(folder, name, 0, 0, 0) for name in names.tolist()]
    recordings = GROUPS[dataset.name][1]
    clips = {name: RecordingClip(recordings[name], 0, 0) for name in names.tolist()}
    *_, last = extractor.fit(TrainingImages(folder, files, clips), Runtime(threads=1), None)
    loaded = [extractor.load(Runtime(threads=1), state) for state in (last.state, None)]
    pictures = [folder.decode(file).pixels for file in files]
    first, second = (np.concatenate([extract(batch)[0] for batch in cut(pictures)]) for extract in loaded)
    return first, second


def cut(pictures: list[Pixels]) -> Iterator[Pixels]:
    """Yield batches of images."""
    yield from (np.stack(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH))


def score(sets: list[Floats], names: Names, dataset: str, seed: int) -> Scores:
    """Return how good sets of features side by side are."""
    rows = np.arange(len(names))
    table = combine_features(sets, 0, rows)
    X = combine_features([table], 0.5, rows)
    labels, recordings = (np.array([values[name] for name in names.tolist()]) for values in GROUPS[dataset])
    directions = X / np.linalg.norm(X, axis=1, keepdims=True)
    distances = 1 - directions @ directions.T
    np.fill_diagonal(distances, np.inf)
    leakage = (recordings[distances.argsort(axis=1)[:, :5]] == recordings[:, None]).mean()
    distances[recordings[:, None] == recordings] = np.inf
    (Z,) = Umap(seed=seed).reduce(table, [8])
    return Scores(vote(distances, labels), float(leakage), *scored(Dbscan(), Z, names, GROUPS[dataset]))


def vote(distances: Floats, labels: NDArray[np.str_]) -> float:
    """Return how often the 5 nearest images have, by majority, the label of an image."""
    neighbours = labels[distances.argsort(axis=1)[:, :5]]
    votes = (neighbours[:, :, None] == neighbours[:, None]).sum(axis=1)
    return float((neighbours[np.arange(len(neighbours)), votes.argmax(axis=1)] == labels).mean())


if __name__ == "__main__":
    words = ["0", "0.2"] if IS_SHORT else [*sys.argv[1:], *["0,1,2,3,4", "3.5"][len(sys.argv) - 1 :]]
    main([int(seed) for seed in words[0].split(",")], float(words[1]))
