"""Commands that are killed at a random moment: every file is the old one or the new one, and the next run finishes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.plugins.kaggle_server import KaggleServer

from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels
from covey.testing import tiny_images, tiny_tables

KILLS = 3
ACTIONS, WRITERS = 200, 10
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
COVEY = "import sys; from covey.commands.main import main; main(sys.argv[1:])"
TO_LOOPBACK = (
    "import sys; from kagglesdk import kaggle_env;"
    "kaggle_env._env_to_endpoint[kaggle_env.KaggleEnv.LOCAL] = sys.argv.pop(1);" + COVEY
)


def start(code: str, *words: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finish(code: str, *words: object) -> float:
    """Run a command to its end, and return how long that took (s)."""
    begin = time.monotonic()
    process = start(code, *words)
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - begin


def kill_at(moment: float, code: str, *words: object) -> None:
    process = start(code, *words)
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def moments(duration: float) -> Iterator[float]:
    """Yield random moments while a command of that duration is at work; most of it is the start of Python."""
    rng = random.Random(0)
    for _ in range(KILLS):
        yield rng.uniform(0.3, 1.0) * duration


def read_visible(folder: Path) -> dict[str, bytes]:
    """Return the contents of all files but hidden ones, such as the unfinished ones of a writer that died."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in names.items() if "/." not in f"/{name}"}


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """A dataset of 60 images with tables."""
    folder = tmp_path / "birds"
    names = tiny_images(folder / "images", count=60).names()
    FolderDataset(folder).save(tiny_tables(names))
    return folder


def is_part_of(folder: Path, whole: Mapping[str, bytes]) -> bool:
    """Whether every image and table in a folder is one of the whole; logs and ledgers of covey are no part of that."""
    files = read_visible(folder) if folder.exists() else {}
    return all(whole.get(name) == content for name, content in files.items() if not name.startswith("_"))


def test_pull_that_is_killed_leaves_whole_files_and_goes_on(birds: Path, tmp_path: Path) -> None:
    duration = finish(COVEY, "pull", birds, tmp_path / "undisturbed")
    whole = read_visible(tmp_path / "undisturbed")
    assert len(whole) == 63
    for number, moment in enumerate(moments(duration)):
        out = tmp_path / str(number)
        kill_at(moment, COVEY, "pull", birds, out)
        assert is_part_of(out, whole)
        finish(COVEY, "pull", birds, out)
        assert read_visible(out) == whole


def test_push_that_is_killed_publishes_all_or_nothing(
    birds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kagglesdk")
    server = KaggleServer()
    settings = {"KAGGLE_API_ENVIRONMENT": "LOCALHOST", "KAGGLE_USERNAME": "owner", "KAGGLE_KEY": "key"}
    places = {"HOME": "person", "COVEY_HOME": "home", "KAGGLE_CONFIG_DIR": "config"}
    for name, setting in {**settings, **{name: str(tmp_path / inner) for name, inner in places.items()}}.items():
        monkeypatch.setenv(name, setting)
    duration = finish(TO_LOOPBACK, server.url, "push", birds, "kaggle:owner/undisturbed")
    (whole,) = server.datasets["owner/undisturbed"]
    for number, moment in enumerate(moments(duration)):
        kill_at(moment, TO_LOOPBACK, server.url, "push", birds, f"kaggle:owner/birds{number}")
        assert all(version == whole for version in server.datasets.get(f"owner/birds{number}", []))
        start(TO_LOOPBACK, server.url, "push", birds, f"kaggle:owner/birds{number}").communicate()
        assert server.datasets[f"owner/birds{number}"][-1] == whole
    server.shutdown()
    server.server_close()


def test_report_that_is_killed_leaves_the_old_page_or_the_new_one(birds: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    duration = finish(COVEY, "report", birds, "-o", page)
    for moment in moments(duration):
        page.write_text("the old page")
        kill_at(moment, COVEY, "report", birds, "-o", page)
        text = page.read_text()
        assert text == "the old page" or text.rstrip().endswith("</html>")
    finish(COVEY, "report", birds, "-o", page)
    assert page.read_text().rstrip().endswith("</html>")


def test_imported_features_are_whole_or_absent(tmp_path: Path) -> None:
    birds, table = tmp_path / "birds", tmp_path / "scores.csv"
    birds.mkdir()
    rows = [f"call_{row}.png,{row},{row % 7}" for row in range(20_000)]
    table.write_text("\n".join(["filename,a,b", *rows]))
    duration = finish(COVEY, "import", "features", birds, table)
    (path,) = birds.glob("full_features_import*.npz")
    whole = path.read_bytes()
    for moment in moments(duration):
        path.unlink()
        kill_at(moment, COVEY, "import", "features", birds, table)
        assert not path.exists() or path.read_bytes() == whole
        finish(COVEY, "import", "features", birds, table)
        assert path.read_bytes() == whole


def test_labels_of_an_import_that_is_killed_are_all_there_or_none(tmp_path: Path) -> None:
    birds = tmp_path / "birds"
    birds.mkdir()
    names = [f"call_{number}.png" for number in range(3000)]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(["filename,label", *(f"{name},song" for name in names)]))
    code = (
        "import sys; from pathlib import Path; from covey.data.folder import FolderDataset;"
        "from covey.outputs.exchange.imports.import_label_table import import_labels;"
        "birds = FolderDataset(Path(sys.argv[1])); import_labels(birds, birds.labels, Path(sys.argv[2]), 'labels.csv')"
    )
    duration = finish(code, birds, table)
    for moment in moments(duration):
        store = open_labels(FolderDataset(birds))
        store.path.unlink()
        kill_at(moment, code, birds, table)
        assert len(open_labels(FolderDataset(birds)).rows()) in (0, 3000)
        finish(code, birds, table)
        assert len(open_labels(FolderDataset(birds)).rows()) == 3000


def test_spectrograms_that_are_killed_go_on_to_the_same_images(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        soundfile.write(recordings / f"r{number}.wav", rng.normal(size=22_050 * 4) * 0.1, 22_050)
    duration = finish(COVEY, "spectrograms", recordings, tmp_path / "undisturbed")
    whole = read_visible(tmp_path / "undisturbed" / "images")
    images = {name: content for name, content in whole.items() if name.endswith(".png")}
    assert images
    for number, moment in enumerate(moments(duration)):
        out = tmp_path / str(number)
        kill_at(moment, COVEY, "spectrograms", recordings, out)
        assert is_part_of(out / "images", images)
        finish(COVEY, "spectrograms", recordings, out)
        again = {name: data for name, data in read_visible(out / "images").items() if name.endswith(".png")}
        assert again == images


WRITER = """
import sys
from pathlib import Path
from covey.labelling import LabelStore
store = LabelStore(Path(sys.argv[1]), patience=600)
for number in range(int(sys.argv[3])):
    store.add([f"{sys.argv[2]}_{number}.png"], f"class {number % 5}")
"""


def test_many_people_at_once_lose_no_label(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    each = ACTIONS // WRITERS
    writers = [start(WRITER, store.path, writer, each) for writer in range(WRITERS)]
    errors = [process.communicate()[1] for process in writers]
    assert [process.returncode for process in writers] == [0] * WRITERS, errors
    expected = {f"{writer}_{number}.png" for writer in range(WRITERS) for number in range(each)}
    assert set(store.by_image()) == expected
    assert len(store.history(2 * ACTIONS)) == ACTIONS
