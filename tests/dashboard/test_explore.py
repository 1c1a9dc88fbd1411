"""The page Explore, as far as it can be seen without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import NumberInput
from tests.dashboard.conftest import plain_names
from tests.dashboard.elements import button, chooser, select_vanished
from tests.dashboard.waiting import wait_until
from tests.fixture_types import Distribution

from covey import Clustering, Extra
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.dataset import Dataset
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.segment_names import image_name
from covey.labelling import open_labels
from covey.plugins.registry import Registry
from covey_dashboard.current_dataset import current_embedding
from covey_dashboard.data.selection import AllImages, ChosenImages, ImagesOfCluster
from covey_dashboard.server import server

PLUGIN = """
from covey import Clusterer, component, hookimpl, option
from covey.authoring import TableKind
import numpy as np

@component
class Stripes(Clusterer):
    '''Every so many images a group.'''
    name = "stripes"
    takes = TableKind.FEATURES
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

@component
class Turning(Clusterer):
    '''The same three groups under other numbers.'''
    name = "turning"
    turn: int = option(default=0, ge=0, le=2, help="Raising it changes the numbers alone.")
    def cluster(self, Z):
        return (np.digitize(np.arange(len(Z)), [60, 90]) + self.turn) % 3

@hookimpl
def covey_clusterers():
    yield from (Stripes, Needy, Short, Turning)
