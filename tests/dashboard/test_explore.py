"""The page Explore, as far as it can be seen without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput, Selectbox

from covey import Clustering, Embedding, provenance
from covey.folder import FolderDataset
from covey.options import build
from covey.registry import Registry
from covey_dashboard import server

Distribution = Callable[..., None]

PLUGIN = """
from covey import Clusterer, component, hookimpl, option
import numpy as np

@component
class Stripes(Clusterer):
    '''Every so many images a group.'''
    name = "stripes"
    takes = "features"
    groups: int = option(default=5, ge=1, le=100, help="How many groups. Raising it makes more.")
    def cluster(self, Z):
        assert Z.shape[1] == 4, Z.shape
        return np.arange(len(Z), dtype=np.int32) % self.groups

@component
class Needy(Clusterer):
    name = "needy"
    requires = {"not_there_at_all": "covey-stripes[all]"}
    def cluster(self, Z): ...

@component
class Short(Clusterer):
    name = "short"
    def cluster(self, Z):
        return [1, 2, 3]

@hookimpl
def covey_clusterers():
    yield from (Stripes, Needy, Short)
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What another test had cached is forgotten."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def field(app: AppTest, option: str) -> NumberInput:
    """The number field of an option of dbscan."""
    return next(found for found in app.sidebar.number_input if str(found.key).endswith(f".{option}"))


def chooser(app: AppTest, label: str) -> Selectbox[Any]:
    """The list with this label."""
    return next(found for found in app.selectbox if found.label == label)


@pytest.fixture
def stripes(distribution: Distribution) -> None:
    distribution("covey-stripes", {"stripes": "stripes_plugin"}, stripes_plugin=PLUGIN)


Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """The app as the command starts it."""

    def start(location: object = "", clusterer: str = "dbscan") -> AppTest:
        monkeypatch.setenv(server.LOCATION, str(location))
        app = AppTest.from_file(str(server.APP), default_timeout=60).run()
        if app.selectbox and clusterer != "dbscan":
            chooser(app, "Clusterer").select(f"covey-stripes:{clusterer}").run()
        assert not app.exception
        return app

    return start


def told(app: AppTest) -> str:
    """Return the sentences on the page."""
    return " ".join(re.findall(r'role="\w+">(.*?)</div>', " ".join(item.value for item in app.html)))


