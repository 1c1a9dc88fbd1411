"""What many tests need: real data, a command line, images made on the spot, plugins made on the spot."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from tests.distributions import install_modules
from tests.fixture_types import Cli, Distribution

from covey.commands.main import main
from covey.plugins.registry import Registry

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it from there on
SHARED = Path(__file__).parents[2] / "shared" / "data"


def _real(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the real spectrograms ../shared/data/{name} are not here")
    return folder


@pytest.fixture
def xc_dev() -> Path:
    """Spectrograms of birds: images/ and labels.csv."""
    return _real("xc-dev")


@pytest.fixture
def esc10() -> Path:
    """Spectrograms of environmental sounds: images/ and labels.csv."""
    return _real("esc10")


@pytest.fixture(autouse=True, scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's data folder during the tests, so that they neither see nor change the real one."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("user")
        patch.setenv("COVEY_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True, scope="session")
def bytecode() -> Iterator[None]:
    """Let the hundreds of processes that tests start keep what they compile, or each of them compiles covey anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back the main module after each test: Streamlit replaces it, and new processes would begin with that."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def virtual_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves only while something sleeps, and then at once: pauses are exact, whatever the load."""
    start, slept = time.monotonic(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: start + sum(slept))
    monkeypatch.setattr(time, "sleep", slept.append)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that other users may enter, for datasets that are unwritable for a while; COVEY_HOME lies in it."""
    if os.name == "nt":
        pytest.skip("needs the rights of POSIX")
    with TemporaryDirectory() as name:
        folder, home = Path(name), Path(name) / "home"
        folder.chmod(0o755)
        home.mkdir()
        home.chmod(0o777)
        monkeypatch.setenv("COVEY_HOME", str(home))
        yield folder


@pytest.fixture
def covey() -> Cli:
    """The command line: covey("run", folder) gives what it printed and its exit code."""

    def call(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words])

    return call


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with 24 images of three kinds: bright below, in the middle, above."""
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(24):
        pixels = rng.integers(0, 60, (32, 48, 3), dtype=np.uint8)
        third = number % 3
        pixels[third * 10 : third * 10 + 10] += 150
        Image.fromarray(pixels).save(folder / f"call_{number:02}.png")
    return folder


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distribution]:
    """Installs a distribution made on the spot: distribution("name", {"plugin": "module"}, module="source")."""
    before = set(sys.modules)

    def install(name: str, points: dict[str, str], **modules: str) -> None:
        site = tmp_path / f"site-{name}"
        install_modules(site, name, points, modules)
        monkeypatch.syspath_prepend(str(site))

    yield install
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def registry() -> Registry:
    """The installed components."""
    return Registry.installed()


@pytest.fixture
def brightness(distribution: Distribution) -> None:
    """Install the extractor `brightness`, which needs no network and no weights."""
    source = """
from covey import hookimpl
from covey.testing import Brightness

@hookimpl
def covey_feature_extractors():
    yield Brightness
"""
    distribution("covey-brightness", {"brightness": "covey_brightness"}, covey_brightness=source)


@pytest.fixture
def slow(distribution: Distribution, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the extractor `slow` with a quick reducer and clusterer, for processes that are started too."""
    source = Path(__file__).with_name("slow.py").read_text("utf-8")
    distribution("covey-slow", {"slow": "covey_slow"}, covey_slow=source)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture
def fragile(distribution: Distribution) -> None:
    """Install the extractor `fragile`, which ends its process, breaks or waits."""
    source = Path(__file__).with_name("fragile.py").read_text("utf-8")
    distribution("covey-fragile", {"fragile": "covey_fragile"}, covey_fragile=source)


@pytest.fixture
def outlets(distribution: Distribution) -> None:
    """Install a third party's measures, exporters and importers."""
    source = Path(__file__).with_name("outlets.py").read_text("utf-8")
    distribution("covey-outlets", {"outlets": "covey_outlets"}, covey_outlets=source)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """100 images, which are four batches, in a folder whose name would do harm as HTML."""
    folder = tmp_path / ("calls" if os.name == "nt" else "<b>calls **bold**")
    folder.mkdir()
    for number in range(100):
        pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"call_{number:03}.png")
    return folder


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that is not there yet, for which the extractor `slow` waits."""
    return tmp_path / "gate"
