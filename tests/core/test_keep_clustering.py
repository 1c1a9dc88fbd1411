"""Groups that a person keeps under a name: the table of a run, called so wherever it is shown or exported."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Cli

from covey import CoveyError, Embedding
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.data.grouping_names import FILE, name_grouping
from covey.data.provenance import Provenance
from covey.experiments.keep_clustering import keep_clustering
from covey.plugins.registry import Registry


@pytest.fixture
def dataset(tmp_path: Path) -> FolderDataset:
    """A dataset of one embedding with three groups."""
    Z = (np.random.default_rng(0).normal(0, 0.05, (90, 2)) + np.repeat([[0, 0], [5, 0], [0, 5]], 30, axis=0)).astype(
        np.float32
    )
    provenance = Provenance(kind=Kind.REDUCER, component="flat", tag="flat", version=1, options={}, input="images")
    dataset = FolderDataset(tmp_path / "birds")
    dataset.save([Embedding(names=[f"{at:02}.png" for at in range(90)], Z=Z, map=Z, provenance=provenance)])
    return dataset


def keep(dataset: FolderDataset, name: str, eps: float | None = 0.5) -> str:
    registry = Registry.installed()
    clusterer = build(registry.get(Kind.CLUSTERER, "dbscan"), {"eps": eps, "min_samples": 5})
    entry = keep_clustering(dataset.location, dataset.embeddings()[0], clusterer, name, registry)
    assert entry.provenance
    return entry.provenance.key


def heads(folder: Path) -> Sequence[str]:
    with (folder / "clusters.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def test_a_kept_grouping_is_the_table_of_a_run_and_has_a_name(dataset: FolderDataset, covey: Cli) -> None:
    key = keep(dataset, "my  owls ")
    (entry,) = dataset.clusterings()
    assert (entry.title, entry.given_name) == ("my owls", "my owls")
    flags = ["--clusterer", "dbscan", "--set", "clusterer.eps=0.5", "--set", "clusterer.min_samples=5"]
    covey("run", dataset.home, "--embedding", dataset.embeddings()[0].stem, *flags)
    assert [other.provenance and other.provenance.key for other in dataset.clusterings()] == [key]
    assert np.unique(dataset.load(entry).labels).tolist() == [0, 1, 2]


def test_all_groupings_are_in_the_table_of_clusters_under_their_names(dataset: FolderDataset) -> None:
    keep(dataset, "owls")
    assert heads(dataset.home)[:2] == ["filename", "cluster"]
    keep(dataset, "=finer", 0.3)
    assert {"owls", "'=finer"} < {*heads(dataset.home)}


def test_a_name_can_be_changed_and_taken_away(dataset: FolderDataset) -> None:
    key = keep(dataset, "owls")
    keep(dataset, "barn owls")
    assert dataset.clusterings()[0].title == "barn owls"
    name_grouping(dataset, key, "")
    assert dataset.clusterings()[0].title.startswith("clusters_dbscan")


def test_two_groupings_cannot_have_one_name(dataset: FolderDataset) -> None:
    keep(dataset, "owls")
    with pytest.raises(CoveyError, match="a grouping called 'owls' already"):
        keep(dataset, "owls", 0.3)


def test_a_damaged_table_of_names_is_said_and_hides_nothing(dataset: FolderDataset) -> None:
    keep(dataset, "owls")
    (dataset.home / FILE).write_bytes(b'key,name\n"open')
    assert len(dataset.entries()) == 2
    assert any(FILE in problem for problem in dataset.problems)
