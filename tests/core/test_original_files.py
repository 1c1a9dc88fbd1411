"""What covey writes for the original tools, read by the steps that their frontend takes; and their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixture_types import Cli
from tests.original_frontend import SIZES, OriginalFrontend

from covey.components.kinds import Kind
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.labelling import open_labels
from covey.outputs.exchange.original_tools.original_models import OriginalModel, name_models

pandas = pytest.importorskip("pandas")

RUN = ["--extractor", "brightness", "--reducer", "pca", "--clusterer", "kmeans", "--set", "clusterer.clusters=2"]


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    """Return a dataset of two recordings with 24 images of random noise."""
    folder = tmp_path / "birds"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(24):
        pixels = rng.integers(0, 255, (16, 24, 3), dtype=np.uint8)
        name = f"XC{1 + number // 12}_Great_tit_segm_{number % 12 * 0.315:08.3f}.png"
        Image.fromarray(pixels).save(folder / "images" / name)
    return folder


@pytest.mark.usefixtures("brightness")
def test_the_command_of_the_readme_after_a_run_on_defaults(covey: Cli, birds: Path, tmp_path: Path) -> None:
    assert covey("run", birds, *RUN).exit_code == 0  # makes 8 dimensions alone
    done = covey("export", birds, "--to", "original", tmp_path / "published")
    assert done.exit_code == 0, done.output
    frontend = OriginalFrontend(tmp_path / "published")
    assert frontend.models == ["brightness.npz"]
    assert frontend.files == [f"dimred_{size}_neigh_0_brightness.npz" for size in (2, 4, 8)]
    assert frontend.sizes("brightness.npz") == SIZES
    assert len(frontend.open()) == 24
    assert "Of 1 model 1 used." in done.stderr
    assert "finds no group with its first settings (eps 0.4, 20 neighbours)" in done.stderr
    planned = covey("run", birds, *RUN, "--set", "reducer.sizes=2,4,8", "--dry-run")
    assert "0 kept" not in planned.stdout
    assert "2 tables to make" in planned.stdout  # clusterings alone
    computed = {entry.shape[1]: FolderDataset(birds).load(entry) for entry in FolderDataset(birds).embeddings()}
    for size, table in computed.items():
        with np.load(tmp_path / "published" / f"dimred_{size}_neigh_0_brightness.npz") as file:
            assert file["X_red"].tobytes() == table.Z.tobytes()
    assert FolderDataset(tmp_path / "published").images is not None
    published = FolderDataset(tmp_path / "published").embeddings()
    assert {entry.provenance.key for entry in published if entry.provenance} == {
        table.provenance.key for table in computed.values() if table.provenance
    }


@pytest.mark.usefixtures("brightness")
def test_each_model_is_there_in_all_sizes(covey: Cli, birds: Path, tmp_path: Path) -> None:
    layers = ["--set", "extractor.layers=mean,deviation", "--set", "extractor.bands=4,5"]
    reducers = ["--reducer", "pca", "--set", "reducer.sizes=2,4,8"]
    done = covey("run", birds, *RUN, *layers, *reducers)
    assert done.exit_code == 0, done.output
    assert covey("export", birds, "--to", "original", tmp_path / "out").exit_code == 0
    frontend = OriginalFrontend(tmp_path / "out")
    assert all(frontend.sizes(model) == SIZES for model in frontend.models)
    assert len(frontend.models) == 4
    assert len(frontend.files) == 12
    assert all(sum(other.endswith(model) for other in frontend.models) == 1 for model in frontend.models)
    frontend.open()


def model(tag: str, **settings: object) -> OriginalModel:
    """Return a model of features with this tag."""
    features = Provenance(kind=Kind.EXTRACTOR, component="x", tag=tag, version=1, options={}, input="")
    reduced = Provenance(
        kind=Kind.REDUCER, component="y", tag="y", version=1, options=settings, input=features.key, source=features
    )
    return OriginalModel(reduced, {})


def test_no_name_of_a_model_ends_with_that_of_another() -> None:
    models = [model("birdnet"), model("vgg16+birdnet"), model("net", seed=0), model("net", seed=1), model("a_net")]
    names = name_models(models)
    assert len(set(names)) == len(names)
    assert not [(one, other) for one in names for other in names if one != other and other.endswith(one)]
    assert names[1:4] == ["vgg16+birdnet", "net_seed-0", "net_seed-1"]
    assert names[0].startswith("birdnet_")


def test_the_tables_of_the_original_go_back_under_their_names(covey: Cli, birds: Path, tmp_path: Path) -> None:
    names = np.array(sorted(path.name for path in (birds / "images").iterdir()), dtype=object)
    rng, file_names = np.random.default_rng(0), []
    for size in (2, 4, 8, 16):
        file_names.append(f"dimred_{size}_neigh_10_saec_20250614_004030.npz")
        X = rng.normal(size=(24, size)).astype(np.float32)
        np.savez(birds / file_names[-1], X_red=X, X_2D=X[:, :2], N=names[::-1])
    np.savez(birds / "dimred_8_neigh_10_vgg16_features.28.npz", X_red=X, X_2D=X[:, :2], N=names)
    done = covey("export", birds, "--to", "original", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "Of 2 models 1 used; 1 without all of the sizes 2, 4 and 8 (vgg16_features.28)." in done.stderr
    frontend = OriginalFrontend(tmp_path / "out")
    assert sorted(frontend.files) == sorted(file_names[:3])
    frontend.open()


def test_without_all_sizes_the_option_that_makes_them_is_named(covey: Cli, birds: Path, tmp_path: Path) -> None:
    done = covey("export", birds, "--to", "original", tmp_path / "out")
    assert done.exit_code == 2
    assert "find groups with the option sizes of the reducer set to 2,4,8" in done.stderr
    assert not (tmp_path / "out").exists()


def test_metadata_of_xeno_canto_are_what_they_were(covey: Cli, birds: Path, tmp_path: Path) -> None:
    nested = {"small": "a", "large": "b"}
    frame = pandas.DataFrame(
        {"file_name_stub": ["XC1_Great_tit"], "gen": "Parus", "sp": "major", "cnt": "France", "osci": [nested]}
    )
    frame.to_pickle(birds / "downloaded_data_meta.pkl")
    assert covey("export", birds, "--to", "original", tmp_path / "out", "--what", "metadata").exit_code == 0
    (row,) = pandas.read_pickle(tmp_path / "out" / "downloaded_data_meta.pkl").to_dict("records")
    assert row["osci"] == nested
    assert (row["full_spec_name"], row["cnt"], row["length"], row["smp"]) == ("Parus major", "France", "", "")


def test_labels_are_written_as_the_original_does(covey: Cli, birds: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in (birds / "images").iterdir())
    store = open_labels(FolderDataset(birds))
    store.add(names[:2], "class1")
    store.add(names[1:3], "class2")
    done = covey("export", birds, "--to", "original", tmp_path / "out", "--what", "labels")
    assert done.exit_code == 0, done.output
    table = pandas.DataFrame({"filename": names, "class1": 0.0, "class2": 0.0})
    table.loc[:1, "class1"] = 1.0
    table.loc[1:2, "class2"] = 1.0
    written = (tmp_path / "out" / "clustering_based_labels.csv").read_bytes()
    assert written == table.to_csv().encode()
    (birds / "labels.sqlite").unlink()
    done = covey("import", "labels", birds, tmp_path / "out" / "clustering_based_labels.csv")
    assert "4 labels: 4 new" in done.stdout
    assert open_labels(FolderDataset(birds)).images("class2") == names[1:3]