"""


def field(app: AppTest, option: str) -> NumberInput:
    """The number field of an option of dbscan."""
    open_options(app)
    return next(found for found in app.number_input if str(found.key).endswith(f".{option}"))


@pytest.fixture
def stripes(distribution: Distribution) -> None:
    distribution("covey-stripes", {"stripes": "stripes_plugin"}, stripes_plugin=PLUGIN)


Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """The app as the command starts it."""

    def start(location: object = "", clusterer: str = "dbscan") -> AppTest:
        monkeypatch.setenv(server.LOCATION, str(location))
        app = AppTest.from_file(str(server.APP), default_timeout=120).run()
        if app.selectbox and clusterer != "dbscan":
            chooser(app, "Find groups with").select(f"covey-stripes:{clusterer}").run()
        wait_until(lambda: not any("Finding" in item.value for item in app.run().html))
        assert not app.exception
        return app

    return start


def text_of(app: AppTest) -> str:
    """Return the sentences on the page."""
    return " ".join(re.findall(r'role="\w+">(.*?)</div>', " ".join(item.value for item in app.html)))


def open_options(app: AppTest) -> None:
    """Show the options, unless they are shown, and wait for the groups."""
    if not any(button.label == "Close" for button in app.button):
        button(app, "Change").click().run()
    wait_until(lambda: "Finding" not in line(app.run()))


def line(app: AppTest) -> str:
    """Return the line that says which groups these are."""
    return next(item.value for item in app.html if "covey-grouping" in item.value)


def count_groups(app: AppTest) -> str:
    """Return how many groups there are, and how many images are left out."""
    wait_until(lambda: "Finding" not in line(app.run()))
    found = re.search(r"([\d,]+) groups? · (\S+) % left out", line(app))
    assert found
    return " ".join(found.groups())


def count(app: AppTest) -> str:
    """Return what the button says that gives a class to what is selected."""
    return next(button.label for button in app.button if button.label.startswith("Label "))


def set_dbscan(app: AppTest, eps: float, min_samples: int = 5) -> None:
    field(app, "eps").set_value(eps).run()
    field(app, "min_samples").set_value(min_samples).run()


def test_the_numbers_count_noise_as_no_group(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    set_dbscan(app, 0.5)
    assert count_groups(app) == "3 4"
    assert "Group tightness (eps) 0.5" in line(app)


def test_an_option_changes_the_result(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    set_dbscan(app, 30.0, 2)
    assert count_groups(app) == "1 0"
    set_dbscan(app, 0.000001, 2)
    assert count_groups(app) == "0 100"


def test_a_value_that_cannot_be_is_said_and_the_page_stays_as_it_was(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    set_dbscan(app, 0.5)
    field(app, "eps").set_value(0.0).run()
    assert "option &#x27;eps&#x27; must be a number greater than 0" in text_of(app)
    assert count_groups(app) == "3 4"
    set_dbscan(app, 30.0, 2)
    assert "must be" not in text_of(app)
    assert count_groups(app) == "1 0"


def test_a_selection_has_the_images_of_a_cluster_or_with_a_text_in_the_name(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    set_dbscan(app, 0.5)
    options = chooser(app, "Show").options
    assert options == [
        "All 115 images", "Group 0: 60 images", "Group 1: 30 images", "Group 2: 20 images", "Left out (noise): 5 images"
    ]  # fmt: skip
    features_of_images = [count(chooser(app, "Show").select_index(at).run()) for at in range(len(options))]
    assert features_of_images == [f"Label {images} images" for images in (115, 60, 30, 20, 5)]
    next(one for one in app.text_input if one.label == "Search").set_value("CALL_01").run()
    assert chooser(app, "Show").options[0] == "Names with 'CALL_01': 10 images"
    assert count(app) == "Label 10 images"


def test_a_selection_that_is_mostly_one_recording_says_so(
    open_page: Open, make: Callable[..., Path], tmp_path: Path
) -> None:
    names = [image_name("one" if at < 45 else f"other{at}", at) for at in range(115)]
    app = open_page(make(tmp_path / "birds", names))
    set_dbscan(app, 0.5)
    chooser(app, "Show").select_index(1).run()
    assert "75% of these images are from one recording." in [caption.value for caption in app.caption]


def test_species_are_suggested_for_the_selected_images_and_label_nothing(
    open_page: Open, birds: Path, names: list[str]
) -> None:
    best = [("<b>Parus</b> major", 0.9), ("Bubo bubo", 0.3), ("Parus major", 0.05)]
    rows = [best[0 if number < 60 else 1 if number < 100 else 2] for number in range(len(names))]
    columns = {
        "species": np.array([[species] for species, _ in rows]),
        "score": np.array([[score] for _, score in rows], np.float32),
    }
    provenance = Provenance(
        kind=Kind.EXTRACTOR, component="ear", tag="ear", version=1, options={}, input="images", output="species"
    )
    FolderDataset(birds).save([Extra(names=names, columns=columns, provenance=provenance)])
    app = open_page(birds)
    sentences = [item.value for item in app.text]
    assert "ear suggests: <b>Parus</b> major 0.90 (60 images); Bubo bubo 0.30 (40 images)" in sentences
    next(item for item in app.text_input if item.label == "Search").set_value(names[110]).run()
    assert not any("suggests" in item.value for item in app.text), "a score below 0.1 suggests nothing"
    assert not open_labels(FolderDataset(birds)).by_image()


def test_a_selected_group_that_changes_keeps_its_images(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    set_dbscan(app, 0.5)
    chooser(app, "Show").select_index(3).run()
    field(app, "eps").set_value(30.0).run()
    assert not app.exception
    assert count_groups(app) == "1 0"
    assert chooser(app, "Show").options[0] == "Group 2 as it was: 20 images"
    assert count(app) == "Label 20 images"


@pytest.mark.usefixtures("stripes")
def test_clusters_keep_their_numbers_when_options_change(open_page: Open, birds: Path) -> None:
    app = open_page(birds, "turning")
    chooser(app, "Show").select_index(2).run()
    before = chooser(app, "Show").options
    assert before[2] == "Group 1: 30 images"
    open_options(app)
    app.slider[0].set_value(2).run()
    assert chooser(app, "Show").options == before
    assert count(app) == "Label 30 images"


def test_labelled_images_can_be_selected_and_hidden(open_page: Open, birds: Path, names: list[str]) -> None:
    open_labels(FolderDataset(birds)).add(names[:7], "<b>wren")
    app = open_page(birds)
    chooser(app, "Show").select_index(len(chooser(app, "Show").options) - 1).run()
    assert chooser(app, "Show").options[-1] == "Label <b>wren: 7 images"
    assert count(app) == "Label 7 images"
    chooser(app, "Show").select_index(0).run()
    chooser(app, "Labelled images").select("hidden").run()
    assert count(app) == "Label 108 images"


def test_labels_that_cannot_be_read_are_a_sentence_and_the_map_stays(open_page: Open, birds: Path) -> None:
    (birds / "labels.sqlite").write_bytes(b"no database")
    app = open_page(birds)
    assert "labels.sqlite" in text_of(app)
    assert chooser(app, "Show").value == AllImages()


def test_the_map_can_be_coloured_by_what_is_not_known(open_page: Open, birds: Path) -> None:
    app = open_page(birds)
    for by in chooser(app, "Colour by").options:
        chooser(app, "Colour by").select(by).run()
        assert not app.exception
        assert chooser(app, "Show").value == AllImages()


def test_the_map_can_be_coloured_by_any_column_of_the_metadata(open_page: Open, birds: Path, names: list[str]) -> None:
    rows = [f"{name},{at / 2},{'' if at % 3 else '<b>x</b>'}" for at, name in enumerate(names[:50])]
    (birds / "metadata.csv").write_text("\n".join(["filename,height,kind", *rows]))
    app = open_page(birds)
    assert sorted(chooser(app, "Colour by").options) == ["group", "height", "kind", "label", "recording"]
    for by in ("height", "kind"):
        chooser(app, "Colour by").select(by).run()
        assert not app.exception


def test_one_image_is_shown(open_page: Open, scattered: Callable[..., Path], tmp_path: Path) -> None:
    app = open_page(scattered(tmp_path / "one", np.zeros((1, 2))))
    assert chooser(app, "Show").options[0] == "All 1 image"
    assert chooser(app, "Show").options == ["All 1 image", "Left out (noise): 1 image"]


def test_of_30000_clusters_the_largest_come(open_page: Open, scattered: Callable[..., Path], tmp_path: Path) -> None:
    places = np.stack(np.meshgrid(np.arange(200), np.arange(150)), axis=2).reshape(-1, 2)
    app = open_page(scattered(tmp_path / "many", places))
    set_dbscan(app, 0.5, 1)
    assert count_groups(app) == "30,000 0"
    assert len(chooser(app, "Show").options) == 301
    field(app, "eps").set_value(0.6).run()
    assert count_groups(app) == "30,000 0"


def test_without_an_embedding_there_is_no_map(open_page: Open, scattered: Callable[..., Path], tmp_path: Path) -> None:
    app = open_page(scattered(tmp_path / "features", np.zeros((3, 2)), features=True))
    assert "Tables that describe images are here, and no groups" in text_of(app)


def test_a_damaged_table_is_named(open_page: Open, birds: Path) -> None:
    (birds / "dimred_damaged.npz").write_bytes(b"nothing")
    app = open_page(birds)
    assert "dimred_damaged.npz" in text_of(app)
    assert chooser(app, "Show").value == AllImages()


@pytest.mark.usefixtures("stripes")
def test_an_unknown_clusterer_appears_with_a_form_and_works_on_features(open_page: Open, birds: Path) -> None:
    app = open_page(birds, "stripes")
    assert count_groups(app) == "5 0"
    open_options(app)
    app.slider[0].set_value(7).run()
    assert count_groups(app) == "7 0"


@pytest.mark.usefixtures("stripes")
def test_features_that_are_gone_are_a_sentence(open_page: Open, birds: Path) -> None:
    next(birds.glob("full_features_*")).unlink()
    assert "are not in this dataset: make them again" in text_of(open_page(birds, "stripes"))


@pytest.mark.usefixtures("stripes")
def test_a_clusterer_that_lacks_a_library_gets_its_pip_command(open_page: Open, birds: Path) -> None:
    app = open_page(birds, "needy")
    assert "needy needs a library that is not installed" in text_of(app)
    assert "pip install &quot;covey-stripes[all]&quot;" in text_of(app)


@pytest.mark.usefixtures("stripes")
def test_a_clusterer_that_breaks_its_contract_is_a_sentence(open_page: Open, birds: Path) -> None:
    assert "short must give 115 labels, but gave an array of shape (3,)" in text_of(open_page(birds, "short"))


def hdbscan_clustering(dataset: Dataset) -> Clustering:
    """Return a clustering of the embedding of a dataset as HDBSCAN makes it, with all images in one cluster."""
    entry = dataset.embeddings()[0]
    assert entry.provenance is not None
    clusterer = build(Registry.installed().get(Kind.CLUSTERER, "hdbscan"), {"min_cluster_size": 7})
    names = dataset.load(entry).names
    labels = np.zeros(len(names), np.int32)
    return Clustering(names=names, labels=labels, provenance=Provenance.of(clusterer, entry.provenance))


def test_it_opens_beside_a_clustering_whose_details_are_odd(open_page: Open, birds: Path) -> None:
    dataset = FolderDataset(birds)
    clustering = hdbscan_clustering(dataset)
    assert clustering.provenance is not None
    text = clustering.provenance.to_json().replace('"details":{}', '"details":{"chosen":"x"}', 1)
    arrays = {"labels": clustering.labels, "N": clustering.names, "covey": np.array(text)}
    np.savez(birds / "clusters_odd.npz", allow_pickle=False, **arrays)
    app = open_page(birds)
    assert not app.exception
    assert not any(name.startswith("Kept:") for name in chooser(app, "Find groups with").options)
    assert dataset.problems == [
        f"{birds / 'clusters_odd.npz'} has a damaged provenance (details.chosen must be a value for each option, not"
        ' "x"): make the file again.'
    ]


def test_it_opens_with_the_clusterer_whose_result_is_kept(open_page: Open, birds: Path) -> None:
    dataset = FolderDataset(birds)
    dataset.save([hdbscan_clustering(dataset)])
    app = open_page(birds)
    assert chooser(app, "Find groups with").options[0] == "Kept: hdbscan-min_cluster_size7"
    assert field(app, "min_cluster_size").value == 7


def test_an_entry_of_the_list_that_vanishes_while_it_is_chosen_changes_nothing(open_page: Open, birds: Path) -> None:
    store = open_labels(FolderDataset(birds))
    store.add(plain_names()[:7], "wren")
    app = open_page(birds)
    set_dbscan(app, 0.5)
    chooser(app, "Show").select("Group 1: 30 images").run()
    store.delete("wren")
    select_vanished(app.run(), "Show", "Label wren: 7 images")
    assert not app.exception
    assert chooser(app, "Show").value == ImagesOfCluster(1)
    assert count(app) == "Label 30 images"


def test_a_suggestion_that_makes_one_group_says_so(
    open_page: Open, tmp_path: Path, scattered: Callable[..., Path]
) -> None:
    grid = np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(400, 2)
    app = open_page(scattered(tmp_path / "grid", grid))
    open_options(app)
    captions = " ".join(caption.value for caption in app.caption)
    assert "makes one group only, which tells nothing apart" in captions


def test_explore_says_what_the_data_suggest_and_why(
    open_page: Open, tmp_path: Path, scattered: Callable[..., Path]
) -> None:
    places = np.random.default_rng(0).normal(size=(400, 2)) + np.repeat(
        [[0, 0], [20, 0], [0, 20], [20, 20]], 100, axis=0
    )
    app = open_page(scattered(tmp_path / "four", places))
    open_options(app)
    assert any(
        caption.value.startswith("The data suggest eps = ") and ": 4 groups; 4 to 5 between eps" in caption.value
        for caption in app.caption
    )


def test_similar_images_are_added_to_those_that_are_left_in(open_page: Open, birds: Path, names: list[str]) -> None:
    app, embedding = open_page(birds), current_embedding(str(birds)) or pytest.fail("there is an embedding")
    state = app.session_state[f"state of ExploreState {embedding.identity}"]
    assert button(app, "Add similar").disabled
    state.selection, state.removed_at_first = ChosenImages.of(np.arange(60, 82), "some"), names[60:62]
    button(app.run(), "Add similar").click().run()
    assert "Added: 8 images most like the 20 selected before. 28 are selected now." in " ".join(
        element.value for element in app.html
    )
    selected = state.selection.rows.tolist()
    assert selected[:20] == list(range(62, 82))
    assert set(selected[20:]) == set(range(82, 90))
