"""The page Start, as far as it can be seen without a browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from tests.dashboard.elements import button

from covey import CoveyError
from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.legacy.file_names import PARAMETERS_FILE
from covey.data.provenance import Provenance
from covey.data.tables import Clustering, Embedding
from covey.labelling import open_labels
from covey.testing import tiny_images
from covey_dashboard.pages.start.allowed_folders import list_folders
from covey_dashboard.server import server

ALONE = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        absent = name.partition(".")[0] in ("torch", "torchvision", "timm", "umap", "open_clip")
        return None if absent else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
from streamlit.testing.v1 import AppTest
from covey_dashboard.server import server
app = AppTest.from_file(str(server.APP), default_timeout=120).run()
assert not app.exception, app.exception
assert not {"torch", "umap"} & set(sys.modules)
print(*(item.value for item in app.html))
"""


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What another test had named or opened is forgotten."""
    monkeypatch.setenv(server.LOCATION, "")
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "home"))


def start_app() -> AppTest:
    return AppTest.from_file(str(server.APP), default_timeout=120).run()


def open_page(location: object) -> AppTest:
    """The app with a dataset that a person wrote into the field."""
    app = start_app()
    app.text_input(key="start.location").set_value(str(location)).run()
    assert not app.exception
    return app


def text_of(app: AppTest) -> str:
    return " ".join([*(item.value for item in app.html), *(item.value for item in app.text)])


def test_without_a_dataset_it_says_how_to_open_one() -> None:
    app = start_app()
    assert "Open a folder with recordings or with spectrogram images." in text_of(app)
    assert not app.code


def test_images_outside_a_dataset_are_used_when_the_person_says_so(birds: Path, tmp_path: Path) -> None:
    (birds / "images").rename(tmp_path / "pictures")
    (birds / "covey.json").write_text('{"images": "../pictures"}')
    app = open_page(birds)
    assert "Only tables are here, no images" in text_of(app)
    assert "you have not confirmed that: they are left out" in text_of(app)
    assert "covey info" not in text_of(app)
    next(button for button in app.button if button.label.startswith("Use the images in")).click().run()
    assert not app.exception
    assert f"115 images in {birds.parent / 'pictures'}" in text_of(app)
    assert not [button for button in app.button if button.label.startswith("Use the images in")]


def test_a_folder_is_opened_and_told_of(birds: Path, names: list[str]) -> None:
    open_labels(FolderDataset(birds)).add(names[:3], "wren")
    app = open_page(birds)
    assert f"115 images in {birds / 'images'}" in text_of(app)
    assert "1 class with 3 labels" in text_of(app)
    assert "Embedding: 115 images, 2 numbers each" in text_of(app)
    assert "made described the images. flat reduced that." in text_of(app)


def test_a_place_that_is_not_there_is_a_sentence_and_what_is_open_stays(birds: Path, tmp_path: Path) -> None:
    app = open_page(birds)
    app.text_input(key="start.location").set_value(str(tmp_path / "<b>nowhere</b>")).run()
    assert "There is no folder" in text_of(app)
    assert "&lt;b&gt;nowhere" in text_of(app)
    assert "115 images" in text_of(app)


def test_what_was_open_is_offered_again(birds: Path) -> None:
    open_page(birds)
    app = start_app()
    app.selectbox(key="start.recent").select(str(birds)).run()
    assert "115 images" in text_of(app)


def test_an_address_opens_only_what_was_open_before(birds: Path, images: Path) -> None:
    open_page(birds)
    for place, is_known in ((birds, True), (images, False)):
        app = AppTest.from_file(str(server.APP), default_timeout=120)
        app.query_params["dataset"] = str(place)
        assert (str(place) in text_of(app.run())) is is_known


def test_images_without_groups_get_one_button_that_finds_them(images: Path) -> None:
    app = open_page(images)
    assert f"24 images in {images}" in text_of(app)
    assert not button(app, "Find groups").disabled
    assert "24 images only: groups need images that are alike" in text_of(app)


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "There are neither recordings nor images here." in text_of(open_page(tmp_path / "empty"))


def test_a_second_embedding_is_joined_and_what_does_not_match_is_told(birds: Path, names: list[str]) -> None:
    provenance = Provenance(kind=Kind.REDUCER, component="other", tag="other", version=1, options={}, input="images")
    Z = np.zeros((111, 2), np.float32)
    FolderDataset(birds).save([Embedding(names=[*names[5:], "new.png"], Z=Z, map=Z[:, :2], provenance=provenance)])
    app = open_page(birds)
    joined = app.selectbox(key="start.second")
    app = joined.select(next(name for name in joined.options if "other" in name)).run()
    assert "Of 116 images 110 used; 5 not in other" in text_of(app)


def test_it_works_where_torch_and_umap_are_not_installed(birds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(server.LOCATION, str(birds))
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "<h1>Explore</h1>" in done.stdout
    assert "Click what does not belong, then name the rest." in done.stdout


@pytest.mark.parametrize("content", ["{", '{"a": 1}', '["nowhere"]'])
def test_damaged_recents_do_no_harm(tmp_path: Path, content: str, scattered: Callable[..., Path]) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "recents.json").write_text(content)
    folder = scattered(tmp_path / "features", np.zeros((3, 2)), features=True)
    assert "Only tables are here, no images" in text_of(open_page(folder))


def test_tables_of_the_original_say_what_their_names_tell_and_the_usual_size_comes_first(tmp_path: Path) -> None:
    names = np.array([f"call_{number}.png" for number in range(30)], dtype=object)
    for model in ("MaxVit_T_blocks.0", "saec_20250614_004030"):
        for size in (16, 2, 4, 8):
            Z = np.random.default_rng(size).normal(size=(30, size))
            np.savez(tmp_path / f"dimred_{size}_neigh_10_{model}.npz", X_red=Z, X_2D=Z[:, :2], N=names)
    np.savez(tmp_path / "full_features_saec_20250614_004030.npz", X=np.ones((30, 256, 8), np.float32), N=names)
    app = open_page(tmp_path)
    assert app.selectbox(key="start.embedding").value == "dimred_8_neigh_10_MaxVit_T_blocks.0.npz"
    assert "MaxVit_T_blocks.0 to 8" in app.selectbox(key="start.embedding").options
    assert "Made by another tool, by its name from saec_20250614_004030 in 8 dimensions, 10 neighbours." in text_of(app)
    assert "Features: 30 images, 512 numbers each" in text_of(app)
    assert "damaged" not in text_of(app)


def test_folders_of_different_recipes_are_offered_by_name(tmp_path: Path) -> None:
    for count, name in enumerate(("images_24000sps_20250101_101010", "images_24000sps_20250707_101010"), 1):
        tiny_images(tmp_path / name, count)
        (tmp_path / name / PARAMETERS_FILE).write_text(f'{{"segment_duration_sec": {count}}}')
    app = open_page(tmp_path)
    assert "2 folders of images" in text_of(app)
    buttons = [button for button in app.button if button.label.startswith("Use the images in")]
    assert [button.label for button in buttons] == [
        "Use the images in images_24000sps_20250101_101010",
        "Use the images in images_24000sps_20250707_101010",
    ]
    buttons[1].click().run()
    assert "2 images in" in text_of(app)
    (other,) = [button for button in app.button if button.label.startswith("Use the images in")]
    other.click().run()
    assert "1 image in" in text_of(app)


@pytest.mark.parametrize("quoted", ['"{}"', " '{}' ", "{}/", "{} "])
def test_a_path_is_taken_as_it_was_meant(birds: Path, quoted: str) -> None:
    assert "115 images" in text_of(open_page(quoted.format(birds)))


def test_the_home_folder_is_meant_by_a_tilde(birds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(birds.parent))
    monkeypatch.setenv("USERPROFILE", str(birds.parent))
    assert "115 images" in text_of(open_page("~/birds"))


def test_only_allowed_folders_are_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "person"
    for name in ("b", "A", ".hidden"):
        (home / name).mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (home / "way out").symlink_to(tmp_path / "secret")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home)
    assert [path.name for path in list_folders(home)] == ["A", "b"]
    for outside in (tmp_path, home / "way out", home / ".." / "secret"):
        with pytest.raises(CoveyError, match="outside the folders that can be looked through"):
            list_folders(outside)
    monkeypatch.setenv(server.READ_ONLY, "1")
    with pytest.raises(CoveyError, match="read-only"):
        list_folders(home)


def test_what_lies_in_a_dataset_is_said(birds: Path) -> None:
    (birds / "labels.csv").write_text("filename,label\ncall_000.png,wren\n")
    (birds / "metadata.csv").write_text("recording,full_spec_name\ncall_000,Parus major\ncall_001,Parus minor\n")
    app = open_page(birds)
    assert "labels.csv lies here: names that somebody gave to images." in text_of(app)
    assert "metadata.csv says more of the recordings: 2 species." in text_of(app)


def test_labels_that_lie_in_a_dataset_are_taken_in_by_one_button(birds: Path) -> None:
    table = birds / "labels.csv"
    table.write_text("filename,nothing,more\ncall_000.png,1,2\n")
    app = open_page(birds)
    button(app, "Take these labels in").click().run()
    assert not app.exception
    assert "labels.csv cannot be read, line 2" in text_of(app)
    names = [path.name for path in sorted((birds / "images").iterdir())[:2]]
    table.write_text(f"filename,label\n{names[0]},wren\n{names[1]},robin\nnowhere.png,wren\n")
    button(app, "Take these labels in").click().run()
    assert not app.exception
    assert "Of 3 rows 2 used; 1 that name no image (nowhere.png). 2 labels: 2 new." in text_of(app)
    assert "cannot be read" not in text_of(app)
    assert open_labels(FolderDataset(birds)).by_image() == {names[0]: ("wren",), names[1]: ("robin",)}
    assert "2 classes with 2 labels" in text_of(app)


def test_hardly_any_images_make_no_groups_and_it_says_why(birds: Path, names: list[str]) -> None:
    embedding = FolderDataset(birds).embeddings()[0]
    assert embedding.provenance
    provenance = Provenance(
        kind=Kind.CLUSTERER, component="dbscan", tag="dbscan", version=2, options={}, input=embedding.provenance.key,
        source=embedding.provenance,
    )  # fmt: skip
    labels = np.full(len(names), -1, np.int32)
    FolderDataset(birds).save([Clustering(names=names, labels=labels, provenance=provenance)])
    app = open_page(birds)
    assert "0 groups in 115 images; 115 (100 %) belong to none." in text_of(app)
    assert "No group came out of 115 images" in text_of(app)


def test_a_token_is_kept_and_shown_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    app = start_app()
    app.text_input(key="start.token kaggle").set_value("KGAT_0123").run()
    button(app, "Keep this token").click().run()
    assert not app.exception
    path = tmp_path / ".kaggle" / "access_token"
    assert path.read_text() == "KGAT_0123"
    assert sys.platform == "win32" or path.stat().st_mode & 0o077 == 0
    assert app.text_input(key="start.token kaggle").value == ""
    assert "KGAT" not in text_of(app)
