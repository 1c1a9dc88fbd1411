"""covey evaluate: how well clusters agree with labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from covey import Clustering, CoveyError
from covey.evaluation import evaluate, read_labels

Cli = Callable[..., Result]


def clustering(labels: list[int]) -> Clustering:
    names = [f"{number}.png" for number in range(len(labels))]
    return Clustering(names=names, labels=np.array(labels, np.int32), provenance=None)


def truth(labels: str) -> dict[str, str]:
    return {f"{number}.png": label for number, label in enumerate(labels)}


def test_perfect_agreement_and_noise_as_a_class() -> None:
    scores = evaluate(clustering([0, 0, 1, 1, -1, -1]), truth("aabbcc"))
    assert (scores.images, scores.clusters) == (6, 2)
    assert scores.coverage == pytest.approx(4 / 6)
    assert scores.ami == pytest.approx(1)
    assert scores.ari == pytest.approx(1)


def test_all_noise_agrees_no_better_than_chance() -> None:
    scores = evaluate(clustering([-1] * 6), truth("aabbcc"))
    assert (scores.clusters, scores.coverage) == (0, 0)
    assert scores.ari == pytest.approx(0)


def test_images_without_a_label_are_left_out() -> None:
    assert evaluate(clustering([0, 0, 1, 1, 5]), truth("aabb")).clusters == 2
    with pytest.raises(CoveyError, match="No image has a label"):
        evaluate(clustering([0]), {"other.png": "a"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "need a column 'filename'"),
        ("name,label\na.png,x\n", "need a column 'filename'"),
        ("filename\na.png\n", "one with labels"),
        ("filename,label\n", "No image has a label"),
        ("filename,label\nother.png,x\n", "the labels name 'other.png'"),
        ("filename,label\na.png,\xe9\n".encode("latin-1").decode("latin-1"), "No image has a label"),
    ],
)
@pytest.mark.usefixtures("brightness")
def test_a_label_file_that_does_not_fit(covey: Cli, images: Path, tmp_path: Path, text: str, sentence: str) -> None:
    covey("run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2")
    (tmp_path / "labels.csv").write_text(text, "utf-8")
    result = covey("evaluate", images, "--labels", tmp_path / "labels.csv")
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_other_columns_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("filename,species,label\na.png,owl,x\nb.png,,y\n", "utf-8-sig")
    assert read_labels(path) == {"a.png": "x", "b.png": "y"}
    assert read_labels(path, "species") == {"a.png": "owl"}
    with pytest.raises(CoveyError, match="no column 'genus'"):
        read_labels(path, "genus")
    path.write_bytes(b"filename,label\na.png,\xff\xfe\n")
    with pytest.raises(CoveyError, match="UTF-8"):
        read_labels(path)


def test_a_dataset_without_clusters(covey: Cli, images: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("filename,label\ncall_00.png,x\n")
    result = covey("evaluate", images, "--labels", tmp_path / "labels.csv")
    assert result.exit_code == 2
    assert "make one with covey run" in result.stderr


@pytest.mark.usefixtures("brightness")
def test_table_and_json_say_the_same(covey: Cli, images: Path, tmp_path: Path) -> None:
    covey("run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2",
          "--set", "clusterer.min_samples=3")  # fmt: skip
    lines = [f"call_{number:02}.png,{number % 3}" for number in range(24)]
    (tmp_path / "labels.csv").write_text("\n".join(["filename,label", *lines]))
    words = ["evaluate", images, "--labels", tmp_path / "labels.csv"]
    (scores,) = json.loads(covey(*words, "--json").stdout)
    assert scores["ami"] > 0.7
    row = covey(*words).stdout.splitlines()[1].split()
    assert row[:4] == ["24", str(scores["clusters"]), f"{scores['coverage']:.0%}", f"{scores['ami']:.3f}"]
