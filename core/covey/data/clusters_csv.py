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
    write_clusters([(entry.title, dataset.load(entry)) for entry in entries], path)
    dataset.keep(path)


def write_clusters(clusterings: Sequence[tuple[str, Clustering]], path: Path) -> None:
    """Write clusterings, each with its name, as CSV: filename, then the columns of `cluster_columns`.

    Raises CoveyError.
    """
    names = sorted(set().union(*(table.names.tolist() for _, table in clusterings)))
    table = cluster_columns(clusterings, names)
    rows = zip(map(csvs.guard_cell, names), *table.values(), strict=True)
    csvs.write_csv(path, ["filename", *table], rows)


def cluster_columns(
    clusterings: Sequence[tuple[str, Clustering]], names: Sequence[str]
) -> dict[str, list[int | float | None]]:
    """Return columns for each clustering: the cluster of each image, -1 being noise; None where it is not in there.

    One clustering makes the column `cluster`, several make a column each, under their names. A clustering that knows
    the groups nearest to noise makes two more, for noise only: the number of that group (`maybe`), and how sure it is
    (`confidence`).
    """
    columns: dict[str, list[int | float | None]] = {}
    for name, table in clusterings:
        row_by_image = {image: row for row, image in enumerate(table.names.tolist())}
        rows = [row_by_image.get(image) for image in names]
        head = "cluster" if len(clusterings) == 1 else name
        columns[head] = [None if row is None else int(table.labels[row]) for row in rows]
        if nearest := table.nearest:
            ends = ("maybe", "confidence") if len(clusterings) == 1 else (f"{name} maybe", f"{name} confidence")
            is_unsure = (table.labels < 0) & (nearest.clusters >= 0)
            unsure_rows = [row if row is not None and is_unsure[row] else None for row in rows]
            columns[ends[0]] = [None if row is None else int(nearest.clusters[row]) for row in unsure_rows]
            columns[ends[1]] = [
                None if row is None else round(float(nearest.confidence[row]), 3) for row in unsure_rows
            ]
    return columns