def numbers(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def shown(app: AppTest) -> list[str]:
    """Return the names of the images on the page of the gallery."""
    return [unescape(name) for item in app.html for name in re.findall(r'<figure title="(.*?)">', item.value)]


def turned(app: AppTest) -> list[str]:
    """Return the names on all pages of the gallery."""
    if not app.main.number_input:
        return shown(app)
    pages = int(app.main.number_input[0].max or 1)
    return [name for page in range(1, pages + 1) for name in shown(app.main.number_input[0].set_value(page).run())]


def test_the_numbers_count_noise_as_no_cluster(opened: Open, birds: Path) -> None:
    app = opened(birds)
    field(app, "eps").set_value(0.5).run()
    field(app, "min_samples").set_value(5).run()
    assert numbers(app) == {"Images": "115", "Clusters": "3", "Assigned": "96%", "Largest cluster": "60"}


def test_an_option_changes_the_result(opened: Open, birds: Path) -> None:
    app = opened(birds)
    field(app, "eps").set_value(30.0).run()
    field(app, "min_samples").set_value(2).run()
    assert numbers(app) == {"Images": "115", "Clusters": "1", "Assigned": "100%", "Largest cluster": "115"}
    field(app, "eps").set_value(0.000001).run()
    assert numbers(app) == {"Images": "115", "Clusters": "0", "Assigned": "0%", "Largest cluster": "0"}


def test_every_image_can_be_reached(opened: Open, birds: Path, names: list[str]) -> None:
    assert turned(opened(birds)) == names


def test_a_cluster_shows_its_images_and_no_others(opened: Open, birds: Path, names: list[str]) -> None:
    app = opened(birds)
    field(app, "eps").set_value(0.5).run()
    field(app, "min_samples").set_value(5).run()
    options = chooser(app, "Show").options
    assert options == [
        "All 115 images", "Cluster 0: 60 images", "Cluster 1: 30 images", "Cluster 2: 20 images", "Noise: 5 images"
    ]  # fmt: skip
    found = [turned(chooser(app, "Show").select_index(at).run()) for at in range(len(options))]
    assert found == [names, names[:60], names[60:90], names[90:110], names[110:]]


def test_a_cluster_that_is_gone_gives_way_to_all_images(opened: Open, birds: Path) -> None:
    app = opened(birds)
    field(app, "eps").set_value(0.5).run()
    field(app, "min_samples").set_value(5).run()
    chooser(app, "Show").select_index(3).run()
    field(app, "eps").set_value(30.0).run()
    assert not app.exception
    assert chooser(app, "Show").value is None


def test_missing_broken_and_outside_images_are_grey_tiles_with_their_names(
    opened: Open, make: Callable[..., Path], tmp_path: Path, names: list[str]
) -> None:
    folder = make(tmp_path / "birds", ["../secret.png", *names[1:]])
    (tmp_path / "birds" / "secret.png").replace(tmp_path / "secret.png")
    (folder / "images" / names[1]).unlink()
    (folder / "images" / names[2]).write_bytes(b"no image")
    tiles = " ".join(item.value for item in opened(folder).html).split("<figure ")[1:5]
    for tile, name, why in zip(
        tiles, ["../secret.png", *names[1:3]], ["outside", "No such file", "no PNG"], strict=False
    ):
        assert f'title="{name}"' in tile
        assert 'class="grey"' in tile
        assert why in tile
        assert "<img" not in tile
    assert "<img" in tiles[3]


def test_without_a_dataset_it_says_how_to_name_one(opened: Open) -> None:
    app = opened()
    assert "Which dataset?" in told(app)
    assert app.code[0].value == "covey dashboard FOLDER"


def test_a_place_that_is_not_there_is_a_sentence(opened: Open, tmp_path: Path) -> None:
    assert "There is no folder" in told(opened(tmp_path / "<b>nowhere</b>"))
    assert "&lt;b&gt;nowhere" in told(opened(tmp_path / "<b>nowhere</b>"))


def test_images_without_an_embedding_get_the_command_that_makes_one(opened: Open, images: Path) -> None:
    app = opened(images)
    assert "24 images and no embedding yet" in told(app)
    assert app.code[0].value == f"covey run {images}"


def test_an_empty_folder_says_so(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "neither images nor embeddings" in told(opened(tmp_path / "empty"))


def test_a_damaged_table_is_named(opened: Open, birds: Path) -> None:
    (birds / "dimred_damaged.npz").write_bytes(b"nothing")
    app = opened(birds)
    assert "dimred_damaged.npz" in told(app)
    assert numbers(app)["Images"] == "115"


@pytest.mark.usefixtures("stripes")
def test_an_unknown_clusterer_appears_with_a_form_and_works_on_features(opened: Open, birds: Path) -> None:
    app = opened(birds, "stripes")
    assert numbers(app)["Clusters"] == "5"
    app.sidebar.slider[0].set_value(7).run()
    assert numbers(app) == {"Images": "115", "Clusters": "7", "Assigned": "100%", "Largest cluster": "17"}


@pytest.mark.usefixtures("stripes")
def test_features_that_are_gone_are_a_sentence(opened: Open, birds: Path) -> None:
    next(birds.glob("full_features_*")).unlink()
    assert "are not in this dataset: make them again" in told(opened(birds, "stripes"))


@pytest.mark.usefixtures("stripes")
def test_a_clusterer_that_lacks_a_library_gets_its_pip_command(opened: Open, birds: Path) -> None:
    app = opened(birds, "needy")
    assert "needy needs a library that is not installed" in told(app)
    assert app.code[0].value == 'pip install "covey-stripes[all]"'


@pytest.mark.usefixtures("stripes")
def test_a_clusterer_that_breaks_its_contract_is_a_sentence(opened: Open, birds: Path) -> None:
    assert "short must give 115 labels, but gave an array of shape (3,)" in told(opened(birds, "short"))


def test_it_opens_with_the_clusterer_whose_result_is_kept(opened: Open, birds: Path) -> None:
    dataset = FolderDataset(birds)
    entry = next(found for found in dataset.entries() if found.kind == "embedding")
    table = dataset.load(entry)
    assert isinstance(table, Embedding)
    assert entry.provenance is not None
    clusterer = build(Registry.installed().get("clusterer", "hdbscan"), {"min_cluster_size": 7})
    labels = np.zeros(len(table.names), np.int32)
    made = provenance.of(clusterer, entry.provenance)
    dataset.save([Clustering(names=table.names, labels=labels, provenance=made)])
    app = opened(birds)
    assert chooser(app, "Clusterer").value == "covey:hdbscan"
    assert field(app, "min_cluster_size").value == 7


def test_another_clusterer_starts_without_a_selection(opened: Open, birds: Path) -> None:
    app = opened(birds)
    chooser(app, "Show").select_index(1).run()
    chooser(app, "Clusterer").select("covey:hdbscan").run()
    assert chooser(app, "Show").value is None
