"""Nothing of the user's leaves through a stranger's folder: links and pointers out of a dataset are no part of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from covey import open as open_dataset
from covey.data.folder import FolderDataset
from covey.data.metadata import read_metadata
from covey.testing import tiny_tables

Cli = Callable[..., Result]
SECRET = "SECRETKEY"
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="makes links"),
    pytest.mark.usefixtures("brightness"),
]


@pytest.fixture
def home(tmp_path: Path, images: Path) -> Path:
    """What belongs to the user alone: pictures, a diary, a key, a table."""
    home = tmp_path / "home"
    (home / "Pictures").mkdir(parents=True)
    for path in sorted(images.iterdir())[:5]:
        shutil.copy(path, home / "Pictures" / f"private_{path.name}")
    (home / "diary.csv").write_text(f"filename,note\ncall_00.png,{SECRET}\n")
    (home / "key.json").write_text(json.dumps({"key": SECRET}))
    FolderDataset(home).save(tiny_tables([SECRET, "b.png", "c.png"]))
    return home


@pytest.fixture
def stranger(tmp_path: Path, home: Path, images: Path) -> Path:
    """A dataset with links and a pointer to what is the user's."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "covey.json").write_text('{"images": "../home/Pictures"}')
    (folder / "notes.csv").symlink_to(home / "key.json")
    (folder / "metadata.csv").symlink_to("../home/diary.csv")
    (folder / "full_features_x.npz").symlink_to(next(home.glob("full_features*.npz")))
    FolderDataset(folder).save(tiny_tables([path.name for path in sorted(images.iterdir())]))
    return folder


def read_all(folder: Path) -> bytes:
    return b"".join(path.name.encode() + path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_dataset_of_a_stranger_has_no_part_outside_it(stranger: Path) -> None:
    dataset = open_dataset(stranger)
    assert dataset.images is None
    assert len(dataset.entries()) == 3
    assert {path.name for path in dataset.files}.isdisjoint({"notes.csv", "metadata.csv", "full_features_x.npz"})
    assert read_metadata(dataset).path is None
    assert [word in " ".join(dataset.left_out) for word in ("notes.csv", "metadata.csv", "full_features_x", "Pictures")]


@pytest.mark.parametrize(
    "words",
    [("pull", "{}", "{out}"), ("export", "{}", "--to", "csv", "{out}"), ("report", "{}", "-o", "{out}/page.html")],
)
def test_nothing_of_the_user_is_copied_and_it_is_said(
    stranger: Path, home: Path, tmp_path: Path, covey: Cli, words: tuple[str, ...]
) -> None:
    out = tmp_path / "out"
    if words[0] == "report":
        out.mkdir()
    done = covey(*(word.format(stranger, out=out) for word in words))
    copied = read_all(out)
    assert SECRET.encode() not in copied
    assert b"private_" not in copied
    assert "metadata.csv is a link that leads out of the dataset" in done.stderr
    assert "lie outside it" in done.stderr


@pytest.mark.parametrize("inner", ["images", "xc_spectrograms"])
def test_a_folder_of_images_that_is_a_link_out_of_the_dataset_is_left_out(
    tmp_path: Path, home: Path, inner: str
) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / inner).symlink_to(home / "Pictures")
    dataset = open_dataset(folder)
    assert dataset.images is None
    assert "Pictures" in " ".join(dataset.left_out)


