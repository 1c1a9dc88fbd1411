"""clusters.csv: which image is in which cluster, as a table that any program can read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from covey.files import write_text
from covey.tables import Clustering

FILE = "clusters.csv"


def export(clusterings: Sequence[tuple[str, Clustering]], path: Path) -> None:
    """Write clusterings, each with its name, as CSV: filename, then the cluster in each, -1 being noise.

    One clustering makes the column `cluster`, several make a column each, under their names. Raises CoveyError.
    """
    columns = [dict(zip(table.names.tolist(), table.labels.tolist(), strict=True)) for _, table in clusterings]
    heads = ["cluster"] if len(columns) == 1 else [name for name, _ in clusterings]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["filename", *heads])
    for name in sorted(set().union(*columns)):
        writer.writerow([name, *(column.get(name, "") for column in columns)])
    write_text(path, text.getvalue())
