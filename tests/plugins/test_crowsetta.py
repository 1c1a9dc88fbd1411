"""Annotations of songbird research become labels of the images that they cover; each file is written by the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.io import savemat
from tests.core.test_selections import dataset_of, labels
from tests.fixture_types import Cli

from covey.data.segment_names import image_name

pytest.importorskip("crowsetta")
RATE = 8000
XML = """<?xml version="1.0"?><Sequences><NumSequence>1</NumSequence><Sequence><WaveFileName>bird.wav</WaveFileName>
<Position>0</Position><Length>48000</Length><NumNote>2</NumNote>
<Note><Position>8000</Position><Length>8000</Length><Label>a</Label></Note>
<Note><Position>24000</Position><Length>8000</Length><Label>b</Label></Note></Sequence></Sequences>"""


def write_notmat(folder: Path) -> Path:
    path = folder / "bird.cbin.not.mat"
    savemat(path, {"onsets": [[1000.0], [3000.0]], "offsets": [[2000.0], [4000.0]], "labels": "ab", "Fs": RATE})
    return path


def write_timit(folder: Path) -> Path:
    soundfile.write(folder / "bird.wav", np.zeros(6 * RATE), RATE)
    path = folder / "bird.phn"
    path.write_text("8000 16000 a\n24000 32000 b\n")
    return path


def write_simple(folder: Path) -> Path:
    path = folder / "bird.wav.csv"
    path.write_text("onset_s,offset_s,label\n1.0,2.0,a\n3.0,4.0,b\n")
    return path


def write_generic(folder: Path) -> Path:
    path = folder / "all.csv"
    heads = "label,onset_s,offset_s,onset_sample,offset_sample,notated_path,annot_path,sequence,annotation"
    rows = ["a,1.0,2.0,8000,16000,/x/bird.wav,x.phn,0,0", "b,3.0,4.0,24000,32000,/x/bird.wav,x.phn,0,0"]
    path.write_text("\n".join([heads, *rows]) + "\n")
    return path


def write_koumura(folder: Path) -> Path:
    path = folder / "Annotation.xml"
    (folder / "Wave").mkdir()
    soundfile.write(folder / "Wave" / "bird.wav", np.zeros(6 * RATE), RATE)
    path.write_text(XML)
    return path


def write_yarden(folder: Path) -> Path:
    path = folder / "bird_annotation.mat"
    segments = {"segFileStartTimes": [1.0, 3.0], "segFileEndTimes": [2.0, 4.0], "segType": [1, 2], "fs": RATE}
    names = np.array(["bird.wav", "other.wav"], object)
    savemat(path, {"keys": names, "elements": np.array([segments, segments], object)})
    return path


@pytest.mark.parametrize(
    ("write", "classes"),
    [
        (write_notmat, "ab"), (write_timit, "ab"), (write_simple, "ab"), (write_generic, "ab"), (write_koumura, "ab"),
        (write_yarden, "12"),
    ],
)  # fmt: skip
def test_annotations_become_labels(
    covey: Cli, tmp_path: Path, write: Callable[[Path], Path], classes: tuple[str, str]
) -> None:
    dataset = dataset_of(tmp_path / "birds", ["bird"])
    done = covey("import", "crowsetta", dataset.home, write(tmp_path), "--segment", 1)
    assert done.exit_code == 0, done.output
    assert labels(dataset) == {image_name("bird", 1): (classes[0],), image_name("bird", 3): (classes[1],)}
    lost = "; 2 in recordings of which there are no images (other.wav)" if write is write_yarden else ""
    assert f"Of {4 if lost else 2} selections in 1 table 2 used{lost}. 2 labels: 2 new." in done.stdout


@pytest.mark.parametrize("write", [write_timit, write_koumura])
def test_samples_need_a_rate(covey: Cli, tmp_path: Path, write: Callable[[Path], Path]) -> None:
    dataset, path = dataset_of(tmp_path / "birds", ["bird"]), write(tmp_path)
    next(tmp_path.rglob("*.wav")).unlink()
    done = covey("import", "crowsetta", dataset.home, path, "--segment", 1)
    assert (done.exit_code, "set rate, the sampling rate" in done.stderr) == (2, True)
    assert covey("import", "crowsetta", dataset.home, path, "--segment", 1, "--rate", RATE).exit_code == 0
    assert labels(dataset) == {image_name("bird", 1): ("a",), image_name("bird", 3): ("b",)}


def test_small_numbers_and_classes_are_read_as_they_are_written(covey: Cli, tmp_path: Path) -> None:
    dataset, path = dataset_of(tmp_path / "birds", ["bird"]), tmp_path / "bird.csv"
    path.write_text("onset_s,offset_s,label\n1e-05,1.0,NA\n-1,2,x\n3,4,\n4,5,007\n")
    done = covey("import", "crowsetta", dataset.home, path, "--segment", 1)
    assert labels(dataset) == {image_name("bird", 0): ("NA",), image_name("bird", 4): ("007",)}
    assert "Of 4 selections in 1 table 2 used; 1 without times (bird.csv segment 2); 1 without a class" in done.stdout


@pytest.mark.parametrize("name", ["x.not.mat", "x.mat", "x.phn", "x.csv", "x.xml", "x.txt"])
@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"a,b\n1,2\n", b"<a>"], ids=["empty", "zeros", "csv", "xml"])
def test_what_is_no_annotation_is_refused(covey: Cli, tmp_path: Path, name: str, content: bytes) -> None:
    dataset = dataset_of(tmp_path / "birds", ["x"], count=1)
    (tmp_path / name).write_bytes(content)
    done = covey("import", "crowsetta", dataset.home, tmp_path / name, "--segment", 1)
    refusals = (f"{name} is no file of the format", "set rate, the sampling rate")
    assert labels(dataset) == {}
    if done.exit_code == 2:
        assert any(refusal in done.stderr for refusal in refusals), done.output
    else:
        assert f"1 table without detections ({name}): nothing is stored" in done.stderr


@pytest.mark.parametrize("cell", ["", "NA"])
def test_a_file_with_an_empty_cell_for_a_class_is_refused(covey: Cli, tmp_path: Path, cell: str) -> None:
    dataset, path = dataset_of(tmp_path / "birds", ["bird"]), write_generic(tmp_path)
    path.write_text(path.read_text().replace("\na,", f"\n{cell},"))
    done = covey("import", "crowsetta", dataset.home, path, "--segment", 1)
    assert (done.exit_code, labels(dataset)) == (2, {})
    assert "all.csv is no file of the format generic-seq: non-nullable" in done.stderr
