"""covey compare: a leaderboard, and how clusterings agree with each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Cli, Distribution
from tests.json_types import MeasuresJson

from covey import Clustering
from covey.analysis.measures.clustering_agreement import agreement_matrix, trace_clusters
from covey.analysis.measures.label_measures import AdjustedMutualInformation, AdjustedRandIndex
from covey.analysis.measures.own_measures import DensityValidity

FLAGS = ("--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2",
         "--set", "clusterer.min_samples=3", "--set", "clusterer.eps=0.001,0.6,9")  # fmt: skip


def clustering(labels: list[int], start: int = 0) -> Clustering:
    names = [f"{number:04}.png" for number in range(start, start + len(labels))]
    return Clustering(names=names, labels=np.array(labels, np.int32), provenance=None)


@pytest.fixture
def run(covey: Cli, images: Path, brightness: None) -> Path:
    covey("run", images, *FLAGS)
    return images


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["filename,label", *(f"call_{number:02}.png,{number % 3}" for number in range(24))]))
    return path


def test_the_best_comes_first_whatever_decides(covey: Cli, run: Path, labels: Path) -> None:
    def order(*words: object) -> list[float]:
        rows: list[MeasuresJson] = json.loads(covey("compare", run, *words, "--json").stdout)
        assert [row["rank"] for row in rows] == [1, 2, 3]
        assert sorted(row["clustering"] for row in rows) == sorted({row["clustering"] for row in rows})
        return [float(row["clustering"].split("-eps")[1].split("-")[0]) for row in rows]

    assert order("--labels", labels)[0] == 0.6
    assert order("--labels", labels, "--sort", "ari")[0] == 0.6
    assert order("--sort", "clusters") == [0.6, 9.0, 0.001]
    assert order("--sort", "coverage")[-1] == 0.001


def test_without_the_library_for_validity_the_silhouette_decides(
    covey: Cli, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DensityValidity, "missing", lambda: ("covey[hdbscan]",))
    rows = json.loads(covey("compare", run, "--json").stdout)
    assert [row["silhouette"] is not None for row in rows] == [True, False, False]
    assert all("covey[hdbscan]" in row["problems"]["validity"] for row in rows)


def test_the_table_says_what_json_says(covey: Cli, run: Path, labels: Path) -> None:
    rows: list[MeasuresJson] = json.loads(covey("compare", run, "--labels", labels, "--json").stdout)
    names, agreement, own, _ = covey("compare", run, "--labels", labels, "--sort", "ari").stdout.split("\n\n")
    assert [line.split() for line in names.splitlines()[1:]] == [[str(row["rank"]), row["clustering"]] for row in rows]
    head, first, *_ = agreement.splitlines()
    assert head.split()[:3] == ["ARI", "AMI", "V"]
    assert "labels" in rows[0]
    whole = rows[0]["labels"]["whole"]
    assert first.split()[:3] == ["1", f"{whole['ari']:.3f}", f"{whole['ami']:.3f}"]
    assert own.split()[:2] == ["DBCV", "silhouette"]
    assert "AMI" not in covey("compare", run).stdout


@pytest.mark.parametrize("columns", [80, 400])
@pytest.mark.parametrize("command", ["compare", "evaluate", "run"])
def test_names_are_whole_and_tables_fit(
    covey: Cli, run: Path, labels: Path, command: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = covey(command, run, *(FLAGS if command == "run" else ["--labels", labels])).stdout.splitlines()
    names = {path.stem for path in run.glob("clusters_*.npz")}
    held = [line.split() for line in lines if names & {*line.split()}]
    assert [(int(number), name in names) for number, name, *_ in held] == [(1, True), (2, True), (3, True)]
    assert max(len(line) for line in lines if str(run) not in line) <= columns
    assert all(len(cells) > 2 for cells in held) == (columns == 400)


@pytest.mark.parametrize("command", ["compare", "evaluate"])
def test_each_measure_is_explained_once_below_the_tables(
    covey: Cli, run: Path, labels: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    *tables, meanings = covey(command, run, "--labels", labels).stdout.split("\n\n")
    heads = [head for table in tables for head in re.split("  +", table.splitlines()[0].strip())]
    message = [line.split("  ")[0] for line in meanings.splitlines()]
    assert sorted(message) == sorted([*heads[1:], "x / y" if command == "evaluate" else "noise", "-"])
    for words in ("adjusted mutual information", "adjusted Rand index", "density-based clustering validation"):
        assert meanings.count(words) == 1


def test_measures_that_need_labels_are_refused_without(covey: Cli, run: Path) -> None:
    done = covey("compare", run, "--sort", "ami")
    assert done.exit_code == 2
    assert "ami compares with labels: name a file with labels" in done.stderr


def test_a_dataset_that_changed_between_runs(covey: Cli, run: Path, labels: Path) -> None:
    (run / "call_00.png").unlink()
    covey("run", run, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2")
    rows: list[MeasuresJson] = json.loads(covey("compare", run, "--labels", labels, "--json").stdout)
    assert sorted(row["images"] for row in rows) == [23, 24, 24, 24]
    assert covey("report", run, "-o", labels.with_name("report.html")).exit_code == 0


def test_agreement_is_1_for_the_same_groups_under_other_numbers() -> None:
    first = clustering([0, 0, 1, 1, -1, -1])
    for measure in (AdjustedMutualInformation(), AdjustedRandIndex()):
        table = agreement_matrix([first, clustering([3, 3, 0, 0, 1, 1]), clustering([0, 1, 0, 1, 0, 1])], measure)
        assert table.shape == (3, 3)
        assert np.allclose(table, table.T)
        assert table[0, 1] == pytest.approx(1)
        assert table[0, 2] < 0.1
    assert np.isnan(agreement_matrix([first, clustering([0, 0], start=90)], AdjustedRandIndex())[0, 1])


def test_where_each_cluster_went() -> None:
    table = trace_clusters(clustering([0, 0, 1, -1]), clustering([5, 5, 7, 7], start=1))
    assert table.first.tolist() == [-1, 0, 1]
    assert table.second.tolist() == [7, 5, 5]
    assert table.counts.tolist() == [1, 1, 1]
    again = trace_clusters(clustering([4, 0, 0, 0, -1]), clustering([2, 2, 2, -1, -1]))
    pairs = np.stack([again.first, again.second, again.counts], axis=1)
    assert pairs.tolist() == [[-1, -1, 1], [0, -1, 1], [0, 2, 2], [4, 2, 1]]
    assert trace_clusters(clustering([0]), clustering([0], start=9)).counts.tolist() == []


def test_where_very_many_clusters_went_takes_little_memory() -> None:
    many = clustering(list(range(100_000)))
    assert trace_clusters(many, many).counts.tolist() == [1] * 100_000


def test_a_measure_of_a_plugin_is_a_column_like_any_other(covey: Cli, run: Path, labels: Path, outlets: None) -> None:
    rows: list[MeasuresJson] = json.loads(covey("compare", run, "--labels", labels, "--json").stdout)
    assert all(0 < row["labels"]["whole"]["overlap"] <= 1 for row in rows if "labels" in row)  # type: ignore[typeddict-item]
    text = covey("compare", run, "--labels", labels, "--sort", "overlap").stdout
    assert text.split("\n\n")[1].split()[0] == "Rand"
    assert "Rand" in covey("evaluate", run, "--labels", labels).stdout
    assert "share of pairs that are together in both or apart in both" in text
    assert "Rand" not in covey("compare", run).stdout


def test_a_measure_that_fails_costs_its_cells_and_says_why(covey: Cli, run: Path, outlets: None) -> None:
    rows = json.loads(covey("compare", run, "--sort", "singles", "--json").stdout)
    assert len(rows) == 3
    assert {row["singles"] for row in rows[1:]} == {None}
    assert all("ZeroDivisionError" in row["problems"]["singles"] for row in rows[1:])
    assert all(row["silhouette"] is not None for row in rows if row["clusters"] > 1)
    for command in ("compare", "evaluate"):
        done = covey(command, run)
        assert done.exit_code == 0
        (sentence,) = [line for line in done.stdout.splitlines() if line.startswith("singles is unknown for ")]
        assert "singles of covey-outlets 1.0 failed in compute (ZeroDivisionError: " in sentence
        assert sentence.endswith("): try other options, or tell its authors.")


SOURCE = """
from covey import component, hookimpl, option
from covey.authoring import Measure

