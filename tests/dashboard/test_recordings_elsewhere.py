"""Sound is there wherever the recordings lie: for the dashboard and for extractors, and after moves too."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from tests.fixture_types import Cli

from covey.data.folder import FolderDataset
from covey_dashboard.server.recording_audio import NO_FOLDER, Recordings, problem

RATE = 8000
NAME = "site/a_segm_0001.000.png"


def record(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Write four seconds of noise."""
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 4 * RATE).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, RATE)
    return samples


def check_sound(home: Path, samples: np.ndarray[tuple[int], np.dtype[np.float32]], name: str = NAME) -> None:
    """Check that the dashboard plays the second that an image shows, and that extractors know it."""
    dataset = FolderDataset(home)
    wav = Recordings(dataset, "here").clip(name)
    assert wav, Recordings(dataset, "here").explain(name)
    played, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    assert rate == RATE
    np.testing.assert_allclose(played, samples[RATE : 2 * RATE], atol=2 / 2**15)
    assert problem(dataset) == ""
    assert dataset.clips([name])[name].problem == ""


@pytest.mark.parametrize("given", ["absolute", "relative", "within the dataset", "with dots"])
def test_what_spectrograms_was_given_can_be_played(
    covey: Cli, tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "project"
    folder = project / ("birds/field work" if given == "within the dataset" else "card/2024")
    samples = record(folder / "site" / "a.wav")
    written = {"relative": folder.relative_to(tmp_path), "with dots": project / "x" / ".." / "card" / "2024"}
    (project / "x").mkdir()
    words = ("--segment", 1, "--step", 1)
    assert covey("spectrograms", written.get(given, folder), "project/birds", *words).exit_code == 0
    check_sound(project / "birds", samples)
    project.rename(tmp_path / "moved")  # together
    monkeypatch.chdir(os.sep)
    check_sound(tmp_path / "moved" / "birds", samples)


def test_recordings_that_moved_alone_are_missed_and_found_again(covey: Cli, tmp_path: Path) -> None:
    samples, home = record(tmp_path / "card" / "site" / "a.wav"), tmp_path / "birds"
    assert covey("spectrograms", tmp_path / "card", home, "--segment", 1, "--step", 1).exit_code == 0
    (tmp_path / "card").rename(tmp_path / "archive")
    dataset = FolderDataset(home)
    assert (Recordings(dataset, "here").clip(NAME), problem(dataset)) == (None, NO_FOLDER)
    assert covey("info", home, "--recordings", tmp_path / "archive").exit_code == 0
    check_sound(home, samples)
    (tmp_path / "archive" / "site" / "a.wav").unlink()
    assert covey("info", home).exit_code == 0
    assert Recordings(FolderDataset(home), "here").explain(NAME) == "No sound: the recording is gone."


@pytest.mark.parametrize("folder", ["downloaded_data_orig", "downloaded_data_wav_8000sps"])
@pytest.mark.parametrize("images", ["images", "xc_spectrograms"])
def test_the_project_folders_of_the_original_tools_are_looked_into(tmp_path: Path, folder: str, images: str) -> None:
    samples, name = record(tmp_path / folder / "XC1234_tit_.wav"), "XC1234_tit__segm_0001.000.png"
    (tmp_path / images).mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / images / name)
    (tmp_path / images / "_feature_extraction_parameters.json").write_text('{"segment_duration_sec": 1.0}')
    check_sound(tmp_path, samples, name)
    check_sound(tmp_path / images, samples, name)
