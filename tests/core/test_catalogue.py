"""The catalogue of images: it says what each contains, survives kills, damage and strangers, and grows by parts."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from tests.fixture_types import Cli

from covey._base.progress import SILENT
from covey.data.catalogue.catalogue import Catalogue, ImageChanges
from covey.data.images import ImageFolder
from covey.testing import tiny_images

not_windows = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    tiny_images(tmp_path / "birds" / "images", 12)
    return tmp_path / "birds"


def catalogue_of(dataset: Path) -> Catalogue:
    return Catalogue(ImageFolder(dataset / "images", dataset / ".covey"))


def contents_of(dataset: Path) -> dict[str, str]:
    return {file.name: file.content for file in catalogue_of(dataset).files()}


def hashes_of(dataset: Path) -> dict[str, str]:
    paths = (dataset / "images").rglob("*.png")
    return {
        path.relative_to(dataset / "images").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (8, 8, 3), np.uint8)).save(path)


def test_what_became_of_images_is_told_by_their_contents(birds: Path) -> None:
    images = birds / "images"
    assert catalogue_of(birds).refresh() == ImageChanges(12, new=12)
    first, second, third, *_ = sorted(path.name for path in images.iterdir())
    (images / first).rename(images / "moved.png")
    draw(images / second, 1)
    (images / third).unlink()
    draw(images / "new.png", 2)
    changes = catalogue_of(birds).refresh()
    assert changes == ImageChanges(12, 1, (second,), ((first, "moved.png"),), (third,))
    assert catalogue_of(birds).refresh() == ImageChanges(12)
    assert contents_of(birds) == hashes_of(birds)
    text = "\n".join(changes.describe())
    assert all(word in text for word in (f"{first} is moved.png", second, third))


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_changes_ends_in_what_is_there(birds: Path, seed: int) -> None:
    rng, images = random.Random(seed), birds / "images"
    for _ in range(25):
        names = sorted(hashes_of(birds)) or ["none.png"]
        name, target = rng.choice(names), f"{rng.choice(['', 'a/', 'ü b/'])}{rng.randrange(8)}.png"
        match rng.choice(["draw", "move", "delete", "look", "swap"]):
            case "draw":
                draw(images / target, rng.randrange(1000))
            case "move" if (images / name).exists():
                (images / target).parent.mkdir(exist_ok=True)
                (images / name).replace(images / target)
            case "delete":
                (images / name).unlink(missing_ok=True)
            case "swap" if len(names) > 1:
                other = rng.choice(names)
                content, other_content = (images / name).read_bytes(), (images / other).read_bytes()
                (images / name).write_bytes(other_content)
                (images / other).write_bytes(content)
            case _:
                catalogue_of(birds).refresh()
    catalogue_of(birds).refresh()
    assert contents_of(birds) == hashes_of(birds)


def test_one_new_image_costs_little(birds: Path) -> None:
    """The parts that are there stay as they are; small ones are merged now and then."""
    for number in range(40):
        draw(birds / "images" / f"{number}.png", number)
        catalogue_of(birds).refresh()
    parts = list(catalogue_of(birds).store.folder.glob("*.parquet"))
    assert len(parts) <= 9
    assert contents_of(birds) == hashes_of(birds)


def test_images_are_not_read_again_unless_they_may_have_changed(birds: Path) -> None:
    time.sleep(2.1)  # what was written just before it was read is read again
    catalogue_of(birds).refresh()
    manifest = catalogue_of(birds).store.read_manifest()
    catalogue_of(birds).refresh()
    assert catalogue_of(birds).store.read_manifest() == manifest
    catalogue_of(birds).refresh(check=True)
    assert catalogue_of(birds).store.read_manifest() != manifest


@pytest.mark.parametrize("damage", ["cut", "zeros", "text", "newer", "foreign", "gone", "folder"])
@pytest.mark.parametrize("target", ["manifest.json", "*.parquet"])
def test_a_damaged_catalogue_is_made_again_and_the_old_one_kept(
    birds: Path, damage: str, target: str, covey: Cli
) -> None:
    catalogue_of(birds).refresh()
    store = catalogue_of(birds).store
    (path,) = store.folder.glob(target)
    content = path.read_bytes()
    if damage in ("gone", "folder"):
        path.unlink()
    match damage:
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "zeros":
            path.write_bytes(bytes(len(content)))
        case "text":
            path.write_text("{" * 5000)
        case "newer":
            path.write_bytes(content.replace(b'"format": 1', b'"format": 99') + b" ")
        case "foreign":
            path.write_bytes(content.replace(b'"images', b'"imagez').replace(b"PAR1", b"PAR2"))
        case "folder":
            path.mkdir()
    output = covey("info", birds)
    assert output.exit_code == 0, output.stderr
    assert contents_of(birds) == hashes_of(birds)
    if (damage, target) != ("gone", "manifest.json"):  # then there is no catalogue
        assert "The catalogue of images is made again" in output.stderr
        assert store.folder.with_name(f"{store.folder.name}.damaged").is_dir()


@pytest.mark.parametrize("table", ["recordings", "clips"])
def test_damaged_parts_about_sound_are_made_again(birds: Path, table: str, covey: Cli) -> None:
    soundfile.write(birds / "audio.wav", np.zeros(800), 8000)
    (birds / "recordings").mkdir()
    (birds / "audio.wav").rename(birds / "recordings" / "a.wav")
    said = covey("info", birds).stdout
    (part,) = catalogue_of(birds).store.folder.glob(f"{table}-*.parquet")
    part.write_bytes(part.read_bytes()[:-9])
    draw(birds / "images" / "new.png", 1)
    output = covey("info", birds)
    assert (output.exit_code, "The catalogue of images is made again" in output.stderr) == (0, True)
    assert output.stdout == said.replace("12 images", "13 images")


@not_windows
def test_links_to_folders_among_images_are_named_and_not_followed(birds: Path, tmp_path: Path, covey: Cli) -> None:
    draw(tmp_path / "elsewhere" / "x.png", 1)
    (birds / "images" / "out").symlink_to(tmp_path / "elsewhere")
    (birds / "images" / "loop").symlink_to(birds / "images")
    for words in (["info", birds], ["run", birds, "--dry-run"]):
        output = covey(*words)
        assert "2 links to folders among the images not followed: loop, out." in output.stdout + output.stderr
    assert contents_of(birds) == hashes_of(birds)
    assert len(contents_of(birds)) == 12


@not_windows
@pytest.mark.parametrize("place", ["catalogue", "catalogue/{}", "catalogue/{}/manifest.json", "catalogue/{}/lock"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_strangers_links_are_not_followed(birds: Path, tmp_path: Path, place: str, kind: str) -> None:
    catalogue_of(birds).refresh()
    path = birds / ".covey" / place.format(catalogue_of(birds).store.folder.name)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    victim = tmp_path / "victim"
    if path.name in ("manifest.json", "lock"):
        victim.write_text("thesis")
    else:
        victim.mkdir()
    path.symlink_to(victim) if kind == "link" else os.mkfifo(path)
    catalogue_of(birds).refresh()
    assert contents_of(birds) == hashes_of(birds)
    assert victim.read_text() == "thesis" if victim.is_file() else not list(victim.iterdir())


def test_each_user_has_a_catalogue_of_their_own(birds: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    catalogue_of(birds).refresh()
    mine = catalogue_of(birds).store.folder
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "somebody else"))
    theirs = catalogue_of(birds)
    assert theirs.store.folder != mine
    assert theirs.files() == []
    assert theirs.refresh() == ImageChanges(12, new=12)


@not_windows
def test_names_that_are_no_text_are_kept_apart(birds: Path) -> None:
    images = os.fsencode(birds / "images")
    for name in (
        b"\xff.png",
        b"\xfe.png",
        "é.png".encode(),
        "e\u0301.png".encode(),
        b"A.png",
        b"a.png",
        b"new\nline.png",
    ):
        Path(os.fsdecode(images + b"/" + name)).write_bytes(b"")
    catalogue = catalogue_of(birds)
    catalogue.refresh()
    problems = {file.name: file.problem for file in catalogue.files() if file.problem}
    assert len(problems) == 7
    assert sum("no valid UTF-8" in problem for problem in problems.values()) == 2


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_hides_no_change(birds: Path, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue_of(birds).refresh()
    first, second, *_ = sorted((birds / "images").iterdir())
    jump_ns, clock = days * 86_400 * 10**9, time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: clock() + jump_ns)
    draw(first, 1)
    for path in (first, second):
        os.utime(path, ns=(clock() + jump_ns, clock() + jump_ns))
    assert catalogue_of(birds).refresh() == ImageChanges(12, replaced=(first.name,))
    monkeypatch.undo()
    draw(second, 2)
    assert catalogue_of(birds).refresh() == ImageChanges(12, replaced=(second.name,))
    assert contents_of(birds) == hashes_of(birds)


KILLED = """
import sys, time
from pathlib import Path
from covey.data.catalogue.catalogue import Catalogue
from covey.data.images import ImageFolder
folder = Path(sys.argv[1])
catalogue = Catalogue(ImageFolder(folder / "images", folder / ".covey"))
catalogue.refresh()
print("ready", flush=True)
while True:
    catalogue.refresh(check=True)
    time.sleep(0.005)  # in which others may have the lock
