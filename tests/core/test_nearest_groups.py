"""Images outside clusters: the group that each may belong to, and how sure that is, in tables, CSV and exports."""

from __future__ import annotations

import csv
from pathlib import Path

import attrs
import numpy as np
import pytest
from tests.fixture_types import Cli

from covey import Clustering
from covey.analysis.assist.nearest_groups import NEIGHBOURS, find_voters, vote_nearest_groups
from covey.analysis.assist.similarity_space import as_similarity_space
from covey.data.clusters_csv import cluster_columns
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.tables import NOISE, NearestGroups
from covey.testing import tiny_images

pytestmark = pytest.mark.usefixtures("brightness")
STEPS = ("--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2")


@pytest.fixture
def nearest() -> NearestGroups:
    """Two groups of 30 in their corners; outside: one within the first, one between both, ten far from everything."""
    rng = np.random.default_rng(0)
    groups = np.repeat([[0.0, 0.0], [10.0, 0.0]], 30, axis=0) + rng.normal(0, 0.5, (60, 2))
    lonely = np.array([5.0, 40.0]) + rng.normal(0, 0.1, (30, 2))
    places = np.concatenate([groups, [[0.1, 0.1], [5.0, 0.0]], lonely]).astype(np.float32)
    labels = np.array([0] * 30 + [1] * 30 + [NOISE] * 32, np.int32)
    rows = np.flatnonzero(labels == NOISE)
    return vote_nearest_groups(labels, rows, find_voters(places, rows))


def test_an_image_inside_a_group_is_surely_of_it(nearest: NearestGroups) -> None:
    assert nearest.clusters[60] == 0
    assert nearest.confidence[60] >= 0.9


def test_an_image_between_groups_is_not_sure(nearest: NearestGroups) -> None:
    assert nearest.clusters[61] in (0, 1)
    assert 0.3 < nearest.confidence[61] < 0.9


def test_images_among_others_without_a_group_have_none(nearest: NearestGroups) -> None:
    assert (nearest.clusters[62:] == NOISE).all()
    assert (nearest.confidence[62:] == 0).all()


def test_an_image_in_a_group_keeps_it(nearest: NearestGroups) -> None:
    assert nearest.clusters[:60].tolist() == [0] * 30 + [1] * 30
    assert (nearest.confidence[:60] == 1).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_images(count: int) -> None:
    labels, rows = np.full(count, NOISE, np.int32), np.arange(count)
    voters = find_voters(np.ones((count, 3), np.float32), rows)
    assert voters.shape == (count, min(NEIGHBOURS, count - 1))
    assert (vote_nearest_groups(labels, rows, voters).clusters == NOISE).all()
    assert all(row not in others for row, others in zip(rows, voters, strict=True))


def test_the_space_is_one_of_directions_for_features_and_of_places_for_an_embedding() -> None:
    X = np.random.default_rng(0).normal(size=(50, 30)).astype(np.float32)
    X[:, 3] = 7
    np.testing.assert_allclose(np.linalg.norm(as_similarity_space(X), axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(as_similarity_space(X[:, :2]).std(axis=0), 1, rtol=1e-5)


def test_images_with_equal_features_are_equally_near() -> None:
    space = as_similarity_space(np.ones((5, 30), np.float32))
    assert space.any(axis=0).tolist() == [False] * 30
    assert find_voters(space, np.arange(5)).shape == (5, 4)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_table_without_images_is_clustered_without_a_warning(covey: Cli, tmp_path: Path) -> None:
    np.savez(tmp_path / "none.npz", X_red=np.empty((0, 4)), X_2D=np.empty((0, 2)), N=np.array([], np.str_))
    ran = covey("run", tmp_path, "--embedding", "none.npz", "--clusterer", "dbscan")
    assert ran.exit_code == 0, ran.output


def clustering(tmp_path: Path, covey: Cli) -> Clustering:
    """Run covey on 12 images, of which some are noise, and return what it keeps."""
    tiny_images(tmp_path / "images", 12)
    done = covey(
        "run",
        tmp_path,
        *STEPS,
        "--clusterer",
        "dbscan",
        "--set",
        "clusterer.eps=0.1",
        "--set",
        "clusterer.min_samples=2",
    )
    assert done.exit_code == 0, done.output
    (entry,) = FolderDataset(tmp_path).clusterings()
    return FolderDataset(tmp_path).load(entry)


def test_a_run_keeps_them_and_writes_them_to_clusters_csv(covey: Cli, tmp_path: Path) -> None:
    table = clustering(tmp_path, covey)
    assert table.nearest is not None
    with (tmp_path / "clusters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["filename", "cluster", "maybe", "confidence"]
    assert {row["maybe"] for row in rows if row["cluster"] != "-1"} <= {""}
    unsure = [row for row in rows if row["maybe"]]
    assert unsure
    nearest_by_name = dict(zip(table.names.tolist(), table.nearest.clusters.tolist(), strict=True))
    for row in unsure:
        assert row["cluster"] == "-1"
        assert int(row["maybe"]) == nearest_by_name[row["filename"]] >= 0
        assert 0 < float(row["confidence"]) <= 1


def test_a_table_without_them_opens_and_is_written_as_before(covey: Cli, tmp_path: Path) -> None:
    table = clustering(tmp_path, covey)
    npz.write(tmp_path / "old.npz", attrs.evolve(table, nearest=None))
    with np.load(tmp_path / "old.npz") as arrays:
        assert set(arrays) == {"labels", "N", "covey"}
    old = npz.read(tmp_path / "old.npz")
    assert isinstance(old, Clustering)
    assert old.nearest is None
    assert list(cluster_columns([("old", old)], table.names.tolist())) == ["cluster"]
    assert list(cluster_columns([("a", old), ("b", table)], [])) == ["a", "b", "b maybe", "b confidence"]


def test_exports_carry_them(covey: Cli, tmp_path: Path) -> None:
    clustering(tmp_path, covey)
    done = covey("export", tmp_path, "--to", "csv", "--what", "clusters", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "clusters.csv").read_text("utf-8").startswith("filename,cluster,maybe,confidence")
