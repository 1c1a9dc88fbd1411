"""What a dataset holds that can be taken elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from covey.data import clusters_csv as clusters
from covey.data import metadata
from covey.data.dataset import Dataset
from covey.data.metadata import Value
from covey.data.tables import Clustering, Embedding, Features
from covey.labelling import Labelled, open_labels
from covey.labelling.label_tables import LONG
from covey.outputs.exchange import row_blocks as sheets
from covey.outputs.exchange.row_blocks import Sheet

What = Literal["features", "embeddings", "clusters", "labels", "metadata"]
WHAT: tuple[What, ...] = ("features", "embeddings", "clusters", "labels", "metadata")
_KINDS: Mapping[str, What] = {"features": "features", "embedding": "embeddings"}


class Contents:
    """What a dataset holds, as far as it is wanted: what is not wanted is empty."""

    def __init__(self, dataset: Dataset, wanted: Sequence[What]) -> None:
        self.dataset = dataset
        self.wanted = set(wanted)
        self.entries = dataset.entries()

    @cached_property
    def names(self) -> list[str]:
        """All images; where those are not here, all that tables and labels name."""
        if self.dataset.images:
            return self.dataset.images.names()
        tables = (self.dataset.load(entry).names.tolist() for entry in self.entries)
        return sorted(set().union(*tables, self.classes))

    @cached_property
    def clusterings(self) -> list[tuple[str, Clustering]]:
        """Clusterings, each with its name."""
        wanted = [entry for entry in self.entries if entry.kind == "clustering" and "clusters" in self.wanted]
        tables = ((Path(entry.name).stem, self.dataset.load(entry)) for entry in wanted)
        return [(name, table) for name, table in tables if isinstance(table, Clustering)]

    @cached_property
    def labels(self) -> list[Labelled]:
        """What people labelled."""
        return open_labels(self.dataset).rows() if "labels" in self.wanted else []

    @property
    def classes(self) -> dict[str, list[str]]:
        """The classes of each image that people gave one."""
        found: dict[str, list[str]] = {}
        for row in self.labels:
            found.setdefault(row.filename, []).append(row.label)
        return found

    @cached_property
    def metadata(self) -> metadata.Metadata:
        """What is known of the images."""
        return metadata.read(self.dataset) if "metadata" in self.wanted else metadata.Metadata()

    def known(self, names: Sequence[str]) -> dict[str, list[Value]]:
        """Return the columns of metadata of these images."""
        return self.metadata.of(names) if "metadata" in self.wanted else {}

    def sheets(self) -> Iterator[Sheet]:
        """Yield each table."""
        for entry in self.entries:
            if _KINDS.get(entry.kind) in self.wanted:
                table = self.dataset.load(entry)
                assert isinstance(table, Features | Embedding)
                yield sheets.of(Path(entry.name).stem, table)
        if self.clusterings:
            names = sorted(set().union(*(table.names.tolist() for _, table in self.clusterings)))
            yield Sheet("clusters", {"filename": names, **clusters.columns(self.clusterings, names)})
        if self.labels:
            yield Sheet("labels", _label_columns(self.labels))
        if known := self.known(self.names):
            yield Sheet("metadata", {"filename": self.names, **known})


def _label_columns(labels: Sequence[Labelled]) -> dict[str, list[str]]:
    return {head: [getattr(row, head) for row in labels] for head in LONG}
