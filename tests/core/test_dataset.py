"""Finding and loading the tables of a dataset."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from covey import Clustering, CoveyError, Dataset, Embedding, Features
from covey.testing import tiny_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return tiny_dataset(tmp_path / "birds")


def test_tables_are_listed_by_kind_and_load_as_their_class(dataset: Dataset) -> None:
    assert [type(dataset.load(entry)) for entry in dataset.features()] == [Features]
    assert [type(dataset.load(entry)) for entry in dataset.embeddings()] == [Embedding]
    assert [type(dataset.load(entry)) for entry in dataset.clusterings()] == [Clustering]


def test_an_entry_has_a_name_without_the_ending_of_its_file(dataset: Dataset) -> None:
    for entry in dataset.entries():
        assert f"{entry.stem}.npz" == entry.name


def test_a_table_is_found_by_its_key(dataset: Dataset) -> None:
    for key, entry in dataset.entries_by_key().items():
        assert dataset.find(key) == entry


def test_an_unknown_key_is_an_error(dataset: Dataset) -> None:
    with pytest.raises(CoveyError, match="There is no table with the key 12345678 in "):
        dataset.find("1234567890")


def test_the_embedding_behind_a_clustering_is_found(dataset: Dataset) -> None:
    clustering = dataset.load(dataset.clusterings()[0])
    assert dataset.find_embedding(clustering) == dataset.embeddings()[0]


def test_a_clustering_without_an_embedding_is_an_error(dataset: Dataset) -> None:
    clustering = dataset.load(dataset.clusterings()[0])
    assert clustering.provenance is not None
    features = dataset.load(dataset.features()[0]).provenance
    assert features is not None
    from_features = attrs.evolve(clustering.provenance, input=features.key, source=features)
    for provenance in (None, from_features):
        with pytest.raises(CoveyError, match="not made from an embedding"):
            dataset.find_embedding(attrs.evolve(clustering, provenance=provenance))


def test_a_clustering_cannot_be_clustered(dataset: Dataset) -> None:
    with pytest.raises(CoveyError, match="holds no points: choose features or an embedding"):
        dataset.load_points(dataset.clusterings()[0])


def test_a_file_that_became_another_table_is_an_error(dataset: Dataset) -> None:
    features, embedding = dataset.features()[0], dataset.embeddings()[0]
    (dataset.home / features.name).replace(dataset.home / embedding.name)
    with pytest.raises(CoveyError, match="is no longer the table that was listed"):
        dataset.load(embedding)
