"""Profiles: what changing an option does, in Python and by covey profile."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.fixture_types import Cli
from tests.json_types import ProfileJson

from covey import Clusterer, CoveyError, component, option
from covey.analysis.profiles import profile_option
from covey.components.contracts import Floats, Labels
from covey.components.kinds import Kind
from covey.components.options import evolve
from covey.plugins.registry import Registry

REGISTRY = Registry.installed()
WORDS = ("--clusterer", "dbscan", "--option", "eps", "--set", "clusterer.min_samples=3")


def points(count: int, columns: int, seed: int) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(4, columns), scale=3)
    return (centres[random.integers(0, 4, count)] + random.normal(size=(count, columns))).astype(np.float32)


def clusterer(name: str, **options: object) -> Clusterer:
    component = REGISTRY.get(Kind.CLUSTERER, name)(**options)
    assert isinstance(component, Clusterer)
    return component


def noise_share(labels: Labels) -> float:
    return np.count_nonzero(labels == -1) / max(1, len(labels))


@settings(max_examples=20, deadline=None)
@given(count=st.integers(0, 120), columns=st.integers(1, 9), min_samples=st.integers(1, 9), seed=st.integers(0, 99))
def test_a_profile_equals_direct_runs(count: int, columns: int, min_samples: int, seed: int) -> None:
    Z = points(count, columns, seed)
    dbscan = clusterer("dbscan", min_samples=min_samples)
    computed = profile_option(dbscan, Z, "eps", prepared=dbscan.prepare(Z))
    direct = [evolve(dbscan, eps=eps).cluster(Z) for eps in computed.values]
    sizes = [np.bincount(labels[labels >= 0]) for labels in direct]
    assert computed.clusters.tolist() == [len(cluster_sizes) for cluster_sizes in sizes]
    np.testing.assert_allclose(computed.noise, [noise_share(labels) for labels in direct])
    largest = [int(cluster_sizes.max(initial=0)) / max(1, count) for cluster_sizes in sizes]
    np.testing.assert_allclose(computed.largest, largest)


def test_plateaus_are_where_the_number_of_clusters_stays() -> None:
    Z = (points(400, 2, 0) * 0.02 + np.repeat([[0, 0], [5, 0], [0, 9], [30, 0]], 100, axis=0)).astype(np.float32)
    Z = np.concatenate([Z, np.full((1, 2), 300, dtype=np.float32)])
    dbscan = clusterer("dbscan")
    computed = profile_option(dbscan, Z, "eps", prepared=dbscan.prepare(Z))
    assert computed.suggested in computed.values
    assert computed.plateaus
    assert list(computed.values) == sorted(map(float, computed.values))
    counts: list[int] = computed.clusters.tolist()
    plateaus = [
        counts[computed.values.index(first) : computed.values.index(last) + 1] for first, last in computed.plateaus
    ]
    assert all(len(set(plateau)) == 1 for plateau in plateaus)
    assert all(plateau[0] > 1 for plateau in plateaus)
    assert [plateau[0] for plateau in plateaus][-3:] == [4, 3, 2]


def test_values_can_be_given() -> None:
    Z = points(100, 3, 0)
    assert list(profile_option(clusterer("dbscan"), Z, "eps", [0.5, 2.0]).values) == [0.5, 2.0]
    with pytest.raises(CoveyError, match="'eps' must be a number greater than 0"):
        profile_option(clusterer("dbscan"), Z, "eps", [-1.0])


def test_an_option_that_is_not_live_is_clustered_without_the_preparation() -> None:
    Z = points(100, 3, 0)
    dbscan = clusterer("dbscan", eps=1.0)
    computed = profile_option(dbscan, Z, "min_samples", [2, 5, 30], dbscan.prepare(Z))
    direct = [clusterer("dbscan", eps=1.0, min_samples=count).cluster(Z) for count in (2, 5, 30)]
    np.testing.assert_allclose(computed.noise, [noise_share(labels) for labels in direct])


@component
class Slices(Clusterer):
    """Cuts the first column into slices: a clusterer that prepares nothing."""

    name = "slices"
    width: float = option(default=1.0, gt=0, le=4, help="Width of a slice. Raising it gives fewer.")
    side: str = option(default="low", choices=("low", "high"), help="Which end to begin at.")
    note: str = option(default="", help="A text.")

    def cluster(self, Z: Floats) -> Labels:
        slices: Labels = ((Z[:, 0] - Z[:, 0].min(initial=0)) / self.width).astype(np.int32)
        return np.unique(slices, return_inverse=True)[1].astype(np.int32)


def test_without_a_preparation_values_around_the_current_one_are_tried() -> None:
    Z = points(200, 2, 0)
    assert Slices().prepare(Z) is None
    computed = profile_option(Slices(), Z, "width")
    assert computed.values[0] == 0.125
    assert float(computed.values[-1]) <= 4
    assert computed.clusters[0] > computed.clusters[-1] > 1
    assert computed.suggested is None
    assert list(profile_option(Slices(), Z, "side").values) == ["low", "high"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("widht", "no option 'widht'. Did you mean 'width'?"),
        ("note", "no values of 'note' can be chosen: give the values to try"),
    ],
)
def test_an_option_without_a_profile(name: str, sentence: str) -> None:
    with pytest.raises(CoveyError, match=sentence):
        profile_option(Slices(), points(20, 2, 0), name)


@pytest.mark.parametrize("name", ["dbscan", "hdbscan"])
@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_little_or_equal_data_have_a_profile(name: str, count: int) -> None:
    component = clusterer(name)
    live = {"dbscan": "eps", "hdbscan": "min_cluster_size"}[name]
    Z = np.zeros((count, 3), dtype=np.float32)
    computed = profile_option(component, Z, live, prepared=component.prepare(Z))
    assert len(computed.values) > 1
    assert set(computed.clusters.tolist()) <= {0, 1, 2}
    assert computed.suggested is None


@pytest.mark.parametrize("name", ["dbscan", "hdbscan"])
def test_values_that_are_no_numbers_are_refused(name: str) -> None:
    Z = points(30, 3, 0)
    Z[4, 1] = np.nan
    with pytest.raises(CoveyError, match=f"{name}: the data hold values that are no finite numbers"):
        clusterer(name).prepare(Z)


@pytest.fixture
def dataset(covey: Cli, images: Path, brightness: None) -> Path:
    words = ["--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2,3"]
    assert covey("run", images, *words, "--set", "clusterer.min_samples=3").exit_code == 0
    return images


def test_table_and_json_say_the_same(covey: Cli, dataset: Path) -> None:
    document: list[ProfileJson] = json.loads(covey("profile", dataset, *WORDS, "--json").stdout)
    assert len(document) == 2
    assert document[0]["clusterer"]["min_samples"] == 3
    assert document[0]["values"][-1]["clusters"] == 1
    lines = covey("profile", dataset, *WORDS).stdout.splitlines()
    (row,) = [
        line.split() for line in lines if line.startswith(f"{document[0]['suggested']} ") and "suggested" in line
    ][:1]
    (suggested,) = [point for point in document[0]["values"] if point["value"] == document[0]["suggested"]]
    assert row[1:4] == [str(suggested["clusters"]), f"{suggested['noise']:.0%}", f"{suggested['largest']:.0%}"]


def test_profile_run_and_report_give_the_same_suggestion_and_its_reason(covey: Cli, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    places = noise + np.repeat(np.eye(4, dtype=np.float32) * 20, 75, axis=0)
    np.savez(
        tmp_path / "calls.npz", X_red=places, X_2D=places[:, :2], N=np.array([f"{row:03}.png" for row in range(300)])
    )
    ran = covey("run", tmp_path, "--embedding", "calls.npz", "--clusterer", "dbscan")
    assert ran.exit_code == 0, ran.output
    (profile,) = json.loads(covey("profile", tmp_path, "--clusterer", "dbscan", "--option", "eps", "--json").stdout)
    assert profile["reason"].startswith("4 groups; ")
    assert f"The data suggest eps = {profile['suggested']}, min_samples = 6: {profile['reason']}." in ran.stdout
    suggested = f"Suggested: eps = {profile['suggested']}: {profile['reason']}"
    assert suggested in covey("profile", tmp_path, "--clusterer", "dbscan", "--option", "eps").stdout
    assert covey("report", tmp_path, "--out", tmp_path / "report.html").exit_code == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    assert suggested in page
    assert f"The data decided eps = {profile['suggested']}, min_samples = 6 ({profile['reason']})" in page


def test_one_embedding_several_settings_and_a_picture(covey: Cli, dataset: Path, tmp_path: Path) -> None:
    profiles: list[ProfileJson] = json.loads(covey("profile", dataset, *WORDS, "--json").stdout)
    names = [profile["table"] for profile in profiles]
    words = ["--embedding", names[1], "--set", "clusterer.min_samples=4", "--png", tmp_path / "eps.png", "--json"]
    document: list[ProfileJson] = json.loads(covey("profile", dataset, *WORDS, *words).stdout)
    assert [(profile["table"], profile["clusterer"]["min_samples"]) for profile in document] == [
        (names[1], 3),
        (names[1], 4),
    ]
    with Image.open(tmp_path / "eps.png") as picture:
        assert picture.format == "PNG"
        assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--option", "esp"), "dbscan: there is no option 'esp'. Did you mean 'eps'?"),
        (("--option", "eps", "--clusterer", "dbscann"), "Did you mean 'dbscan' or 'hdbscan'?"),
        (("--option", "eps", "--embedding", "none"), "There is no embedding 'none'."),
        (("--option", "eps", "--set", "clusterer.min_samples=0"), "must be a whole number at least 1, or none, not 0"),
        (("--option", "eps", "--set", "reducer.sizes=2"), "only options of the clusterer count here"),
        (("--option", "eps", "--png", "no/such/folder/eps.png"), "could not be written"),
    ],
)
def test_each_mistake_has_its_own_message(covey: Cli, dataset: Path, words: tuple[str, ...], sentence: str) -> None:
    result = covey("profile", dataset, *words)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_dataset_without_embeddings(covey: Cli, images: Path) -> None:
    result = covey("profile", images, *WORDS)
    assert result.exit_code == 2
    assert "make one with covey run" in result.stderr