def test_what_the_user_says_is_remembered_for_this_pointer_alone(
    stranger: Path, home: Path, covey: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert f"covey info {stranger} --images {home / 'Pictures'}" in covey("info", stranger).stderr
    done = covey("info", stranger, "--images", home / "Pictures")
    assert "5 images" in done.stdout
    assert open_dataset(stranger).images is not None
    pointer = json.loads((stranger / "covey.json").read_text())
    (stranger / "covey.json").write_text(json.dumps({**pointer, "images": "../home"}))
    assert open_dataset(stranger).images is None
    (stranger / "covey.json").write_text(json.dumps(pointer))
    monkeypatch.setenv("COVEY_HOME", str(home / "somebody else"))
    assert open_dataset(stranger).images is None


def test_a_misspelled_dataset_is_not_made_by_naming_its_images(tmp_path: Path, images: Path, covey: Cli) -> None:
    done = covey("info", tmp_path / "brids", "--images", images)
    assert done.exit_code == 2
    assert not (tmp_path / "brids").exists()


def test_images_named_with_out_are_found_again(tmp_path: Path, images: Path, covey: Cli) -> None:
    out = tmp_path / "results"
    FolderDataset(out).save(tiny_tables(["a.png", "b.png", "c.png"]))
    FolderDataset(out).point_to(images)
    found = open_dataset(out).images
    assert found is not None
    assert len(found.names()) == 24
    assert open_dataset(out).left_out == []


def test_links_within_a_dataset_are_part_of_it(tmp_path: Path, images: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "tables").mkdir(parents=True)
    shutil.copytree(images, folder / "pictures")
    (folder / "images").symlink_to("pictures")
    (folder / "tables" / "m.csv").write_text("filename,place\ncall_00.png,here\n")
    (folder / "metadata.csv").symlink_to("tables/m.csv")
    dataset = open_dataset(folder)
    assert dataset.images is not None
    assert [path.name for path in dataset.files] == ["metadata.csv"]
    assert dataset.left_out == []


def test_a_pointer_into_the_dataset_is_no_licence_for_a_link_put_there(
    tmp_path: Path, home: Path, images: Path, covey: Cli
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copytree(images, folder / "spec")
    assert "24 images" in covey("info", folder, "--images", folder / "spec").stdout
    shutil.rmtree(folder / "spec")
    (folder / "spec").symlink_to(home / "Pictures")
    assert open_dataset(folder).images is None


@pytest.mark.parametrize("location", ["a\\u0000b", "\\ud800x", "a" * 5000, "../" * 3000, "loop", "~", "/"])
def test_a_pointer_that_is_no_path_is_no_reason_to_fail(tmp_path: Path, covey: Cli, location: str) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "images").symlink_to("images")
    (folder / "covey.json").write_text(f'{{"images": "{location}"}}')
    done = covey("info", folder)
    assert done.exit_code == 0, done.output
    assert "0 images" in done.stdout


@pytest.mark.parametrize("place", ["images", "images/site"])
def test_no_image_is_written_or_deleted_through_a_link(tmp_path: Path, covey: Cli, place: str) -> None:
    folder, old = tmp_path / "stranger", tmp_path / "old"
    (folder / "audio" / "site").mkdir(parents=True)
    for name in ("a.wav", "site/b.wav"):
        soundfile.write(folder / "audio" / name, np.random.default_rng(0).normal(size=22_050) * 0.1, 22_050)
    old.mkdir()
    (old / "a_segm_0009.000.png").write_text("mine")
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / place).symlink_to(old)
    done = covey("spectrograms", folder / "audio", folder)
    assert done.exit_code == 2
    assert "nothing is written or deleted through it" in done.stderr
    assert [(path.name, path.read_text()) for path in old.iterdir()] == [("a_segm_0009.000.png", "mine")]


@pytest.mark.parametrize("name", [".covey/run.log", ".covey/in_work.json"])
def test_a_second_name_of_my_file_is_not_written_through(tmp_path: Path, images: Path, covey: Cli, name: str) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("three years of work")
    (images / name).parent.mkdir()
    os.link(thesis, images / name)
    words = ("--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2", "--clusterer", "kmeans")
    assert covey("run", images, *words).exit_code == 0
    assert thesis.read_text() == "three years of work"


@pytest.mark.parametrize("name", ["images/zz.png", "images/_x.json"])
def test_pipes_among_the_images_are_left_out(tmp_path: Path, images: Path, covey: Cli, name: str) -> None:
    folder = tmp_path / "stranger"
    shutil.copytree(images, folder / "images")
    os.mkfifo(folder / name)
    assert covey("pull", folder, tmp_path / "out").exit_code == 0
    assert len(list((tmp_path / "out" / "images").glob("call*.png"))) == 24


@pytest.mark.parametrize(
    "name",
    ["images/_recordings.jsonl", "images/_feature_extraction_parameters.json", ".covey/grey_ranges.json",
     ".covey/catalogue", "covey.json", "labels.sqlite", "metadata.csv", "x.npz"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["info", "report"])
def test_no_command_waits_for_a_pipe_in_a_dataset(tmp_path: Path, images: Path, name: str, command: str) -> None:
    folder = tmp_path / "stranger"
    shutil.copytree(images, folder / "images")
    names = [path.name for path in sorted(images.iterdir())]
    FolderDataset(folder).save(tiny_tables(names))
    open_dataset(folder).labels.add(names[:1], "wren")
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    code = "import sys; from covey.commands.main import main; main(sys.argv[1:])"
    arguments = [command, str(folder), *(["-o", str(tmp_path / "x.html")] if command == "report" else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, timeout=300, capture_output=True, check=False
    )
    assert done.returncode in (0, 2), done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("out", ["~/Documents", "npz:~/Documents", "../elsewhere"])
@pytest.mark.parametrize("key", ["out", "dataset"])
def test_an_experiment_of_a_stranger_never_writes_to_my_folders_unasked(
    tmp_path: Path, covey: Cli, monkeypatch: pytest.MonkeyPatch, images: Path, out: str, key: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for mine in (tmp_path / "home" / "Documents", tmp_path / "elsewhere"):
        shutil.copytree(images, mine)
    folder = tmp_path / "stranger"
    shutil.copytree(images, folder / "birds")
    monkeypatch.chdir(folder)
    lines = {"dataset": "birds", "out": "results", key: out}
    steps = '[[extractor]]\nuse = "brightness"\n[[reducer]]\nuse = "pca"\n[[clusterer]]\nuse = "kmeans"\n'
    (folder / "covey.toml").write_text("\n".join(f'{name} = "{place}"' for name, place in lines.items()) + "\n" + steps)
    before = sorted((tmp_path / "home").rglob("*")), sorted((tmp_path / "elsewhere").rglob("*"))
    done = covey("run", "covey.toml")
    assert done.exit_code == (2 if key == "out" else 0)
    assert "outside its own folder" in done.stderr
    assert (sorted((tmp_path / "home").rglob("*")), sorted((tmp_path / "elsewhere").rglob("*"))) == before
