"""Tables that an experiment names in its dataset: where they are found, and how those of other programs come along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set

import attrs

from covey._base.errors import CoveyError
from covey._base.text import count_noun, preview
from covey.data.dataset import Dataset, Entry
from covey.data.formats.npz import count_time_columns, hash_arrays
from covey.data.legacy.foreign_tables import describe_foreign_features
from covey.data.legacy.time_pooling import EDGES
from covey.data.tables import Embedding, Features, Table
from covey.experiments.experiment import Experiment


@attrs.frozen
class NamedTables:
    """The features and embeddings that an experiment may name, and by their names the datasets in which they are."""

    features: Sequence[Entry[Features]]
    embeddings: Sequence[Entry[Embedding]]
    dataset_by_name: Mapping[str, Dataset]

    def store_sources(self, source_keys: set[str], dataset: Dataset, compress: bool) -> None:
        """Store in a dataset the tables with these keys that it lacks.

        Raises:
            CoveyError: one cannot be read, or the dataset not be written.
        """
        needed_keys = source_keys.difference(dataset.entries_by_key())
        entries: list[Entry[Features] | Entry[Embedding]] = [*self.features, *self.embeddings]
        for entry in entries:
            if entry.provenance and entry.provenance.key in needed_keys:
                table: Table = self.dataset_by_name[entry.name].load(entry)
                dataset.save([attrs.evolve(table, provenance=entry.provenance)], compress)

    def describe_strangers(self, experiment: Experiment, image_names: Sequence[str]) -> Iterator[str]:
        """Yield a sentence for each table that is named and has not just one row for each image."""
        chosen_names, images = {*experiment.features, *experiment.embeddings}, set(image_names)
        entries: list[Entry[Features] | Entry[Embedding]] = [*self.features, *self.embeddings]
        for entry in entries:
            if images and not chosen_names.isdisjoint((entry.name, entry.stem)):
                table: Table = self.dataset_by_name[entry.name].load(entry)
                if problems := list(_compare_names(table.names.tolist(), images)):
                    counts = (
                        f"{count_noun(len(table.names), 'row')}, and the dataset {count_noun(len(images), 'image')}"
                    )
                    yield f"{entry.name} has {counts}: {'; '.join(problems)}."


def _compare_names(names: Sequence[str], images: Set[str]) -> Iterator[str]:
    counts = Counter(names)
    groups = {
        "of no image": sorted(counts.keys() - images),
        "of an image that has another one": [name for name, count in counts.items() if count > 1],
    }
    for reason, group in groups.items():
        if group:
            yield f"{count_noun(len(group), 'row')} {reason} ({preview(group)})"
    if missing := sorted(images - counts.keys()):
        yield f"{count_noun(len(missing), 'image')} without a row ({preview(missing)})"


def find_named_tables(experiment: Experiment, datasets: Sequence[Dataset]) -> NamedTables:
    """Return the tables that an experiment may name; of two with one name that of the first dataset counts.

    Features of other programs have a provenance if they are named: their arrays are hashed for it.

    Raises:
        CoveyError: a table that is named cannot be read.
    """
    _check_readable([*experiment.features, *experiment.embeddings], datasets)
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


def _check_readable(names: Sequence[str], datasets: Sequence[Dataset]) -> None:
    """Raise what is wrong with a file that is named and could not be listed as a table."""
    for dataset in datasets if names else ():
        files = tuple(f"{dataset.home / name} " for name in names)
        if problem := next((problem for problem in dataset.problems if problem.startswith(files)), None):
            raise CoveyError(problem)


def _with_provenance(entry: Entry[Features], names: set[str], dataset: Dataset) -> Entry[Features]:
    """Return an entry with a provenance if it is named and of another program."""
    if entry.provenance or names.isdisjoint((entry.name, entry.stem)):
        return entry
    path = next(path for path in dataset.files if path.name == entry.name)
    edges = EDGES if count_time_columns(path) else None
    return attrs.evolve(entry, provenance=describe_foreign_features(entry.name, hash_arrays(path), edges))