@component
class Far(Measure):
    'Far away.'
    name = "far"
    heading = "DBCV"
    def compute(self, clustering):
        return 1

@hookimpl
def covey_measures():
    yield Far
"""


@pytest.mark.parametrize(
    ("part", "change", "column", "reason"),
    [
        (
            'name = "far"',
            'name = "ami"\n    requires = {"not_there": "covey-far"}',
            "covey-far:ami",
            "needs: pip install",
        ),
        ('heading = "DBCV"', "def __attrs_post_init__(self): raise KeyError('size')", "far", "KeyError"),
        ("return 1", "return 'much'", "far", "TypeError"),
        ("return 1", "return [1, 2]", "far", "ValueError"),
        ("return 1", "raise MemoryError", "far", "MemoryError"),
        ("return 1", "return float('nan')", "far", ""),
    ],
    ids=["needs a library", "cannot be made", "gives a text", "gives a list", "needs memory", "gives no number"],
)
def test_whatever_is_wrong_with_a_measure_its_cells_are_empty(
    covey: Cli, run: Path, distribution: Distribution, part: str, change: str, column: str, reason: str
) -> None:
    distribution("covey-far", {"far": "covey_far"}, covey_far=SOURCE.replace(part, change))
    done = covey("compare", run, "--sort", column, "--json")
    assert done.exit_code == 0, done.stderr
    for row in json.loads(done.stdout):
        assert row[column] is None
        assert reason in row.get("problems", {}).get(column, "")
        assert row["clusters"] is not None


def test_headings_that_two_measures_share_are_told_apart(
    covey: Cli, run: Path, distribution: Distribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    distribution("covey-far", {"far": "covey_far"}, covey_far=SOURCE)
    heads = covey("compare", run).stdout.splitlines()[0].split()
    assert heads.count("DBCV") == heads.count("covey-far:far") == 1


def test_numbers_of_numpy_are_numbers(covey: Cli, run: Path, distribution: Distribution) -> None:
    source = SOURCE.replace("return 1", "import numpy; return numpy.float32(0.5)")
    distribution("covey-far", {"far": "covey_far"}, covey_far=source)
    assert [row["far"] for row in json.loads(covey("compare", run, "--json").stdout)] == [0.5] * 3


def test_what_depends_on_the_table_alone_is_computed_once(covey: Cli, run: Path, distribution: Distribution) -> None:
    source = SOURCE.replace("    def compute", "    once_per = 'clustered'\n    calls = []\n    def compute")
    source = source.replace("return 1", "self.calls.append(1); return len(self.calls)")
    distribution("covey-far", {"far": "covey_far"}, covey_far=source)
    assert [row["far"] for row in json.loads(covey("compare", run, "--json").stdout)] == [1, 1, 1]


def test_a_measure_that_is_not_installed_gets_the_nearest(covey: Cli, run: Path) -> None:
    done = covey("compare", run, "--sort", "silhouete")
    assert done.exit_code == 2
    assert "There is no measure 'silhouete'. Did you mean 'silhouette'?" in done.stderr
