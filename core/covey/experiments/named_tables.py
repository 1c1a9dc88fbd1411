"""Tables that an experiment names in its dataset: where they are found, and how those of other programs come along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from covey.data.dataset import Dataset, Entry
from covey.data.formats.npz import count_time_columns, hash_arrays
from covey.data.legacy.foreign_tables import describe_foreign_features
from covey.data.legacy.time_pooling import EDGES
from covey.data.tables import Embedding, Features, Table
from covey.experiments.experiment import Experiment

if TYPE_CHECKING:
    from covey.experiments.plan import Task


@attrs.frozen
class NamedTables:
    """The features and embeddings that an experiment may name, and by their names the datasets in which they are."""

    features: Sequence[Entry[Features]]
    embeddings: Sequence[Entry[Embedding]]
    dataset_by_name: Mapping[str, Dataset]

    def keep_sources(self, tasks: Sequence[Task], dataset: Dataset, compress: bool) -> None:
        """Store in a dataset the tables from which tasks start, and which it lacks.

        Raises:
            CoveyError: one cannot be read, or the dataset not be written.
        """
        needed_keys = {source.key for task in tasks for source in task.sources}.difference(dataset.entries_by_key())
        entries: list[Entry[Features] | Entry[Embedding]] = [*self.features, *self.embeddings]
        for entry in entries:
            if entry.provenance and entry.provenance.key in needed_keys:
                table: Table = self.dataset_by_name[entry.name].load(entry)
                dataset.save([attrs.evolve(table, provenance=entry.provenance)], compress)


def find_named_tables(experiment: Experiment, datasets: Sequence[Dataset]) -> NamedTables:
    """Return the tables that an experiment may name; of two with one name that of the first dataset counts.

    Features of other programs have a provenance if they are named: their arrays are hashed for it.

    Raises:
        CoveyError: a table that is named cannot be read.
    """
    names = {*experiment.features, *experiment.join}
    if not names and not experiment.embeddings:
        return NamedTables([], [], {})
    dataset_by_name: dict[str, Dataset] = {}
    features: list[Entry[Features]] = []
    embeddings: list[Entry[Embedding]] = []
    for dataset in datasets:
        features += [
            _with_provenance(entry, names, dataset) for entry in dataset.features() if entry.name not in dataset_by_name
        ]
        embeddings += [entry for entry in dataset.embeddings() if entry.name not in dataset_by_name]
        dataset_by_name = {**{entry.name: dataset for entry in dataset.entries()}, **dataset_by_name}
    return NamedTables(features, embeddings, dataset_by_name)


def _with_provenance(entry: Entry[Features], names: set[str], dataset: Dataset) -> Entry[Features]:
    """Return an entry with a provenance if it is named and of another program."""
    if entry.provenance or names.isdisjoint((entry.name, entry.stem)):
        return entry
    path = next(path for path in dataset.files if path.name == entry.name)
    edges = EDGES if count_time_columns(path) else None
    return attrs.evolve(entry, provenance=describe_foreign_features(entry.name, hash_arrays(path), edges))
