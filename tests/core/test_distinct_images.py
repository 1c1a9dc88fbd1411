"""Images with identical content are one point for reducers and clusterers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Cli

from covey.data.folder import FolderDataset
from covey.data.provenance import Copies
from covey.data.tables import Clustering, Embedding
from covey.experiments.steps.distinct_images import FEWEST_COPIES, find_distinct_images
from covey.testing import tiny_images

FLAGS = ["--extractor", "brightness", "--set", "reducer.sizes=2"]
CLUSTERERS = ["--clusterer", "dbscan", "--clusterer", "hdbscan", "--clusterer", "kmeans"]


def dataset_with_copies(folder: Path, images: int, copies: int) -> FolderDataset:
    """Return a dataset with some distinct images, and copies of the first of them."""
    first = tiny_images(folder / "images", images).path("image_000.png").read_bytes()
    for index in range(copies):
        (folder / "images" / f"copy_{index:02d}.png").write_bytes(first)
    return FolderDataset(folder)


def labels_of_copies(dataset: FolderDataset, table: Clustering) -> set[int]:
    names = table.names.tolist()
    return {int(table.labels[row]) for row, name in enumerate(names) if name.startswith(("copy", "image_000"))}


@pytest.mark.usefixtures("brightness")
@pytest.mark.parametrize(("images", "copies"), [(20, 60), (1, 59), (3, 30), (40, FEWEST_COPIES - 1)])
@pytest.mark.parametrize("reducer", ["pca", "umap"])
def test_copies_are_one_cluster_and_never_noise(
    images: int, copies: int, reducer: str, tmp_path: Path, covey: Cli
) -> None:
    dataset = dataset_with_copies(tmp_path, images, copies)
    done = covey("run", tmp_path, *FLAGS, *CLUSTERERS, "--reducer", reducer)
    assert done.exit_code == 0, done.stderr
    tables = [dataset.load(entry) for entry in dataset.clusterings()]
    assert len(tables) == 3
    for table in tables:
        (label,) = labels_of_copies(dataset, table)
        assert label >= 0
        assert len(table.names) == images + copies


@pytest.mark.usefixtures("brightness")
def test_embeddings_and_clusterings_say_that_copies_are_one_point(tmp_path: Path, covey: Cli) -> None:
    dataset = dataset_with_copies(tmp_path, 12, 4)
    assert covey("run", tmp_path, *FLAGS, "--reducer", "pca", "--clusterer", "kmeans").exit_code == 0
    (embedding,), (clustering,) = dataset.embeddings(), dataset.clusterings()
    expected = Copies(count=4, first=("copy_01.png", "copy_02.png", "copy_03.png"))
    for entry in (embedding, clustering):
        assert entry.provenance
        assert entry.provenance.details.copies == expected
    table: Embedding = dataset.load(embedding)
    assert (
        "4 images are copies of another: copy_01.png, copy_02.png, copy_03.png and 1 more."
        in covey("info", tmp_path).stdout
    )
    rows = table.Z[[row for row, name in enumerate(table.names.tolist()) if name.startswith("copy")]]
    assert (rows == rows[0]).all()


def test_without_copies_nothing_is_touched() -> None:
    distinct = find_distinct_images(["a", "b", "c"], {"a": "1", "b": "2"})
    rows, labels = np.zeros((3, 2), np.float32), np.array([0, -1, 1], np.int32)
    assert distinct.copies is None
    assert distinct.select(rows) is rows
    assert distinct.expand(rows) is rows
    assert distinct.expand_labels(labels) is labels


def test_a_few_copies_of_a_lonely_image_stay_noise() -> None:
    contents = {name: name[0] for name in ["a1", "a2", "b1", *(f"c{index}" for index in range(FEWEST_COPIES))]}
    distinct = find_distinct_images(list(contents), contents)
    labels = distinct.expand_labels(np.array([-1, 3, -1], np.int32))
    assert labels.tolist() == [-1, -1, 3, *[4] * FEWEST_COPIES]
    assert labels.dtype == np.int32
