"""Embeddings of very many images are computed from a sample of them, and a person is told what that may lose."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from operator import mul
from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Cli

import covey as covey_api
from covey import CoveyError, component
from covey._base.progress import SILENT
from covey.components.contracts import Floats
from covey.components.engine_contract import Engine
from covey.data.provenance import Provenance, SampledRows
from covey.engines.local import Local
from covey.engines.processes import Processes
from covey.experiments.steps import sampled_rows
from covey.experiments.steps.sampled_rows import choose_sample, place_others, spread_sample
from covey_pca import Pca

pytestmark = pytest.mark.usefixtures("brightness")
QUICK = ("--extractor", "brightness", "--reducer", "pca", "--clusterer", "kmeans", "--set", "reducer.sizes=2,3")


def test_a_sample_has_the_same_share_of_each_recording() -> None:
    recordings = ["long"] * 800 + ["short"] * 150 + [""] * 50
    rows = spread_sample(recordings, 100)
    assert Counter(recordings[row] for row in rows) == {"long": 80, "short": 15, "": 5}
    assert (np.diff(rows) > 0).all()
    assert np.array_equal(rows, spread_sample(recordings, 100))
    assert np.ptp(rows[rows < 800]) > 700  # from all of it


def test_a_sample_is_taken_of_very_many_images_or_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled_rows, "MOST_IMAGES", 500)
    monkeypatch.setattr(sampled_rows, "USUAL_SAMPLE", 200)
    sizes = {}
    for count in (500, 501):
        for sample in (0, 300, 501):
            rows = choose_sample(Pca(sample=sample), count, partial(mul, [""], count))
            sizes[count, sample] = None if rows is None else len(rows)
    assert sizes == {
        (500, 0): None,
        (500, 300): 300,
        (500, 501): None,
        (501, 0): 200,
        (501, 300): 300,
        (501, 501): None,
    }


def test_the_others_are_placed_among_the_sample(calls: Path, covey: Cli, tmp_path: Path) -> None:
    done = covey("run", calls, *QUICK, "--set", "reducer.sample=80", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    said = "The embedding was computed from 80 of 100 images, spread over the recordings; the others were placed among"
    assert done.output.count(said) == 1
    assert "Placing the other images (pca): 20 images" in done.output
    assert said in covey("info", tmp_path / "out").output
    dataset = covey_api.open(tmp_path / "out")
    X = dataset.load_points(dataset.features()[0]).points
    sample = spread_sample([""] * 100, 80)
    for entry in dataset.embeddings():
        table = dataset.load(entry)
        assert table.provenance is not None
        assert table.provenance.details.sample == SampledRows(rows=80, total=100)
        size = table.Z.shape[1]
        (Z,) = Pca().reduce(X[sample], [size])
        np.testing.assert_allclose(table.Z, Pca().transform(X[sample], np.asarray(Z), X), atol=1e-5)
        assert np.array_equal(table.Z[sample], Z)


def test_without_a_sample_tables_keep_their_keys() -> None:
    assert "sample" not in Provenance.of(Pca(), "images").options
    assert Provenance.of(Pca(sample=80), "images").options["sample"] == 80
    assert Pca(sample=80).tag == "pca-sample80"


def test_blocks_are_placed_as_the_whole(
    monkeypatch: pytest.MonkeyPatch, calls: Path, covey: Cli, tmp_path: Path
) -> None:
    tables: list[Floats] = []
    for block in (10_000, 7):
        monkeypatch.setattr(sampled_rows, "BLOCK", block)
        out = tmp_path / str(block)
        assert covey("run", calls, *QUICK, "--set", "reducer.sample=60", "--out", out).exit_code == 0
        dataset = covey_api.open(out)
        tables.append(dataset.load(dataset.embeddings()[0]).Z)
    np.testing.assert_allclose(tables[0], tables[1], atol=1e-6)


def test_an_engine_places_them_as_this_process_does(
    monkeypatch: pytest.MonkeyPatch, calls: Path, covey: Cli, tmp_path: Path
) -> None:
    monkeypatch.setattr(sampled_rows, "BLOCK", 7)
    tables: list[Floats] = []
    for engine in ("local", "processes"):
        out = tmp_path / engine
        done = covey("run", calls, *QUICK, "--set", "reducer.sample=60", "--engine", engine, "--out", out)
        assert done.exit_code == 0, done.output
        assert "Placing the other images (pca): 40 images" in done.output
        dataset = covey_api.open(out)
        tables.append(dataset.load(dataset.embeddings()[0]).Z)
    assert np.array_equal(tables[0], tables[1])


@component
class PlacerOfOddImages(Pca):
    """Its process ends at an image that has a 1 as its first feature, as often as a file says."""

    def prepare_transform(self, X: Floats, embeddings: Sequence[Floats]) -> Callable[[Floats], Sequence[Floats]]:
        place = super().prepare_transform(X, embeddings)

        def end_or_place(rows: Floats) -> Sequence[Floats]:
            path = Path(os.environ["DEATHS"])
            if (rows[:, 0] == 1).any() and (deaths := int(path.read_text("utf-8"))):
                path.write_text(str(deaths - 1), "utf-8")
                os._exit(9)
            return place(rows)

        return end_or_place


def test_what_a_worker_lost_is_placed_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sampled_rows, "BLOCK", 10)
    monkeypatch.setenv("DEATHS", str(tmp_path / "deaths"))
    X = np.random.default_rng(0).random((60, 4), np.float32)
    X[55, 0] = 1
    sample = np.arange(0, 60, 2)
    reducer = PlacerOfOddImages()
    embeddings = [np.asarray(Z) for Z in reducer.reduce(X[sample], [2])]

    def place(deaths: int, engine: Engine) -> Floats:
        (tmp_path / "deaths").write_text(str(deaths), "utf-8")
        (places,) = place_others(reducer, X, sample, embeddings, engine, SILENT)
        return places

    assert np.array_equal(place(0, Local()), place(2, Processes()))
    with pytest.raises(CoveyError, match=r"3 workers ended at the same images \(exit code 9\)"):
        place(3, Processes())
