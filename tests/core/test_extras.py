"""Extra tables: made in the pass that makes the features, whole after any stop, published, exported, never reduced."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import fsspec
import numpy as np
import pytest
from tests.fixture_types import Cli, Distribution

import covey as covey_api
from covey import CoveyError, Extra, ExtraColumn, Extracted
from covey.data.folder import FolderDataset
from covey.extraction.shard_builder import ShardBuilder
from covey.testing import tiny_images

COLOURS = '''
"""Colours, for tests."""

import numpy as np
from covey import ExtraColumn, Extracted, FeatureExtractor, component, hookimpl, option

NAMES = np.array(["red", "green", "blue"])


@component
class Colours(FeatureExtractor):
    """Mean and deviation of each colour, and which colours are the strongest."""

    name = "colours"
    extras = {"strongest": {"colour": ExtraColumn(str, 2), "share": ExtraColumn(float, 2), "rank": ExtraColumn(int)}}
    layers: tuple[str, ...] = option(default=("mean", "deviation"), plural=True, help="What to compute.")

    def load(self, runtime):
        def extract(pixels):
            functions = {"mean": np.mean, "deviation": np.std}
            means = pixels.mean(axis=(1, 2), dtype=np.float32)
            order = np.argsort(-means, axis=1)
            columns = {
                "colour": NAMES[order[:, :2]],
                "share": np.take_along_axis(means, order[:, :2], axis=1),
                "rank": order[:, :1].astype(np.int32),
            }
            features = [functions[layer](pixels, axis=(1, 2), dtype=np.float32) for layer in self.layers]
            return Extracted(features=features, extras={"strongest": columns})

        return extract


@hookimpl
def covey_feature_extractors():
    yield Colours
'''
STEPS = ("--reducer", "pca", "--set", "reducer.sizes=2", "--clusterer", "dbscan", "--set", "clusterer.min_samples=2")


@pytest.fixture(autouse=True)
def colours(distribution: Distribution) -> None:
    distribution("covey-colours", {"colours": "covey_colours"}, covey_colours=COLOURS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tiny_images(tmp_path / "home" / "images", 6)
    return tmp_path / "home"


def run(covey: Cli, place: object, *words: object) -> str:
    done = covey("run", place, "--extractor", "colours", *STEPS, *words)
    assert done.exit_code == 0, done.output
    return done.output


def read_extra(home: Path) -> Extra:
    dataset = FolderDataset(home)
    (entry,) = dataset.extras()
    return dataset.load(entry)


def read_tables(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.glob("*.npz")}


def test_one_pass_gives_the_layers_and_one_extra_table_which_nothing_reduces(covey: Cli, home: Path) -> None:
    assert "7 tables made" in run(covey, home)  # 2 layers, 1 extra table, 2 embeddings, 2 clusterings
    dataset, table = FolderDataset(home), read_extra(home)
    assert [len(tables) for tables in (dataset.features(), dataset.extras(), dataset.embeddings())] == [2, 1, 2]
    origins = [entry.provenance for entry in dataset.clusterings() if entry.provenance]
    assert not any(step.is_extra for origin in origins for step in origin.lineage)
    means = next(dataset.load(entry).X for entry in dataset.features() if "mean" in str(entry.provenance))
    assert table.columns["colour"].shape == table.columns["share"].shape == (6, 2)
    assert [array.dtype.kind for array in table.columns.values()] == ["U", "f", "i"]
    np.testing.assert_array_equal(np.sort(np.asarray(table.columns["share"]))[:, ::-1], np.sort(means)[:, :0:-1])
    with pytest.raises(CoveyError, match="holds no points: choose features or an embedding"):
        dataset.load_points(dataset.extras()[0])


def test_other_layers_and_new_images_keep_its_rows(covey: Cli, home: Path) -> None:
    run(covey, home, "--set", "extractor.layers=mean")
    assert "3 tables made, 4 kept" in run(covey, home)
    before = read_extra(home)
    tiny_images(home / "images", 8)
    output = run(covey, home)
    assert "colours: the features of 6 unchanged images stay" in output
    after = max((FolderDataset(home).load(entry) for entry in FolderDataset(home).extras()), key=lambda t: len(t.names))
    assert len(after.names) == 8
    for name, array in before.columns.items():
        np.testing.assert_array_equal(after.columns[name][:6], array)


def test_one_that_is_gone_is_made_alone(covey: Cli, home: Path) -> None:
    run(covey, home)
    tables = read_tables(home)
    (path,) = home.glob("extra_strongest_colours~*.npz")
    path.unlink()
    assert "1 table made, 6 kept" in run(covey, home)
    assert read_tables(home)[path.name] == tables[path.name]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from covey import Runtime
from covey.data.folder import FolderDataset
from covey.experiments.pipeline import Pipeline
from covey_colours import Colours

left = int(sys.argv[3])

def watch(event, words):
    global left
    if event == "os.rename" and any(part in str(words[1]) for part in ("/features/", "extra_", "full_features")):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
dataset = FolderDataset(Path(sys.argv[2]))
Pipeline(dataset, dataset.images, Runtime(batch_size=4)).extract_features(Colours())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_extraction_that_is_killed_ends_in_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "covey_colours.py").write_text(COLOURS, "utf-8")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        tiny_images(folder / "images", 70)  # three batches
    codes = [extract_and_die(tmp_path / "site", *words) for words in ((whole, 99), *((killed, at) for at in (5, 4, 8)))]
    assert codes == [0, *[-signal.SIGKILL] * 3]
    assert extract_and_die(tmp_path / "site", killed, 99) == 0
    assert read_tables(killed) == read_tables(whole)
    assert len(read_tables(whole)) == 3


def extract_and_die(site: Path, home: Path, moment: int) -> int:
    """Extract in a process that is killed before its `moment`-th file takes its place; return its exit status."""
    command = [sys.executable, "-c", KILLED, str(site), str(home), str(moment)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, check=False, env=environment).returncode


def test_it_is_made_again_bit_for_bit_and_in_processes(covey: Cli, home: Path, tmp_path: Path) -> None:
    run(covey, home)
    done = covey("run", "--like", next(home.glob("extra_*.npz")))
    assert done.exit_code == 0, done.output
    assert "Identical, bit for bit." in done.output
    shutil.copytree(home / "images", tmp_path / "other" / "images")
    run(covey, tmp_path / "other", "--engine", "processes")
    for name, array in read_extra(tmp_path / "other").columns.items():
        np.testing.assert_array_equal(array, read_extra(home).columns[name])


def test_it_is_sent_to_where_the_dataset_lies(
    covey: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "user"))
    bucket = f"memory://{tmp_path.name}"
    fsspec.filesystem("memory").put(str(home / "images"), f"{bucket}/birds/images", recursive=True)
    run(covey, "bucket:birds", "--set", f"storage.root={bucket}")
    sent = [path for path in fsspec.filesystem("memory").find(f"{bucket}/birds") if "/extra_strongest_colours~" in path]
    assert len(sent) == 1


def test_it_is_listed_and_exported(covey: Cli, home: Path, tmp_path: Path) -> None:
    run(covey, home)
    listed = covey("info", home).stdout
    assert "Extra tables: 1" in listed
    assert "6 x 5" in listed
    assert covey("export", home, tmp_path / "out", "--to", "csv", "--what", "extras").exit_code == 0
    (path,) = (tmp_path / "out").glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["filename", "colour_1", "share_1", "rank", "colour_2", "share_2"]
    assert rows[0]["colour_1"] in ("red", "green", "blue")
    frame = covey_api.frame(read_extra(home))
    assert list(frame["colour_1"]) == [row["colour_1"] for row in rows]


@pytest.mark.parametrize(
    ("extras", "sentence"),
    [
        ({}, r"declares the extras \['a'\], but returned \[\]"),
        ({"a": {}}, r"a must have the columns \['b'\], not \[\]"),
        ({"a": {"b": np.zeros((2, 3), np.float32)}}, r"column b must be an array \(2, 2\) of float32, not \(2, 3\)"),
        ({"a": {"b": [1.0]}}, "not list"),
    ],
)
def test_what_is_not_as_declared_is_refused(extras: dict[str, dict[str, np.ndarray]], sentence: str) -> None:
    outputs = Extracted(features=[np.zeros((2, 1), np.float32)], extras=extras)
    builder = ShardBuilder(lambda pixels: outputs, 2, 1, {"a": {"b": ExtraColumn(float, 2)}}, lambda: "machine")
    with pytest.raises(CoveyError, match=sentence):
        builder._extract(np.zeros((2, 4, 4, 3), np.uint8))
