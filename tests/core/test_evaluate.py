"""covey evaluate: what clusters are like, and how well they agree with labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from tests.fixture_types import Cli
from tests.json_types import MeasuresJson

from covey import Clusterer, Clustering, CoveyError, component
from covey.analysis.measures.clustering_agreement import common_labels
from covey.analysis.measures.own_measures import density_validity, half_agreement, recording_shares
from covey.authoring import AgreementMeasure, Kind, Measure, MeasuredClustering, Registry
from covey.data.segment_names import recordings_of_images

Floats = NDArray[np.float32]


def clustering(labels: list[int]) -> Clustering:
    return Clustering(names=names(len(labels)), labels=np.array(labels, np.int32), provenance=None)


def names(count: int) -> list[str]:
    return [f"{number:04}.png" for number in range(count)]


def installed(name: str) -> Measure:
    return Registry.installed().get(Kind.MEASURE, name)()


def measure(name: str, table: Clustering, classes: str = "", recordings: str = "", **known: Any) -> float | None:
    """Return an installed measure of a clustering; a class and a recording are letters, one for each image."""
    labels, groups = values(classes) if classes else None, values(recordings)
    described = MeasuredClustering(clustering=table, classes=labels, recording_by_image=groups, **known)
    return installed(name).compute(described)


def without_noise(name: str, table: Clustering, classes: str) -> float | None:
    agreement = installed(name)
    assert isinstance(agreement, AgreementMeasure)
    return agreement.compute_without_noise(MeasuredClustering(clustering=table, classes=values(classes)))


def reads(Z: Floats) -> dict[str, Any]:
    """Return what gives a measure these rows, whichever table it asks for."""
    return {"read_points": lambda _: Z}


def values(text: str) -> dict[str, str]:
    return {name: letter for name, letter in zip(names(len(text)), text, strict=True) if letter != " "}


def blobs(groups: int = 3, each: int = 40, apart: float = 20) -> tuple[Floats, NDArray[np.intp]]:
    group = np.repeat(np.arange(groups), each)
    noise = np.random.default_rng(0).normal(size=(len(group), 4))
    return (noise + group[:, None] * apart).astype(np.float32), group


@component
class Thirds(Clusterer):
    """Cuts at fixed places: the same for every half."""

    name = "thirds"

    def cluster(self, Z: Floats) -> NDArray[np.int32]:
        return np.asarray(Z[:, 0] // 15 % 3, dtype=np.int32)


@component
class Dice(Clusterer):
    """Is never the same."""

    name = "dice"

    def cluster(self, Z: Floats) -> NDArray[np.int32]:
        return np.random.default_rng().integers(0, 3, len(Z), dtype=np.int32)


@component
class Nothing(Clusterer):
    """Finds no cluster."""

    name = "nothing"

    def cluster(self, Z: Floats) -> NDArray[np.int32]:
        return np.full(len(Z), -1, dtype=np.int32)


def test_perfect_agreement_and_noise_as_a_class() -> None:
    table = clustering([0, 0, 1, 1, -1, -1])
    assert measure("clusters", table) == 2
    assert measure("labelled", table, "aabbcc") == measure("coverage", table) == pytest.approx(4 / 6)
    for name in ("ami", "ari", "v", "homogeneity", "completeness"):
        assert measure(name, table, "aabbcc") == pytest.approx(1)


def test_noise_counts_against_the_whole_and_not_against_what_is_assigned() -> None:
    table = clustering([0, 0, -1, 1, 1, -1])
    assert without_noise("v", table, "aaabbb") == pytest.approx(1)
    assert (measure("v", table, "aaabbb") or 1) < 0.8
    assert (measure("homogeneity", table, "aaabbb") or 1) < 1
    split = clustering([0, 0, 1, 2, 2, 3])
    assert measure("homogeneity", split, "aaabbb") == pytest.approx(1)
    assert (measure("completeness", split, "aaabbb") or 1) < 0.8


def test_all_noise_agrees_no_better_than_chance() -> None:
    table = clustering([-1] * 6)
    assert (measure("clusters", table), measure("coverage", table)) == (0, 0)
    assert without_noise("ari", table, "aabbcc") is None
    assert measure("ari", table, "aabbcc") == pytest.approx(0)


def test_images_without_a_label_are_left_out() -> None:
    table = clustering([0, 0, 1, 1, 5])
    assert measure("ari", table, "aabb ") == 1
    assert measure("homogeneity", table, "aabb ") == 1
    for name in ("ami", "pure", "knn", "labelled"):
        assert measure(name, table) is None
        assert measure(name, table, " " * 5, "12345", **reads(np.zeros((5, 2), np.float32))) is None


@pytest.mark.parametrize(
    ("truth", "groups", "pure"),
    [
        ("a" * 10, "1112223334", 0.5),
        ("a" * 9 + "b", "1112223334", 0.5),
        ("a" * 8 + "bb", "1112223334", 0),
        ("a" * 10, "1111122222", 0),
    ],
)
def test_pure_clusters_have_one_label_and_three_recordings(truth: str, groups: str, pure: float) -> None:
    table = clustering([0] * 10 + [-1] * 10)
    assert measure("pure", table, truth + "b" * 10, groups + "5" * 10) == pure
    assert measure("pure", table, truth + "b" * 10) is None


def test_small_clusters_are_never_counted_as_pure() -> None:
    assert measure("pure", clustering([0] * 9 + [-1]), "a" * 10, "123123123" + "4") == 0


def test_neighbours_of_the_same_recording_do_not_count() -> None:
    """Each recording is a knot of its own; labels follow the recordings but nothing else."""
    X, recording = blobs(groups=12, each=6)
    X[:, 1:] = 0
    table, numbers = clustering([0] * len(X)), recording.tolist()
    labels, own = ("".join(letters[number] for number in numbers) for letters in ("ab" * 6, "0123456789xy"))
    assert measure("knn", table, labels, **reads(X)) == 1
    accuracy = measure("knn", table, labels, own, **reads(X))
    assert accuracy is not None
    assert accuracy < 0.1
    assert measure("knn", table, labels, "1" * len(X), **reads(X)) is None


def test_sizes_count_without_noise() -> None:
    table = clustering([0, 0, 0, 1, -1, -1])
    assert [measure(name, table) for name in ("clusters", "largest", "median")] == [2, 3, 2.0]
    assert measure("coverage", table) == pytest.approx(4 / 6)
    none, known = clustering([-1, -1]), {"clusterer": Nothing(), **reads(np.zeros((2, 3), np.float32))}
    assert [measure(name, none, **known) for name in ("clusters", "largest", "validity", "silhouette", "halves")] == [
        0, 0, None, None, None,
    ]  # fmt: skip


def test_clusters_that_lie_apart_are_more_valid_than_mixed_ones() -> None:
    pytest.importorskip("hdbscan", reason="needs covey[hdbscan]")
    Z, group = blobs()
    mixed: NDArray[np.intp] = np.random.default_rng(0).permutation(group)
    for name, (low, high) in {"validity": (0, 0.5), "silhouette": (0.2, 0.8)}.items():
        good, bad = (measure(name, clustering(labels.tolist()), **reads(Z)) for labels in (group, mixed))
        assert good is not None
        assert bad is not None
        assert good > high > low > bad


@pytest.mark.parametrize("labels", [[0] * 8, list(range(8)), [0, 0, 1, 1, -1, -1, 2, 2], [0] * 5 + [1] * 3])
def test_validity_of_little_or_equal_data_is_a_number_or_nothing(labels: list[int]) -> None:
    for Z in (np.zeros((8, 3), np.float32), np.random.default_rng(0).normal(size=(8, 600)).astype(np.float32)):
        for name in ("validity", "silhouette"):
            score = measure(name, clustering(labels), **reads(Z))
            assert score is None or -1 <= score <= 1


@pytest.mark.parametrize("columns", [8, 256, 512, 1024, 4096])
def test_validity_of_equal_rows_of_any_width_never_raises(columns: int) -> None:
    pytest.importorskip("hdbscan", reason="needs covey[hdbscan]")
    random = np.random.default_rng(0)
    Z = np.vstack([random.normal(size=(50, columns)), np.repeat(random.normal(size=(10, columns)) + 3, 3, axis=0)])
    score = density_validity(Z.astype(np.float32), np.repeat([0, 1], [50, 30]).astype(np.int32))
    assert score is None or -1 <= score <= 1


def test_the_validity_of_wide_features_is_that_in_their_embedding() -> None:
    pytest.importorskip("hdbscan", reason="needs covey[hdbscan]")
    Z, group = blobs()
    wide: Floats = np.random.default_rng(0).normal(size=(len(Z), 1280)).astype(np.float32)
    tables = {"clustered": wide, "features": wide, "embedding": Z}
    table = clustering(group.tolist())
    assert measure("validity", table, read_points=tables.get) == measure("validity", table, **reads(Z))
    with pytest.raises(CoveyError, match=r"1,280 columns are too many for densities, and no embedding was made"):
        measure("validity", table, read_points={"clustered": wide}.get)


def test_half_samples_agree_where_the_clusters_are_stable() -> None:
    Z, _ = blobs()
    stable, chance = half_agreement(Thirds(), Z), half_agreement(Dice(), Z)
    assert stable == pytest.approx(1)
    assert chance is not None
    assert abs(chance) < 0.3
    assert half_agreement(Nothing(), Z) is None
    for count in (1, 2, 3):
        half_agreement(Thirds(), Z[:count])


def test_seeds_are_compared_by_name() -> None:
    first, second = clustering([0, 0, 1, 1]), clustering([1, 1, 0, 0])
    assert measure("seeds", first, siblings=[second]) == pytest.approx(1)
    turned = Clustering(names=first.names[::-1], labels=first.labels, provenance=None)
    assert [part.tolist() for part in common_labels(first, turned)] == [[0, 0, 1, 1], [1, 1, 0, 0]]
    assert measure("seeds", first) is None


def test_the_share_of_one_recording() -> None:
    table = clustering([0, 0, 0, 0, 1, 1, -1])
    described = MeasuredClustering(clustering=table, recording_by_image=values("xxxyab-"))
    assert recording_shares(described) == [0.75, 0.5]
    assert recording_shares(MeasuredClustering(clustering=table, recording_by_image={"other.png": "x"})) == []
    shares = [measure(name, table, recordings="xxxyab-") for name in ("recording", "recording_largest")]
    assert shares == [0.625, 0.75]


def test_recordings_are_told_by_the_names_of_cuts() -> None:
    cuts = ["XC1_a_segm_0000.315.png", "sub/XC1_segm_12345.000.png", "XC1.png", "x_segm_1.png"]
    assert recordings_of_images(cuts) == {cuts[0]: "XC1_a", cuts[1]: "sub/XC1"}


@pytest.fixture
def run(covey: Cli, images: Path, brightness: None) -> Path:
    covey("run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2",
          "--set", "clusterer.min_samples=3")  # fmt: skip
    return images


def write_labels(path: Path, more: str = "") -> Path:
    lines = [f"call_{number:02}.png,{number % 3},{number // 6}" for number in range(24)]
    path.write_text("\n".join(["filename,label,group", *lines, more]))
    return path


def read_row(result: Result) -> MeasuresJson:
    assert result.exit_code == 0, result.stderr
    rows: list[MeasuresJson] = json.loads(result.stdout)
    assert len(rows) == 1
    return rows[0]


def test_without_labels(covey: Cli, run: Path) -> None:
    row = read_row(covey("evaluate", run, "--json"))
    assert row["images"] == 24
    assert row["halves"] is not None
    assert "labels" not in row
    names, sizes, *_ = covey("evaluate", run).stdout.split("\n\n")
    assert names.split() == ["clustering", "1", row["clustering"]]
    cells = sizes.splitlines()[1].split()
    assert cells[:4] == ["1", str(row["clusters"]), f"{row['coverage']:.0%}", str(row["largest"])]


def test_table_and_json_say_the_same(covey: Cli, run: Path, tmp_path: Path) -> None:
    words = ["evaluate", run, "--labels", write_labels(tmp_path / "labels.csv"), "--group", "group"]
    row = read_row(covey(*words, "--json"))
    assert "labels" in row
    scores = row["labels"]
    assert scores["whole"]["ami"] > 0.7
    assert scores["knn"] == scores["knn_features"] == 1
    assert row["recording"] == pytest.approx(0.25)
    lines = covey(*words).stdout.splitlines()
    head = next(at for at, line in enumerate(lines) if line.split()[:2] == ["AMI", "ARI"])
    assert lines[head + 1].startswith(f"1  {scores['whole']['ami']:.3f} / {scores['assigned']['ami']:.3f}")


def test_it_is_said_which_rows_match(covey: Cli, run: Path, tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels.csv", more="zebra.png,1,1")
    labels.write_text(labels.read_text().replace("call_03.png,0,0\n", ""))
    output = covey("evaluate", run, "--labels", labels).stderr
    assert "23 of 24 images have a label. Labels that name no image: zebra.png. Without a label: call_03.png." in output
    assert "use --group" in output


@pytest.mark.parametrize("command", ["evaluate", "compare", "report"])
def test_it_is_said_which_column_is_taken(covey: Cli, run: Path, tmp_path: Path, command: str) -> None:
    labels, out = write_labels(tmp_path / "labels.csv"), ["-o", tmp_path / "x.html"] if command == "report" else []
    assert "no column" not in covey(command, run, "--labels", labels, *out).stderr
    labels.write_text(labels.read_text().replace(",label,", ",species,"))
    guessed = covey(command, run, "--labels", labels, *out)
    assert guessed.exit_code == 2
    assert "name the one that holds the labels. There is: species, group." in guessed.stderr
    done = covey(command, run, "--labels", labels, "--group", "group", *out)
    assert done.exit_code == 0
    assert "has no column 'label': the labels are taken from 'species'." in done.stderr
    assert "no column" not in covey(command, run, "--labels", labels, "--column", "species", *out).stderr


def test_other_seeds_of_the_reducer_are_compared(covey: Cli, images: Path, brightness: None) -> None:
    pytest.importorskip("umap", reason="needs covey[umap]")
    covey("run", images, "--extractor", "brightness", "--set", "reducer.seed=0,1", "--set", "reducer.sizes=2",
          "--set", "reducer.epochs=20", "--set", "clusterer.eps=0.5,0.6",
          "--set", "clusterer.min_samples=3")  # fmt: skip
    rows: list[MeasuresJson] = json.loads(covey("evaluate", images, "--json").stdout)
    assert len(rows) == 4
    assert all(row["seeds"] is not None for row in rows if row["clusters"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,label\na.png,x\n", "need a column 'filename'"),
        ("filename,label\n", "No image has a label"),
        ("filename,label\nother.png,x\n", "name 'other.png', the images 'call_00.png'"),
    ],
)
def test_a_label_file_that_does_not_fit(covey: Cli, run: Path, tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "labels.csv").write_text(text, "utf-8")
    result = covey("evaluate", run, "--labels", tmp_path / "labels.csv")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_columns_without_a_file(covey: Cli, run: Path) -> None:
    result = covey("evaluate", run, "--group", "group")
    assert result.exit_code == 2
    assert "name it with --labels" in result.stderr


def test_a_dataset_without_clusters(covey: Cli, images: Path, tmp_path: Path) -> None:
    result = covey("evaluate", images, "--labels", write_labels(tmp_path / "labels.csv"))
    assert result.exit_code == 2
    assert "find groups on the page Start of the dashboard, or by covey run" in result.stderr
