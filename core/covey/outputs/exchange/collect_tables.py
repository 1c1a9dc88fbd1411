"""What a dataset holds that can be taken elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from covey.components.exchange_contracts import What
from covey.data import clusters_csv, metadata
from covey.data.dataset import AnyEntry, Dataset
from covey.data.metadata import Value
from covey.data.tables import Clustering
from covey.labelling import Labelled, open_labels
from covey.labelling.label_tables import LONG
from covey.outputs.exchange import row_blocks
from covey.outputs.exchange.row_blocks import Sheet


class ExportContents:
    """What a dataset holds, as far as it is wanted: what is not wanted is empty.

    Attributes:
        dataset: the dataset, with its images and where they are.
    """

    def __init__(self, dataset: Dataset, selection: Sequence[What]) -> None:
        self.dataset = dataset
        self.wanted = set(selection)
        self.entries = dataset.entries()

    @cached_property
    def names(self) -> list[str]:
        """All images; where those are not here, all that tables and labels name."""
        if self.dataset.images:
            return self.dataset.images.names()
        tables = (self.dataset.load(entry).names.tolist() for entry in self.entries)
        return sorted(set().union(*tables, self.classes, (row.filename for row in self.absences)))

    @cached_property
    def clusterings(self) -> list[tuple[str, Clustering]]:
        """Clusterings, each with its name."""
        entries = self.dataset.clusterings() if "clusters" in self.wanted else []
        return [(entry.title, self.dataset.load(entry)) for entry in entries]

    @cached_property
    def labels(self) -> list[Labelled]:
        """What people labelled."""
        return open_labels(self.dataset).rows() if "labels" in self.wanted else []

    @cached_property
    def absences(self) -> list[Labelled]:
        """The images in which people found nothing."""
        return open_labels(self.dataset).absences() if "labels" in self.wanted else []

    @property
    def classes(self) -> dict[str, list[str]]:
        """The classes of each image that people gave one."""
        classes_by_image: dict[str, list[str]] = {}
        for row in self.labels:
            classes_by_image.setdefault(row.filename, []).append(row.label)
        return classes_by_image

    @cached_property
    def metadata(self) -> metadata.Metadata:
        """What is known of the images."""
        return metadata.read_metadata(self.dataset) if "metadata" in self.wanted else metadata.Metadata()

    def known(self, names: Sequence[str]) -> dict[str, list[Value]]:
        """Return the columns of metadata of these images."""
        return self.metadata.of(names) if "metadata" in self.wanted else {}

    def _point_entries(self) -> Iterator[AnyEntry]:
        if "embeddings" in self.wanted:
            yield from self.dataset.embeddings()
        if "features" in self.wanted:
            yield from self.dataset.features()

    def sheets(self) -> Iterator[Sheet]:
        """Yield each table."""
        for entry in self._point_entries():
            yield row_blocks.of(entry.stem, self.dataset.load_points(entry))
        for extra in self.dataset.extras() if "extras" in self.wanted else []:
            table = self.dataset.load(extra)
            yield Sheet(extra.stem, {"filename": table.names, **table.flat_columns})
        if self.clusterings:
            names = sorted(set().union(*(table.names.tolist() for _, table in self.clusterings)))
            yield Sheet("clusters", {"filename": names, **clusters_csv.cluster_columns(self.clusterings, names)})
        if self.labels:
            yield Sheet("labels", _columns_of(self.labels, LONG))
        if self.absences:
            yield Sheet("nothing_there", _columns_of(self.absences, ("filename", "when", "how")))
        if columns := self.known(self.names):
            yield Sheet("metadata", {"filename": self.names, **columns})


def _columns_of(rows: Sequence[Labelled], heads: Sequence[str]) -> dict[str, list[str]]:
    return {head: [getattr(row, head) for row in rows] for head in heads}
