"""UMAP to 2, 4, 8 and 16 dimensions: covey, seeded, against five plain umap-learn fits, unseeded, in one process.

    python tests/benchmarks/reduction.py [IMAGES FEATURES]

The plain side fits the standardised features once for each size and once more for the map, as the original tools do;
for covey the map is the size-2 result. Both compile beforehand. Trustworthiness (Venna and Kaski 2001) counts 15
neighbours of 1,000 images among all.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from covey_umap import EPOCHS, EPOCHS_BEYOND, EXACT, Umap

SHORT = ("2000", "256")

T = TypeVar("T")
Floats = NDArray[np.float32]
SIZES = (2, 4, 8, 16)
NEIGHBOURS, ROWS = 15, 1000


def main(images: str = "10000", features: str = "3584") -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    X = generate(int(images), int(features))
    _compile()
    epochs = EPOCHS if len(X) <= EXACT else EPOCHS_BEYOND
    print(f"{len(X):,} x {X.shape[1]:,}; epochs: covey {epochs}, umap-learn {500 if len(X) <= 10_000 else 200}\n")
    theirs, plain = _timed(lambda: [_plain(X, size) for size in (*SIZES, 2)])
    ours, seeded = _timed(lambda: list(Umap().reduce(X, SIZES)))
    print("| | seconds | " + " | ".join(f"trust {size}" for size in SIZES) + " |\n|---|---|" + "---|" * len(SIZES))
    trust = Trust(X)
    for name, seconds, computed in (("umap-learn, 5 fits", plain, theirs), ("covey, seeded", seeded, ours)):
        print(f"| {name} | {seconds:.1f} | " + " | ".join(f"{trust(Z):.3f}" for Z in computed[: len(SIZES)]) + " |")
    print(f"\nratio {plain / seeded:.1f} (at least 2.5 is wanted)")


def generate(images: int, features: int) -> Floats:
    """Return groups on a curved surface of 12 dimensions, with noise."""
    random = np.random.default_rng(0)
    hidden = random.normal(size=(60, 12))[random.integers(0, 60, images)] * 2 + random.normal(size=(images, 12))
    X = np.tanh(hidden @ random.normal(size=(12, features)) * 0.3)
    return (X + 0.3 * random.normal(size=X.shape)).astype(np.float32)


class Trust:
    """Trustworthiness of embeddings of the same features: 1 where no neighbour is a stranger."""

    def __init__(self, X: Floats) -> None:
        from sklearn.metrics import pairwise_distances
        from sklearn.preprocessing import StandardScaler

        scaled: Floats = StandardScaler().fit_transform(X)
        self.rows: NDArray[np.intp] = np.random.default_rng(0).permutation(len(X))[:ROWS]
        distances: Floats = pairwise_distances(scaled[self.rows], scaled)
        self.ranks: NDArray[np.intp] = np.argsort(np.argsort(distances, axis=1), axis=1)

    def __call__(self, Z: Floats) -> float:
        """Return the trustworthiness of an embedding (n, k)."""
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=NEIGHBOURS + 1).fit(Z)
        neighbours: NDArray[np.intp] = search.kneighbors(Z[self.rows], return_distance=False)
        ranks = np.take_along_axis(self.ranks, neighbours[:, 1:], axis=1)
        worst = len(self.rows) * NEIGHBOURS * (2 * len(self.ranks[0]) - 3 * NEIGHBOURS - 1)
        excess: NDArray[np.intp] = np.maximum(ranks - NEIGHBOURS, 0)
        return 1 - 2 * int(excess.sum()) / worst


def _plain(X: Floats, size: int) -> Floats:
    from sklearn.preprocessing import StandardScaler
    from umap import UMAP

    plain = UMAP(n_components=size, n_neighbors=10).fit_transform(StandardScaler().fit_transform(X))
    return np.asarray(plain, dtype=np.float32)


def _compile() -> None:
    few = np.random.default_rng(0).normal(size=(EXACT + 100, 20)).astype(np.float32)
    _plain(few, 2)
    list(Umap(epochs=5).reduce(few, [2, 4]))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    outcome = work()
    return outcome, time.perf_counter() - start


if __name__ == "__main__":
    main(*sys.argv[1:])
