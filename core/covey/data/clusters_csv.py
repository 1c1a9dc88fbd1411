"""clusters.csv: which image is in which cluster, as a table that any program can read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from covey._base import csvs
from covey.data.dataset import Dataset, Entry
from covey.data.tables import Clustering

FILE = "clusters.csv"


def write_dataset_clusters(dataset: Dataset, entries: Sequence[Entry[Clustering]]) -> None:
    """Write clusterings that a dataset keeps to its own `clusters.csv`. Raises CoveyError."""
    path = dataset.home / FILE
    write_clusters([(entry.stem, dataset.load(entry)) for entry in entries], path)
    dataset.keep(path)


def write_clusters(clusterings: Sequence[tuple[str, Clustering]], path: Path) -> None:
    """Write clusterings, each with its name, as CSV: filename, then the cluster in each, -1 being noise.

    One clustering makes the column `cluster`, several make a column each, under their names. Raises CoveyError.
    """
    names = sorted(set().union(*(table.names.tolist() for _, table in clusterings)))
    table = cluster_columns(clusterings, names)
    rows = zip(map(csvs.guard_cell, names), *table.values(), strict=True)
    csvs.write_csv(path, ["filename", *table], rows)


def cluster_columns(clusterings: Sequence[tuple[str, Clustering]], names: Sequence[str]) -> dict[str, list[int | None]]:
    """Return the cluster of each of these images in each clustering; None where it is not in there."""
    heads = ["cluster"] if len(clusterings) == 1 else [name for name, _ in clusterings]
    clusters_by_image = (
        dict(zip(table.names.tolist(), table.labels.tolist(), strict=True)) for _, table in clusterings
    )
    return {
        head: [clusters.get(name) for name in names] for head, clusters in zip(heads, clusters_by_image, strict=True)
    }
