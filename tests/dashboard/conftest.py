"""Datasets made on the spot, with groups that are known."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest
from tests.dashboard.browser import Browse, dataset_address, launch_browser, new_tab, serve_dashboard

from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.tables import Embedding, Features
from covey.labelling import LabelStore, open_labels
from covey_dashboard.server import server

SIZES = (60, 30, 20)
NOISE = 5


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the dashboard remembers of a person stays within the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVEY_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What another test had cached is forgotten."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens one page of the dashboard by itself: view("labels", folder)."""

    def start(name: str, location: object = "") -> AppTest:
        monkeypatch.setenv(server.LOCATION, str(location))
        app = AppTest.from_file(str(server.APP.parents[1] / "pages" / name / "page.py"), default_timeout=120).run()
        assert not app.exception
        return app

    return start


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser, in which each tab has its own cookies."""
    with launch_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def dashboard(_home: None) -> Iterator[str]:
    """The address of a dashboard without a dataset, for `dataset_address`."""
    with serve_dashboard() as (address, _):
        yield address


@pytest.fixture
def browse(chromium: Browser, dashboard: str) -> Browse:
    """Opens one page of the dashboard of a dataset: browse(folder, "labels", height)."""
    return lambda location, path, height: new_tab(chromium, dataset_address(dashboard, path, location), height)


def write(folder: Path, names: Sequence[str]) -> Path:
    """Write a dataset: three groups of SIZES images, one after another, then NOISE images that are far from all."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    groups = np.repeat([0, 1, 2, 3], [*SIZES, NOISE])
    for name, group in zip(names, groups, strict=True):
        pixels = rng.integers(0, 60, (32, 48, 3), dtype=np.uint8)
        pixels[group * 8 : group * 8 + 8] += 150
        Image.fromarray(pixels).save(folder / "images" / name, "PNG")
    near = rng.normal(0, 0.05, (sum(SIZES), 2)) + np.repeat([[0, 0], [5, 0], [0, 5]], SIZES, axis=0)
    Z = np.concatenate([near, [[20 + 9 * at, 20] for at in range(NOISE)]]).astype(np.float32)
    shared: dict[str, Any] = {"version": 1, "options": {}}
    features = Provenance(kind=Kind.EXTRACTOR, component="made", tag="made", input="images", **shared)
    reduced = Provenance(kind=Kind.REDUCER, component="flat", tag="flat", input=features.key, source=features, **shared)
    X = np.concatenate([Z, Z], axis=1)
    FolderDataset(folder).save(
        [Features(names=names, X=X, provenance=features), Embedding(names=names, Z=Z, map=Z, provenance=reduced)]
    )
    return folder


def plain_names() -> list[str]:
    return [f"call_{at:03}.png" for at in range(sum(SIZES) + NOISE)]


@pytest.fixture
def names() -> list[str]:
    """The names of the images in a dataset, by group."""
    return plain_names()


@pytest.fixture(scope="session")
def written_birds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `birds` is a copy of."""
    return write(tmp_path_factory.mktemp("written") / "birds", plain_names())


@pytest.fixture
def birds(tmp_path: Path, written_birds: Path) -> Path:
    """A dataset with 115 images, an embedding of 2 dimensions and the features that it was made from."""
    return Path(shutil.copytree(written_birds, tmp_path / "birds"))


@pytest.fixture
def store(birds: Path) -> LabelStore:
    """The labels of that dataset."""
    return open_labels(FolderDataset(birds))


@pytest.fixture(scope="session")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with file names that would do harm as HTML or Markdown: the first three and the first of the noise."""
    hostile = ["<img src=x onerror=document.title='hurt'>.png", "&lt;b&gt; **bold** [link](x) $x^2$.png", "🐦 ‮gnp.png"]
    names = [*hostile, *plain_names()[len(hostile) :]]
    names[sum(SIZES)] = "<b>bold<s>.png"
    return write(tmp_path_factory.mktemp("strange") / "birds", names)


def scatter(folder: Path, places: NDArray[np.floating], features: bool = False) -> Path:
    """Write a dataset without images: an embedding with these places (n, 2), or features alone."""
    names = [f"call_{at:05}.png" for at in range(len(places))]
    Z = places.astype(np.float32)
    shared: dict[str, Any] = {"version": 1, "options": {}, "input": "images"}
    extracted = Provenance(kind=Kind.EXTRACTOR, component="made", tag="made", **shared)
    reduced = Provenance(kind=Kind.REDUCER, component="flat", tag="flat", **shared)
    table = Features(names=names, X=Z, provenance=extracted) if features else None
    FolderDataset(folder).save([table or Embedding(names=names, Z=Z, map=Z, provenance=reduced)])
    return folder


@pytest.fixture
def scattered() -> Callable[..., Path]:
    """Writes a dataset without images: scattered(folder, places, features=False)."""
    return scatter


@pytest.fixture
def make() -> Callable[[Path, Sequence[str]], Path]:
    """Writes such a dataset: make(folder, names)."""
    return write
