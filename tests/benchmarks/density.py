"""DBSCAN and its tree beside scikit-learn, on the same data in one run, and matching.

    python tests/benchmarks/density.py [COUNT]

The data are made up after what umap gives: COUNT points (by default 100,000) in 8 dimensions, in 100 groups that are
flat, each of three dimensions and a little noise. The tree, which is prepared for many radii, is also grown of groups
that fill all 8 dimensions; what it takes are seconds of the processor.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from covey.analysis.density import Tree, dbscan
from covey.analysis.match_clusters import match_clusters
from covey.analysis.profiles import profile_option
from covey.components.kinds import Kind
from covey.components.options import build
from covey.plugins.registry import Registry

SHORT = ("10000",)

T = TypeVar("T")
COLUMNS, GROUPS, FLAT = 8, 100, 3
MIN_SAMPLES = 10
RADII = (0.15, 0.3, 0.6)


def main() -> None:
    """Print one line for each comparison."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    Z = made_up(count)
    print(f"{count:,} x {COLUMNS}, min_samples {MIN_SAMPLES}")
    print(f"{'what':<28}{'covey':>10}{'sklearn':>10}{'ratio':>8}  checked")
    direct = {eps: compare(Z, eps) for eps in RADII}
    tree, seconds = timed(lambda: Tree.grow(Z, MIN_SAMPLES), time.process_time)
    show("prepare, flat, processor", seconds)
    full_Z = made_up(count, COLUMNS)
    show("prepare, full, processor", timed(lambda: Tree.grow(full_Z, MIN_SAMPLES), time.process_time)[1])
    for eps, (labels, plain) in direct.items():
        cut = statistics.median(timed(partial(tree.labels, eps))[1] for _ in range(9))
        show(f"labels from it, eps {eps}", cut, plain, describe_check(np.array_equal(tree.labels(eps), labels)))
    clusterer = build(Registry.installed().get(Kind.CLUSTERER, "dbscan"), {"min_samples": MIN_SAMPLES})
    prepared = clusterer.prepare(Z)
    computed, seconds = timed(lambda: profile_option(clusterer, Z, "eps", prepared=prepared))
    show(f"profile of {len(computed.values)} eps values", seconds)
    old, new = (np.random.default_rng(seed).integers(-1, 200, count).astype(np.int32) for seed in (0, 1))
    show("matching, 200 to 200", statistics.median(timed(lambda: match_clusters(old, new))[1] for _ in range(9)))


def made_up(count: int, dimensions: int = FLAT) -> NDArray[np.float32]:
    """Return standardised points (count, 8), in groups of so many dimensions."""
    random = np.random.default_rng(0)
    group = random.integers(0, GROUPS, count)
    centres = random.normal(size=(GROUPS, COLUMNS))
    planes = random.normal(size=(GROUPS, dimensions, COLUMNS), scale=0.12)
    inside = np.einsum("nf,nfk->nk", random.normal(size=(count, dimensions)), planes[group])
    Z = centres[group] + inside + random.normal(size=(count, COLUMNS), scale=0.01)
    return np.asarray((Z - Z.mean(axis=0)) / Z.std(axis=0), dtype=np.float32)


def compare(Z: NDArray[np.float32], eps: float) -> tuple[NDArray[np.int32], float]:
    """Compare DBSCAN, the best of two runs each, in turn; return covey's labels and the seconds of scikit-learn."""
    from sklearn.cluster import DBSCAN

    ours, plains = [], []
    for _ in range(2):
        labels, seconds = timed(lambda: dbscan(Z, eps, MIN_SAMPLES))
        ours.append(seconds)
        plain, seconds = timed(lambda: DBSCAN(eps=eps, min_samples=MIN_SAMPLES).fit(Z.astype(np.float64)))
        plains.append(seconds)
    dense = plain.core_sample_indices_
    pairs = np.unique(np.stack([labels[dense], plain.labels_[dense]], axis=1), axis=0)
    same = len(pairs) == len(set(pairs[:, 0])) == len(set(pairs[:, 1])) and ((labels < 0) == (plain.labels_ < 0)).all()
    noise = f"{labels.max() + 1} clusters, {(labels < 0).mean():.1%} noise"
    show(f"direct, eps {eps}", min(ours), min(plains), f"{describe_check(bool(same))}, {noise}")
    return labels, min(plains)


def timed(work: Callable[[], T], clock: Callable[[], float] = time.perf_counter) -> tuple[T, float]:
    """Return what work gives, and its seconds by a clock."""
    start = clock()
    outcome = work()
    return outcome, clock() - start


def show(what: str, ours: float, plain: float | None = None, checked: str = "") -> None:
    """Print one line."""
    beside = f"{plain:>8.2f} s{plain / ours:>8.1f}" if plain else " " * 18
    print(f"{what:<28}{in_units(ours)}{beside}  {checked}".rstrip(), flush=True)


def in_units(seconds: float) -> str:
    """Return a duration in seconds or milliseconds, ten characters wide."""
    return f"{seconds:>8.2f} s" if seconds >= 1 else f"{seconds * 1000:>7.1f} ms"


def describe_check(same: bool) -> str:
    """Return in a word whether two results are the same."""
    return "identical" if same else "DIFFERENT"


if __name__ == "__main__":
    main()
