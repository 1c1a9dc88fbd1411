"""Plans: every combination, each intermediate result once, and what fails stops nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fixture_types import Cli, Distribution

from covey.testing import Brightness

MATRIX = """
dataset = {dataset!r}
out = {out!r}
[[extractor]]
use = "brightness"
layers = ["mean", "deviation"]
[[extractor]]
use = "brightness"
bands = 9
layers = ["mean", "deviation"]
[[reducer]]
use = "umap"
epochs = 2
sizes = [2, 4, 8]
[[reducer]]
use = "pca"
sizes = [2, 4, 8]
[[clusterer]]
use = "dbscan"
eps = [0.2, 0.3, 0.4, 0.5, 0.6]
[[clusterer]]
use = "hdbscan"
epsilon = [0.0, 0.1, 0.2, 0.3, 0.4]
"""

FRAGILE = """
from covey import Clusterer, component, hookimpl, option
import numpy as np

@component
class Fragile(Clusterer):
    "Breaks at 3."

    name = "fragile"
    at: int = option(default=1, help="Where it is. Raising it raises it.")

    def cluster(self, Z):
        if self.at == 3:
            raise ZeroDivisionError("three")
        return np.full(len(Z), self.at, dtype=np.int32)

@hookimpl
def covey_clusterers():
    yield Fragile
"""

pytestmark = pytest.mark.usefixtures("brightness")


@pytest.fixture
def fragile(distribution: Distribution) -> None:
    distribution("covey-fragile", {"fragile": "covey_fragile"}, covey_fragile=FRAGILE)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often extractors were loaded, neighbour graphs and trees were made."""
    pytest.importorskip("umap", reason="needs covey[umap]")
    from covey.analysis.density import Tree
    from covey_umap import Umap

    counts: Counter[str] = Counter()

    def count(cls: type, name: str) -> None:
        inner = getattr(cls, name)

        def counted(*args: Any, **options: Any) -> Any:
            counts[name] += 1
            return inner(*args, **options)

        monkeypatch.setattr(cls, name, counted)

    count(Umap, "_neighbour_graph")
    count(Tree, "grow")
    return counts


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.npz")}


def test_a_matrix_computes_each_intermediate_result_once(
    covey: Cli, images: Path, tmp_path: Path, calls: Counter[str]
) -> None:
    path = tmp_path / "covey.toml"
    path.write_text(MATRIX.format(dataset=str(images), out=str(tmp_path / "out")), "utf-8")
    planned = covey("run", path, "--dry-run")
    assert planned.stdout.splitlines()[-1] == "268 tables to make in 58 fits, 0 kept from before."
    assert [line.split() for line in planned.stdout.splitlines()[1:-1]] == [
        ["extractor", "4", "0", "2", "brightness"],
        ["reducer", "12", "0", "4", "umap"],
        ["reducer", "12", "0", "4", "pca"],
        ["clusterer", "120", "0", "24", "dbscan"],
        ["clusterer", "120", "0", "24", "hdbscan"],
    ]
    assert not names(tmp_path / "out")
    assert not calls
    ran = covey("run", path)
    assert ran.stdout.splitlines()[-1].startswith("268 tables made, 0 kept")
    assert ran.stderr.count("Extracting features") == 2
    assert calls["_neighbour_graph"] == 4
    assert calls["grow"] == 48
    calls.clear()
    again = covey("run", path)
    assert again.stdout.splitlines()[-1].startswith("0 tables made, 268 kept")
    assert "Extracting" not in again.stderr
    assert not calls
    planned = covey("run", path, "--dry-run")
    assert planned.stdout.splitlines()[-1] == "0 tables to make in 0 fits, 268 kept from before."


@pytest.mark.parametrize(
    ("name", "option", "values"), [("dbscan", "eps", "0.3,0.7,1.5"), ("hdbscan", "epsilon", "0,1")]
)
def test_values_clustered_together_are_those_of_each_alone(
    covey: Cli, images: Path, tmp_path: Path, name: str, option: str, values: str
) -> None:
    words = ["--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=3", "--clusterer", name]
    words += ["--set", "clusterer.min_samples=2"]
    covey("run", images, "--out", tmp_path / "together", *words, "--set", f"clusterer.{option}={values}")
    for value in values.split(","):
        covey("run", images, "--out", tmp_path / "alone", *words, "--set", f"clusterer.{option}={value}")
    together, alone = ({path.name: path.read_bytes() for path in (tmp_path / one).glob("*.npz")}
                       for one in ("together", "alone"))  # fmt: skip
    assert len(together) == 2 + len(values.split(","))
    assert together == alone