"""


@pytest.fixture
def killed_writer(birds: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(birds)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@not_windows
@pytest.mark.parametrize("seed", range(20))
def test_a_killed_process_leaves_the_old_or_the_new_catalogue(
    birds: Path, killed_writer: subprocess.Popen[str], seed: int
) -> None:
    assert killed_writer.stdout
    assert killed_writer.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0, 0.2))
    killed_writer.send_signal(signal.SIGKILL)
    killed_writer.wait()
    assert contents_of(birds) == hashes_of(birds)
    assert catalogue_of(birds).refresh().total == 12


def test_two_processes_at_once_take_turns(birds: Path, killed_writer: subprocess.Popen[str]) -> None:
    assert killed_writer.stdout
    assert killed_writer.stdout.readline() == "ready\n"
    for number in range(5):
        draw(birds / "images" / f"{number}.png", number)
        catalogue_of(birds).refresh()
        assert contents_of(birds) == hashes_of(birds)


def test_a_look_while_another_process_writes(birds: Path, killed_writer: subprocess.Popen[str], covey: Cli) -> None:
    assert killed_writer.stdout
    assert killed_writer.stdout.readline() == "ready\n"
    for number in range(3):
        draw(birds / "images" / f"new{number}.png", number)
        output = covey("info", birds)
        assert output.exit_code == 0, output.stderr
        assert f": {13 + number} images in" in output.stdout
    assert killed_writer.poll() is None


def test_a_look_while_another_process_holds_the_catalogue_shows_what_was_known(birds: Path, covey: Cli) -> None:
    catalogue_of(birds).refresh()
    draw(birds / "images" / "new.png", 1)
    with catalogue_of(birds).changing(SILENT):
        output = covey("info", birds)
    assert (output.exit_code, ": 12 images in" in output.stdout) == (0, True), output.output
    assert "Another process looks at the images and recordings: this is what was known before." in output.stderr
    assert ": 13 images in" in covey("info", birds).stdout
