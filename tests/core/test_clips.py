"""Which piece of which recording an image shows, and that no name is taken for an identity."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from tests.fixture_types import Cli

from covey.data.catalogue.clip_finder import ImageClip
from covey.data.folder import FolderDataset
from covey.data.metadata import read_metadata
from covey.data.pointer import point_to_recordings
from covey.sound.clip_samples import read_centred, read_stretch

CONVERTED = "downloaded_data_wav_22050sps"
RATE = 8000


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    folder = tmp_path / "birds"
    (folder / "images").mkdir(parents=True)
    return folder


def draw(birds: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = birds / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, len(name), 9)).save(path)


def record(path: Path, seed: int, seconds: float = 4) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).uniform(-0.5, 0.5, round(RATE * seconds)), RATE)
    return path


def write_parameters(birds: Path, seconds: float = 1) -> None:
    (birds / "images" / "_feature_extraction_parameters.json").write_text(json.dumps({"segment_duration_sec": seconds}))


def clip_of(birds: Path, name: str) -> ImageClip:
    return FolderDataset(birds).clips([name])[name]


def test_images_cut_by_another_tool_find_their_sound(esc10: Path, tmp_path: Path, covey: Cli) -> None:
    shutil.copytree(esc10, tmp_path / "esc10")
    done = covey("info", tmp_path / "esc10")
    assert "1,047 of 1,047 images show clips of 399 recordings" in done.stdout
    assert "Recordings: 399 (33 min, 44.1 kHz)" in done.stdout
    clip = clip_of(tmp_path / "esc10", "dog_bark_1-30226-A_002.06.png")
    assert (clip.recording, clip.start_s, clip.duration_s) == ("1-30226-A.ogg", 2.058, 1.0)
    assert len(clip.content) == 64


@pytest.mark.parametrize("folder", ["audio", "recordings", "downloaded_data_orig", "downloaded_data_wav_24000sps"])
def test_recordings_are_found_in_the_usual_folders(birds: Path, folder: str) -> None:
    write_parameters(birds)
    draw(birds, "XC1234_tit__segm_0002.000.png")
    record(birds / folder / "XC1234_tit_.wav", 1)
    assert clip_of(birds, "XC1234_tit__segm_0002.000.png") == ImageClip(
        "XC1234_tit_.wav", 2, 1, path=f"{folder}/XC1234_tit_.wav"
    )


def test_a_name_that_may_mean_several_recordings_means_none(birds: Path, covey: Cli) -> None:
    write_parameters(birds)
    draw(birds, "20230501_050000_segm_0000.000.png", "siteA/20230501_050000_segm_0001.000.png")
    record(birds / "recordings" / "siteA" / "20230501_050000.WAV", 1)
    record(birds / "recordings" / "siteB" / "20230501_050000.WAV", 2)
    clip = clip_of(birds, "20230501_050000_segm_0000.000.png")
    assert (clip.path, clip.content) == ("", "")
    assert "siteA" in clip.problem
    assert "siteB" in clip.problem
    sure = clip_of(birds, "siteA/20230501_050000_segm_0001.000.png")
    assert sure.path == "recordings/siteA/20230501_050000.WAV"
    assert "1 image without sound: several recordings are called so" in covey("info", birds).stdout


def test_recordings_outside_count_once_their_user_says_so(birds: Path, tmp_path: Path, covey: Cli) -> None:
    write_parameters(birds)
    draw(birds, "a_segm_0000.000.png")
    record(tmp_path / "card" / "a.wav", 1)
    (birds / "covey.json").write_text('{"recordings": ["../card"]}')
    assert clip_of(birds, "a_segm_0000.000.png").path == ""
    assert covey("info", birds, "--recordings", tmp_path / "card").exit_code == 0
    assert clip_of(birds, "a_segm_0000.000.png").path == "../card/a.wav"
    (birds / "covey.json").write_text((birds / "covey.json").read_text().replace("card", "home"))
    record(tmp_path / "home" / "a.wav", 2)
    assert clip_of(birds, "a_segm_0000.000.png").path == ""


def test_saying_where_recordings_are_confirms_no_images_of_a_stranger(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / "private" / "x.png")
    (birds / "covey.json").write_text('{"images": "../private", "recordings": ["../private"]}')
    record(tmp_path / "card" / "a.wav", 1)
    point_to_recordings(birds, tmp_path / "card")
    dataset = FolderDataset(birds)
    assert dataset.images is None
    assert dataset.recording_folders == [tmp_path / "card"]


def test_a_folder_is_listed_for_its_recordings_once_until_it_changes(
    birds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[Path] = []
    list_folder = Path.iterdir

    def observe_listing(folder: Path) -> Iterator[Path]:
        listed.append(folder)
        return list_folder(folder)

    monkeypatch.setattr(Path, "iterdir", observe_listing)
    for _ in range(3):
        assert FolderDataset(birds).recording_folders == []
    assert listed.count(birds) == 1
    (birds / CONVERTED).mkdir()
    os.utime(birds, (2e9, 2e9))  # clocks of file systems are too coarse for what follows at once
    assert FolderDataset(birds).recording_folders == [birds / CONVERTED]
    assert listed.count(birds) == 2


def test_a_recording_is_found_again_by_its_content(birds: Path, tmp_path: Path, covey: Cli) -> None:
    record(tmp_path / "card" / "siteA" / "a.wav", 1)
    record(tmp_path / "card" / "b.wav", 2)
    assert covey("spectrograms", tmp_path / "card", birds, "--segment", "1").exit_code == 0
    name = next(name for name in FolderDataset(birds).images.names() if name.startswith("siteA"))  # type: ignore[union-attr]
    before = clip_of(birds, name)
    assert before.path == "../card/siteA/a.wav"
    (tmp_path / "card" / "siteA" / "a.wav").rename(tmp_path / "card" / "renamed.wav")
    (tmp_path / "card").rename(tmp_path / "archive")
    assert f"none are known ({tmp_path / 'card'} is gone); to say where" in covey("info", birds).stdout
    done = covey("info", birds, "--recordings", tmp_path / "archive")
    assert "of 2 recordings" in done.stdout
    after = clip_of(birds, name)
    assert (after.path, after.content, after.start_s) == ("../archive/renamed.wav", before.content, before.start_s)


def test_accents_may_be_composed_in_the_name_of_an_image_and_not_in_that_of_its_recording(birds: Path) -> None:
    write_parameters(birds)
    names = {form: unicodedata.normalize(form, "Mésange") for form in ("NFC", "NFD")}
    draw(birds, f"{names['NFD']}_segm_0001.000.png")
    record(birds / "recordings" / f"{names['NFC']}.wav", 1)
    clip = clip_of(birds, next(FolderDataset(birds).images.walk()))  # type: ignore[union-attr]
    assert unicodedata.normalize("NFC", clip.path) == f"recordings/{names['NFC']}.wav"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no two such names")
def test_recordings_whose_names_differ_only_by_case_are_kept_apart(birds: Path, covey: Cli) -> None:
    write_parameters(birds)
    draw(birds, "a_segm_0000.000.png", "A_segm_0000.000.png")
    record(birds / "recordings" / "a.wav", 1)
    record(birds / "recordings" / "A.wav", 2)
    if len(list((birds / "recordings").iterdir())) < 2:
        pytest.skip("the file system keeps no two such names")
    assert "2 of 2 images show clips of 2 recordings" in covey("info", birds).stdout
    assert [clip_of(birds, f"{name}_segm_0000.000.png").path for name in "aA"] == [
        "recordings/a.wav",
        "recordings/A.wav",
    ]


def test_each_look_counts_the_clips_that_are_there_now(birds: Path, covey: Cli) -> None:
    write_parameters(birds)
    draw(birds, "a_segm_0000.000.png", "a_segm_0001.000.png", "b_segm_0000.000.png")
    record(birds / "recordings" / "a.wav", 1)

    def clips() -> list[str]:
        lines = covey("info", birds).stdout.splitlines()
        return [line.strip() for line in lines if "show clips" in line or "without sound" in line]

    no_b = "1 image without sound: there is no recording of that name"
    assert clips() == clips() == ["2 of 3 images show clips of 1 recording", no_b]
    (birds / "images" / "a_segm_0001.000.png").unlink()
    assert clips() == clips() == ["1 of 2 images show clips of 1 recording", no_b]
    record(birds / "recordings" / "b.wav", 2)
    assert clips() == clips() == ["2 of 2 images show clips of 2 recordings"]
    (birds / "clips.csv").write_text("filename,recording,start_s,duration_s\nb_segm_0000.000.png,c.wav,0,1\n")
    assert clips() == clips() == ["1 of 2 images show clips of 1 recording", no_b]


def test_another_recording_in_the_place_of_the_one_that_was_cut_is_no_sound_of_its_images(
    birds: Path, tmp_path: Path, covey: Cli
) -> None:
    record(tmp_path / "card" / "a.wav", 1)
    covey("spectrograms", tmp_path / "card", birds, "--segment", "1")
    (name, *_) = FolderDataset(birds).images.names()  # type: ignore[union-attr]
    record(tmp_path / "card" / "a.wav", 2)
    done = covey("info", birds)
    assert "1 recording has other contents now: a.wav" in done.stdout
    assert "without sound: the recording is another one now" in done.stdout
    assert clip_of(birds, name).path == ""


@pytest.mark.parametrize(
    "row",
    ["x.png,a.wav,nan,1", "x.png,a.wav,-1,1", "x.png,a.wav,0,1e99", "x.png,a.wav", "x.png,a.wav,one,1", '"x.png,a.wav'],
)
def test_odd_rows_of_clips_are_counted_and_named(birds: Path, row: str, covey: Cli) -> None:
    draw(birds, "x.png", "y.png")
    record(birds / "recordings" / "a.wav", 1)
    (birds / "clips.csv").write_text(f"filename,recording,start_s,duration_s\ny.png,a.wav,1,1\n{row}\n")
    assert [*FolderDataset(birds).clips(["x.png", "y.png"])] == ["y.png"]
    assert "Of 2 rows of clips.csv 1 used" in covey("info", birds).stdout


@pytest.mark.parametrize("path", ["../../private.wav", "/etc/hostname", "C:\\x.wav", "..", ""])
def test_a_strangers_clips_lead_to_no_file_outside_the_recordings(birds: Path, tmp_path: Path, path: str) -> None:
    draw(birds, "x.png")
    record(tmp_path / "private.wav", 1)
    record(birds / "recordings" / "a.wav", 1)
    (birds / "clips.csv").write_text(f'filename,recording,start_s,duration_s\nx.png,"{path}",0,1\n')
    assert FolderDataset(birds).clips(["x.png"])["x.png"].path == ""


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_linked_folder_of_recordings_does_not_count(birds: Path, tmp_path: Path) -> None:
    write_parameters(birds)
    draw(birds, "a_segm_0000.000.png")
    record(tmp_path / "private" / "a.wav", 1)
    (birds / "audio").symlink_to(tmp_path / "private")
    assert clip_of(birds, "a_segm_0000.000.png").path == ""


def test_samples_around_a_clip_are_the_recordings_own(tmp_path: Path) -> None:
    path = record(tmp_path / "a.wav", 1, seconds=4)
    sound, _ = soundfile.read(path, dtype="float32")
    clip = ImageClip("a.wav", 1.0, 1.0, path="a.wav")
    samples = read_centred(path, clip, RATE, 2.0)
    np.testing.assert_array_equal(samples, sound[RATE // 2 : RATE // 2 + 2 * RATE])
    early = read_centred(path, ImageClip("a.wav", 0.0, 0.5), RATE, 2.0)
    np.testing.assert_array_equal(early[: 3 * RATE // 4], 0)
    np.testing.assert_array_equal(early[3 * RATE // 4 :], sound[: 5 * RATE // 4])
    late = read_centred(path, ImageClip("a.wav", 3.5, 0.5), RATE, 2.0)
    np.testing.assert_array_equal(late[5 * RATE // 4 :], 0)
    np.testing.assert_array_equal(late[: 5 * RATE // 4], sound[11 * RATE // 4 :])
    assert read_stretch(path, 99, 1)[0].shape == (0, 1)


def test_resampled_sound_keeps_its_place(tmp_path: Path) -> None:
    rate, sound = 44_100, np.zeros(4 * 44_100)
    sound[round(2.0 * rate)] = 0.9
    soundfile.write(tmp_path / "click.wav", sound, rate)
    samples = read_centred(tmp_path / "click.wav", ImageClip("click.wav", 1.5, 1.0), 48_000, 3.0)
    assert len(samples) == 144_000
    assert abs(int(np.abs(samples).argmax()) - 72_000) <= 1


def test_metadata_of_recordings_reach_images_cut_by_another_tool(birds: Path) -> None:
    draw(birds, "x.png", "y.png")
    record(birds / "recordings" / "siteA" / "a.wav", 1)
    (birds / "clips.csv").write_text("filename,recording,start_s,duration_s\nx.png,siteA/a.wav,1.5,1\n")
    (birds / "metadata.csv").write_text("file_name_stub,place\nsiteA/a,meadow\n")
    metadata = read_metadata(FolderDataset(birds))
    assert metadata.of(["x.png", "y.png"]) == {
        "recording": ["siteA/a", None], "start": [1.5, None], "file_name_stub": ["siteA/a", None],
        "place": ["meadow", None],
    }  # fmt: skip


def test_orphans_are_named_when_no_recording_is_left_that_can_be_used(birds: Path, tmp_path: Path, covey: Cli) -> None:
    record(tmp_path / "card" / "a.wav", 1)
    covey("spectrograms", tmp_path / "card", birds, "--segment", "1")
    (tmp_path / "card" / "a.wav").unlink()
    (tmp_path / "card" / "b.wav").write_bytes(b"no sound")
    done = covey("spectrograms", tmp_path / "card", birds, "--segment", "1")
    assert "images of recordings that are gone: they stay" in done.stderr
    assert covey("spectrograms", tmp_path / "card", birds, "--segment", "1", "--remove-orphans").exit_code == 2
    assert FolderDataset(birds).images is None


@pytest.mark.parametrize("form", ["raven", "audacity"])
def test_labels_of_images_cut_by_another_tool_go_out_and_come_back(
    esc10: Path, tmp_path: Path, form: str, covey: Cli
) -> None:
    for name in ("esc10", "again"):
        shutil.copytree(esc10, tmp_path / name, ignore=shutil.ignore_patterns("*_segm_*"))
    dataset, again = FolderDataset(tmp_path / "esc10"), FolderDataset(tmp_path / "again")
    names = dataset.images.names()  # type: ignore[union-attr]
    dataset.labels.add(names[::7], "heard")
    assert covey("export", dataset.home, "--to", form, tmp_path / "tables", "--what", "labels").exit_code == 0
    assert "0 new, all were there" in covey("import", form, dataset.home, tmp_path / "tables").stdout
    assert covey("import", form, again.home, tmp_path / "tables").exit_code == 0
    assert again.labels.by_image() == dataset.labels.by_image()