def test_the_plan_tells_what_is_kept(covey: Cli, images: Path) -> None:
    words = ["run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2,3"]
    covey(*words)
    done = covey(*words, "--set", "clusterer.eps=0.4,0.5", "--set", "reducer.sizes=4", "--dry-run")
    assert [line.split()[1:4] for line in done.stdout.splitlines()[1:-1]] == [
        ["1", "1", "0"],
        ["3", "2", "1"],
        ["6", "0", "3"],
    ]


def test_two_sections_that_overlap_count_once(covey: Cli, tmp_path: Path, images: Path) -> None:
    path = tmp_path / "covey.toml"
    path.write_text(
        'dataset = "images"\n[[extractor]]\nuse = "brightness"\nlayers = ["mean"]\n'
        '[[extractor]]\nuse = "brightness"\nlayers = ["mean", "deviation"]\n[[reducer]]\nuse = "pca"\nsizes = [2]\n',
        "utf-8",
    )
    assert covey("run", path, "--dry-run").stdout.splitlines()[-1].startswith("6 tables to make in 6 fits")
    assert covey("run", path).stdout.splitlines()[-1].startswith("6 tables made, 0 kept")


def test_what_fails_is_told_at_the_end_and_stops_nothing_else(covey: Cli, images: Path, fragile: None) -> None:
    words = ["run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2,13,3",
             "--clusterer", "fragile", "--set", "clusterer.at=1,3,2"]  # fmt: skip
    done = covey(*words)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].startswith("7 tables made, 0 kept")
    assert done.stderr.splitlines()[-3:] == [
        "3 tables could not be made, nor what would follow:",
        *[line for line in done.stderr.splitlines() if line.startswith("  dimred_13_")],
        *[line for line in done.stderr.splitlines() if line.startswith("  clusters_fragile-at3_2_")],
    ]
    assert "pca: 13 dimensions cannot be computed from 12 features: choose smaller sizes" in done.stderr
    assert "fragile of covey-fragile 1.0 failed in cluster (ZeroDivisionError: three): try other options" in done.stderr
    assert "Traceback" not in done.stderr
    again = covey(*words)
    assert again.exit_code == 1
    assert again.stdout.splitlines()[-1].startswith("0 tables made, 7 kept")


def test_one_layer_that_fails_leaves_the_others(covey: Cli, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = Brightness.load

    def refuse(self: Brightness, runtime: Any) -> Any:
        if "deviation" in self.layers:
            raise MemoryError("no room")
        return load(self, runtime)

    monkeypatch.setattr(Brightness, "load", refuse)
    done = covey("run", images, "--extractor", "brightness", "--set", "extractor.layers=mean,deviation",
                 "--reducer", "pca", "--set", "reducer.sizes=2")  # fmt: skip
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1].startswith("3 tables made")
    assert "failed in its work (MemoryError: no room)" in done.stderr


def test_where_nothing_comes_out_it_is_an_error(covey: Cli, images: Path, fragile: None) -> None:
    done = covey("run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2",
                 "--clusterer", "fragile", "--set", "clusterer.at=3")  # fmt: skip
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("Error: fragile of covey-fragile 1.0 failed in cluster (")


def test_results_of_a_newer_covey_are_a_problem_and_no_crash(covey: Cli, images: Path) -> None:
    words = ["run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2,3"]
    covey(*words)
    (path,) = images.glob("clusters_*_3_*.npz")
    with np.load(path) as file:
        arrays = dict(file)
    arrays["covey"] = np.array(json.dumps({**json.loads(str(arrays["covey"])), "format": 99}))
    np.savez(path, **arrays)
    newer = f"{path} has a damaged provenance (it was written by a newer covey)"
    assert newer in covey("info", images).stderr
    done = covey(*words)
    assert done.exit_code == 1
    assert newer in done.stderr
    assert "Traceback" not in done.stderr
    assert covey("compare", images, "--json").exit_code == 0
