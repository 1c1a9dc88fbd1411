"""Keeping groups that a person found while exploring: as a run makes them, and under a name."""

from __future__ import annotations

from covey._base.errors import CoveyError
from covey._base.progress import SILENT, Progress
from covey.components.contracts import Clusterer
from covey.data.clusters_csv import write_dataset_clusters
from covey.data.dataset import Entry
from covey.data.grouping_names import name_grouping
from covey.data.tables import Clustering, Embedding
from covey.experiments.experiment import Experiment
from covey.experiments.run_experiment import run_experiment
from covey.plugins.locations import open_dataset
from covey.plugins.registry import Registry


def keep_clustering(
    location: str,
    embedding: Entry[Embedding],
    clusterer: Clusterer,
    name: str,
    registry: Registry,
    progress: Progress = SILENT,
) -> Entry[Clustering]:
    """Cluster an embedding, or the features behind it if the clusterer takes those, and give the result a name.

    The table is the one that a run with these options makes, under the same key; if it exists it gets the name. The
    dataset's clusters.csv has all its clusterings afterwards.

    Args:
        location: the location of the dataset.
        embedding: an embedding of the dataset.
        clusterer: the clusterer, with its options.
        name: what people call these groups; "" for no name.
        registry: the installed components.
        progress: reports what is done.

    Raises:
        CoveyError: the embedding or its features have no provenance, or cannot be clustered; another clustering has the
            name; or the dataset cannot be written.
    """
    source = embedding.provenance
    if source is None or (clusterer.takes_features and len(source.sources) != 1):
        raise CoveyError(f"It is not known how {embedding.name} was made, so nothing made from it can be kept.")
    experiment = Experiment(
        dataset=location,
        features=_name_features(location, embedding, registry) if clusterer.takes_features else (),
        embeddings=() if clusterer.takes_features else (embedding.name,),
        extractors=(),
        reducers=(),
        clusterers=(clusterer,),
    )
    results = run_experiment(experiment, registry, progress)
    (entry,) = results.clusterings
    if name and entry.provenance:
        name_grouping(results.dataset, entry.provenance.key, name)
    write_dataset_clusters(results.dataset, results.dataset.clusterings())
    return next(stored_entry for stored_entry in results.dataset.clusterings() if stored_entry.name == entry.name)


def _name_features(location: str, embedding: Entry[Embedding], registry: Registry) -> tuple[str, ...]:
    """Return the name of the features from which an embedding was made. Raises CoveyError if they are not there."""
    sources = embedding.provenance.sources if embedding.provenance else ()
    dataset = open_dataset(registry, location)
    return tuple(dataset.find(source.key).name for source in sources)
