"""Tables of the original tools are clustered, evaluated, compared and reported on like covey's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fixture_types import Cli

from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.tables import Clustering, Embedding, Features
from covey.outputs.methods_text import describe_methods
from covey.plugins.registry import Registry

EMBEDDING = "dimred_8_neigh_10_ResNet50_layer3.5.conv3.npz"
POOLED = "full_features_ResNet50_layer3.5.conv3.npz"
UNPOOLED = "full_features_saec_20250614_004030.npz"
KMEANS = ["--clusterer", "kmeans", "--set", "clusterer.clusters=3"]
PCA = ["--reducer", "pca", "--set", "reducer.sizes=2"]


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    return [f"XC{number % 4}_a_segm_{number:08.3f}.png" for number in range(30)]


@pytest.fixture
def birds(tmp_path: Path, names: list[str]) -> Path:
    """Return a dataset as the original publishes it: images, embeddings and features, with pickled names."""
    folder = tmp_path / "birds"
    images = folder / "xc_spectrograms" / "xc_spectrograms"
    images.mkdir(parents=True)
    for number, name in enumerate(names):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(images / name)
    rng, N = np.random.default_rng(0), np.array(names, dtype=object)
    groups = np.arange(30) % 3
    for size in (2, 4, 8):
        Z = (rng.normal(size=(3, size), scale=5)[groups] + rng.normal(size=(30, size))).astype(np.float32)
        np.savez(folder / EMBEDDING.replace("_8_", f"_{size}_"), X_red=Z, X_2D=Z[:, :2], N=N)
    X = rng.normal(size=(3, 12), scale=5)[groups] + rng.normal(size=(30, 12))
    np.savez(folder / POOLED, X=X.astype(np.float32), N=N)
    np.savez(folder / UNPOOLED, X=rng.normal(size=(30, 16, 8)).astype(np.float32), N=N)
    return folder


def clusterings(folder: Path) -> list[Clustering]:
    dataset = FolderDataset(folder)
    return [dataset.load(entry) for entry in dataset.clusterings()]


def test_an_embedding_is_clustered_and_every_command_works_on_the_result(
    covey: Cli, birds: Path, names: list[str], tmp_path: Path
) -> None:
    done = covey("run", birds, "--embedding", birds / EMBEDDING, *KMEANS)
    assert done.exit_code == 0, done.output
    assert "1 table made" in done.stdout
    (clustering,) = clusterings(birds)
    assert clustering.provenance is not None
    assert clustering.provenance.source is not None
    assert clustering.provenance.source.identity == {"arrays": npz.hash_arrays(birds / EMBEDDING)}
    assert len(set(clustering.labels[::3])) == 1
    (birds / "labels.csv").write_text("filename,label\n" + "".join(f"{n},{i % 3}\n" for i, n in enumerate(names)))
    (row,) = json.loads(covey("evaluate", birds, "--labels", birds / "labels.csv", "--json").stdout)
    assert row["labels"]["whole"]["ami"] == pytest.approx(1)
    assert row["silhouette"] is not None
    assert "kmeans" in covey("compare", birds, "--labels", birds / "labels.csv").stdout
    assert covey("report", birds, "-o", tmp_path / "report.html").exit_code == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    assert EMBEDDING in page
    assert "made by another tool, by its name from ResNet50 layer3.5.conv3 in 8 dimensions, 10 neighbours" in page
    assert "1 kept from before" in covey("run", birds, "--embedding", EMBEDDING, *KMEANS).stdout
    assert "is of another tool" in covey("run", "--like", next(birds.glob("clusters_*.npz"))).stderr


def test_a_file_of_another_name_with_the_same_arrays_is_the_same_table(covey: Cli, birds: Path) -> None:
    assert covey("run", birds, "--embedding", EMBEDDING, *KMEANS).exit_code == 0
    with np.load(birds / EMBEDDING, allow_pickle=True) as file:
        arrays = {key: file[key] for key in file.files}
    (birds / EMBEDDING).unlink()
    np.savez_compressed(birds / "mine.npz", **arrays)
    assert "1 kept from before" in covey("run", birds, "--embedding", "mine.npz", *KMEANS).stdout
    arrays["X_red"][0] += 1
    np.savez_compressed(birds / "mine.npz", **arrays)
    assert "1 table made" in covey("run", birds, "--embedding", "mine.npz", *KMEANS).stdout


def test_a_clusterer_alone_takes_what_was_published(covey: Cli, birds: Path) -> None:
    done = covey("run", birds, *KMEANS)
    assert done.exit_code == 0, done.output
    assert f"The embeddings that another program made are clustered: {EMBEDDING}." in done.stderr
    assert "name an extractor: --extractor timm" in done.stderr
    (clustering,) = clusterings(birds)
    assert clustering.provenance is not None
    assert clustering.provenance.source is not None
    assert clustering.provenance.source.details.file == EMBEDDING


def test_what_was_published_is_found_where_options_of_the_storage_say(
    covey: Cli, birds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path / "user"))
    bucket = f"memory://{tmp_path.name}"
    fsspec.filesystem("memory").put(str(birds), f"{bucket}/birds", recursive=True)
    done = covey("run", "bucket:birds", *KMEANS, "--set", f"storage.root={bucket}")
    assert done.exit_code == 0, done.output
    assert f"The embeddings that another program made are clustered: {EMBEDDING}." in done.stderr


@pytest.mark.usefixtures("brightness")
def test_an_extractor_that_is_named_describes_the_images_anew(covey: Cli, birds: Path) -> None:
    done = covey("run", birds, "--extractor", "brightness", *PCA, *KMEANS)
    assert done.exit_code == 0, done.output
    assert "3 tables made" in done.stdout
    assert "another program" not in done.stderr
    again = covey("run", birds, "--extractor", "brightness", *PCA, *KMEANS, "--dry-run")
    assert "0 tables to make" in again.stdout


@pytest.mark.parametrize("name", [POOLED, UNPOOLED])
def test_features_of_the_original_are_reduced_and_clustered(covey: Cli, birds: Path, name: str) -> None:
    words = ["run", birds, "--features", name, *PCA, *KMEANS]
    planned = covey(*words, "--dry-run")
    assert "2 tables to make" in planned.stdout
    assert len(FolderDataset(birds).features()) == 2
    done = covey(*words)
    assert done.exit_code == 0, done.output
    assert "2 tables made" in done.stdout
    (clustering,) = clusterings(birds)
    assert clustering.provenance is not None
    origin = clustering.provenance.extractions[0]
    assert origin.is_foreign
    assert origin.options == ({"edges": 2} if name == UNPOOLED else {})
    pooled = ", and averaged over time without 2 columns at both ends" if name == UNPOOLED else ""
    text = describe_methods(clustering.provenance, Registry.installed())
    assert text.startswith(f"The features were taken from the file {name}{pooled}, made by another tool")
    assert covey("evaluate", birds).exit_code == 0
    assert "2 kept from before" in covey(*words).stdout
    assert covey("import", "features", birds, birds / name).stdout.startswith(f"{name} is there already")


def test_features_over_time_are_pooled_as_the_original_does(covey: Cli, birds: Path, names: list[str]) -> None:
    with np.load(birds / UNPOOLED, allow_pickle=True) as file:
        X = file["X"]
    for edges in (0, 2, 3):
        done = covey("import", "features", birds, birds / UNPOOLED, "--edges", edges)
        assert done.exit_code == 0, done.output
        inner = X[:, :, edges:-edges] if edges else X
        expected = np.concatenate([inner.mean(axis=2), inner.std(axis=2)], axis=1)
        stored = [
            table for table in map(FolderDataset(birds).load, FolderDataset(birds).features()) if table.provenance
        ]
        table = next(table for table in stored if table.provenance and table.provenance.options == {"edges": edges})
        assert table.X.tobytes() == expected.tobytes()
        assert table.names.tolist() == names
    done = covey("import", "features", birds, birds / UNPOOLED, "--edges", 4)
    assert "has 8 columns of time, of which none is left without 4 at both ends" in done.stderr
    assert "features --edges 3 in a terminal" in done.stderr


def test_nothing_intact_is_called_damaged(covey: Cli, birds: Path) -> None:
    document = json.loads(covey("info", birds, "--json").stdout)
    assert document["problems"] == []
    shapes = {table["name"]: table["shape"] for table in document["tables"]}
    assert shapes[UNPOOLED] == [30, 32]
    assert covey("info", birds / UNPOOLED).stdout.endswith("Nothing odd was found.\n")
    np.savez(birds / "short.npz", X=np.ones((1, 4, 4), np.float32), N=np.array(["a.png"]))
    text = covey("info", birds).stderr
    assert "short.npz has 4 columns of time" in text
    assert "damaged" not in text


def test_results_elsewhere_take_along_what_they_were_made_from(covey: Cli, birds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = covey("run", birds, "--out", out, "--embedding", EMBEDDING, "--features", UNPOOLED, *PCA, *KMEANS)
    assert done.exit_code == 0, done.output
    assert {type(FolderDataset(out).load(entry)) for entry in FolderDataset(out).entries()} == {
        Clustering, Embedding, Features
    }  # fmt: skip
    assert covey("evaluate", out).exit_code == 0
    assert not list(birds.glob("clusters*"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--embedding", "nowhere.npz"], "There is no embedding 'nowhere.npz' in the dataset."),
        (["--embedding", EMBEDDING, "--reducer", "pca"], "embeddings are reduced already"),
        (["--features", EMBEDDING], f"There are no features '{EMBEDDING}'"),
    ],
)
def test_what_is_named_wrongly(covey: Cli, birds: Path, words: list[str], sentence: str) -> None:
    done = covey("run", birds, *words)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_rows_of_other_images_are_counted(covey: Cli, birds: Path, names: list[str]) -> None:
    Z = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    for file, other_names in {
        "odd.npz": [*names[:28], names[0], "elsewhere.png"],
        "strange.npz": [f"other_{number}.png" for number in range(30)],
    }.items():
        np.savez(birds / file, X_red=Z, X_2D=Z[:, :2], N=np.array(other_names))
    done = covey("run", birds, "--embedding", "odd.npz", "--embedding", "strange.npz", *KMEANS)
    assert done.exit_code == 0, done.output
    assert (
        "odd.npz has 30 rows, and the dataset 30 images: 1 row of no image (elsewhere.png); 1 row of an image that has"
        f" another one ({names[0]}); 2 images without a row ({names[28]}, {names[29]})." in done.stderr
    )
    assert "strange.npz has 30 rows, and the dataset 30 images: 30 rows of no image (other_0.png" in done.stderr
    assert "has 30 rows" not in covey("run", birds, "--embedding", EMBEDDING, *KMEANS).stderr


@pytest.mark.parametrize(
    ("arrays", "flag", "sentence"),
    [
        ({"X_red": np.ones((3, 8)), "X_2D": np.ones((3, 2))}, "--embedding", "its arrays differ in length"),
        ({"X": np.ones((30, 4, 3))}, "--features", "covey import features --edges 1"),
        ({"X": np.array([[{}]] * 30)}, "--features", "X is an array (30, 1) of object"),
    ],
)
def test_a_named_file_that_is_no_table_says_why(
    covey: Cli, birds: Path, names: list[str], arrays: dict[str, NDArray[Any]], flag: str, sentence: str
) -> None:
    np.savez(birds / "odd.npz", allow_pickle=True, N=np.array(names), **arrays)
    done = (
        covey("run", birds, flag, "odd.npz", "--reducer", "pca")
        if flag == "--features"
        else covey("run", birds, flag, "odd.npz")
    )
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_an_experiment_file_names_embeddings(covey: Cli, birds: Path, tmp_path: Path) -> None:
    text = f'dataset = "birds"\nembeddings = ["{EMBEDDING}"]\n[[clusterer]]\nuse = "kmeans"\nclusters = 3\n'
    (tmp_path / "covey.toml").write_text(text, "utf-8")
    done = covey("run", tmp_path / "covey.toml")
    assert done.exit_code == 0, done.output
    assert "1 table made" in done.stdout


def test_a_suggestion_that_makes_one_group_says_so(covey: Cli, birds: Path, names: list[str]) -> None:
    steps = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(30, 2).astype(np.float32)
    np.savez(birds / "grid.npz", X_red=steps, X_2D=steps, N=np.array(names))
    done = covey("run", birds, "--embedding", "grid.npz", "--clusterer", "dbscan", "--set", "clusterer.min_samples=3")
    assert done.exit_code == 0, done.output
    assert "What the data suggest (eps = " in done.stdout
    assert "makes one group only, which tells nothing apart: try other values." in done.stdout
    fixed = covey(
        "run",
        birds,
        "--embedding",
        "grid.npz",
        "--clusterer",
        "dbscan",
        "--set",
        "clusterer.eps=2",
        "--set",
        "clusterer.min_samples=3",
    )
    assert "What the data suggest" not in fixed.stdout


@pytest.mark.parametrize("flags", [["--embedding"], ["--features"], ["--extractor", "timm", "--join"]])
def test_a_file_elsewhere_is_not_taken_for_that_of_its_name_in_the_dataset(
    covey: Cli, birds: Path, tmp_path: Path, flags: list[str]
) -> None:
    name = EMBEDDING if "--embedding" in flags else POOLED
    elsewhere = tmp_path / "elsewhere" / name
    elsewhere.parent.mkdir()
    elsewhere.write_bytes((birds / name).read_bytes())
    done = covey("run", birds, *flags, elsewhere)
    assert done.exit_code == 2
    assert f"{elsewhere} is not in the dataset {birds}: copy it there, and name it again." in done.stderr
