"""covey info: what is in a folder or a file, what made it, and what is odd about it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from tests.fixture_types import Cli
from tests.json_types import DatasetJson, FrameJson, TableJson
from tests.unwritable import unwritable

from covey import Features, Runtime, component
from covey.components.contracts import Extract
from covey.data.folder import FolderDataset
from covey.data.formats import npz
from covey.data.legacy.file_names import LegacyOrigin, parse_file_name
from covey.experiments.pipeline import Pipeline
from covey.labelling import open_labels
from covey.testing import Brightness, tiny_images, tiny_tables
from covey_npz import Npz


def read_table(covey: Cli, path: Path) -> TableJson:
    table: TableJson = json.loads(covey("info", path, "--json").stdout)
    return table


def read_dataset(covey: Cli, folder: Path) -> DatasetJson:
    dataset: DatasetJson = json.loads(covey("info", folder, "--json").stdout)
    return dataset


def test_a_file_is_described_with_its_arrays_and_its_provenance(covey: Cli, tmp_path: Path) -> None:
    tables = tiny_tables(["a.png", "b.png"])
    Npz().open(str(tmp_path)).save(tables)
    (path,) = tmp_path.glob("dimred_*")
    document = read_table(covey, path)
    assert document["kind"] == "embedding"
    assert document["arrays"]["X_red"] == {"dtype": "<f4", "shape": [2, 8]}
    assert document["arrays"]["N"] == {"dtype": "<U5", "shape": [2]}
    provenance = tables[1].provenance
    assert provenance is not None
    assert document["provenance"] == provenance.to_dict()
    assert document["checks"] == []
    text = covey("info", path).stdout
    assert "embedding, 2 x 8" in text
    assert "X_2D: <f4 (2, 2)" in text
    assert "Nothing odd was found." in text
    assert text.index(provenance.component) < text.index("brightness (")


def test_a_file_of_the_original_tools_has_the_origin_in_its_name(covey: Cli, tmp_path: Path) -> None:
    path = tmp_path / "dimred_8_neigh_10_ResNet50_layer3.5.conv3.npz"
    np.savez(path, X_red=np.zeros((2, 8)), X_2D=np.zeros((2, 2)), N=np.array(["a.png", "b.png"], dtype=object))
    origin = {"model": "ResNet50", "layer": "layer3.5.conv3", "size": 8, "neighbors": 10}
    assert read_table(covey, path)["origin"] == origin
    assert read_dataset(covey, tmp_path)["tables"][0]["origin"] == origin
    for place in (path, tmp_path):
        text = covey("info", place).stdout
        assert "no provenance: made by another tool, by its name from ResNet50 layer3.5.conv3 in 8 dimensions" in text


@pytest.mark.parametrize(
    ("name", "model", "layer", "size", "neighbors"),
    [
        ("full_features_vgg16_features.28.npz", "vgg16", "features.28", None, None),
        ("full_features_MobileNet_V3_Large_features.16.npz", "MobileNet_V3_Large", "features.16", None, None),
        ("dimred_4_neigh_10_MaxVit_T_blocks.3.layers.1.layers.MBconv.layers.conv_c.npz", "MaxVit_T",
         "blocks.3.layers.1.layers.MBconv.layers.conv_c", 4, 10),
        ("dimred_16_neigh_10_saec_20240101_120000.npz", "saec_20240101_120000", "", 16, 10),
    ],
)  # fmt: skip
def test_names_of_the_original_tools(
    name: str, model: str, layer: str, size: int | None, neighbors: int | None
) -> None:
    assert parse_file_name(name) == LegacyOrigin(model=model, layer=layer, size=size, neighbors=neighbors)


@pytest.mark.parametrize(
    "name", ["features.npz", "dimred_8.npz", "dimred_x_neigh_10_vgg16_a.npz", "full_features_.npz"]
)
def test_another_name_says_nothing(name: str) -> None:
    assert parse_file_name(name) is None


def test_what_is_odd_is_told(covey: Cli, tmp_path: Path) -> None:
    names = ["a.png", "a.png", "B.png", "b.png", "u\u0308.png", "ü.png", "../c.png", "C:\\d.png", "e" * 201, "\ud800"]
    X = np.zeros((len(names), 3))
    X[2, 1] = np.nan
    np.savez(tmp_path / "x.npz", X=X, N=np.array(names))
    assert read_table(covey, tmp_path / "x.npz")["checks"] == [
        "Names that stand there more than once: a.png.",
        "Names that differ only in upper and lower case or in Unicode form from others: "
        "B.png, b.png, u\u0308.png and 1 more.",
        "Names that lead out of the image folder, and are never opened: ../c.png, C:\\d.png.",
        "Names that are no valid text: '\\ud800'.",
        f"Names longer than 200 characters, which make the file large: {'e' * 50}….",
        "Images with values that are not finite: B.png.",
    ]


def test_a_name_never_commands_the_terminal(covey: Cli, tmp_path: Path) -> None:
    names = np.array(["\x1b]0;gone\x07.png"] * 2)
    np.savez(tmp_path / "x.npz", X=np.zeros((2, 3)), N=names)
    text = covey("info", tmp_path / "x.npz").stdout
    assert "gone" in text
    assert "\x1b" not in text


def test_a_damaged_file_is_told(covey: Cli, tmp_path: Path) -> None:
    (features, *_) = tiny_tables(["a.png", "b.png", "c.png"])
    path = tmp_path / "large.npz"
    npz.write(path, Features(names=features.names, X=np.ones((3, 200_000), np.float32), provenance=None))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = covey("info", path)
    assert done.exit_code == 2
    assert "large.npz cannot be read (Bad CRC-32 for file 'X.npy')" in done.stderr


def test_a_file_that_is_no_table_is_said_to_be_none(covey: Cli, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", weights=np.zeros((3, 2)))
    text = covey("info", tmp_path / "x.npz").stdout
    assert "weights: <f8 (3, 2)" in text
    assert "is no table that covey knows: it holds weights" in text


@pytest.mark.parametrize("name", ["call.png", "labels.csv", "notes.txt", "covey", "labels.sqlite"])
def test_a_file_of_another_kind_is_not_read(covey: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"filename,label")
    done = covey("info", tmp_path / name)
    assert done.exit_code == 2
    message = "of no kind that covey info reads: name a folder, a table (.npz) or pickled metadata (.pkl)"
    assert done.stderr == f"Error: {tmp_path / name} is {message}.\n"


def test_pickled_metadata_are_described(covey: Cli, xc_dev: Path) -> None:
    document: FrameJson = json.loads(covey("info", xc_dev / "downloaded_data_meta.pkl", "--json").stdout)
    assert document["rows"] == 42
    assert "full_spec_name" in document["columns"]
    assert "a pickled table of 42 rows" in covey("info", xc_dev / "downloaded_data_meta.pkl").stdout


def test_labels_and_metadata_of_a_dataset_are_described(covey: Cli, tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", count=3)
    document = read_dataset(covey, tmp_path)
    assert (document["labels"], document["metadata"]) == (None, None)
    text = covey("info", tmp_path).stdout
    assert "Labels: none" in text
    assert "Metadata: none" in text
    assert not (tmp_path / "labels.sqlite").exists()
    dataset = FolderDataset(tmp_path)
    assert dataset.images is not None
    first, second, _ = dataset.images.names()
    store = open_labels(dataset)
    store.add([first, second], "robin")
    store.add([first], "call")
    (tmp_path / "metadata.csv").write_text(f"filename,site\n{first},here\nother.png,there\n")
    document = read_dataset(covey, tmp_path)
    classes = {"robin": 2, "call": 1}
    assert document["labels"] == {
        "file": str(tmp_path / "labels.sqlite"),
        "classes": classes,
        "images": 2,
        "out_of_date": [],
        "nothing_there": 0,
    }
    table = tmp_path / "metadata.csv"
    balance = "Of 2 rows 1 used; 1 of no image (other.png)."
    summary = {"file": str(table), "rows": 2, "columns": ["site"], "images": 1, "balance": balance}
    assert document["metadata"] == summary
    text = covey("info", tmp_path).stdout
    assert f"Labels: 2 classes, 2 labelled images, in {tmp_path / 'labels.sqlite'}\n  robin (2), call (1)\n" in text
    assert f"Metadata: 2 rows for 1 of 3 images, in {table}\n  site\n  {balance}\n" in text


def test_labels_and_metadata_that_cannot_be_read_hide_nothing_else(covey: Cli, tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", count=2)
    (tmp_path / "labels.sqlite").write_bytes(b"PK something else" * 300)
    (tmp_path / "downloaded_data_meta.pkl").write_bytes(b"no pickle")
    document = read_dataset(covey, tmp_path)
    assert (document["images"], document["labels"], document["metadata"]) == (2, None, None)
    done = covey("info", tmp_path)
    assert "Features: none" in done.stdout
    for name, problem in zip(("labels.sqlite", "downloaded_data_meta.pkl"), document["problems"], strict=True):
        assert name in problem
        assert problem in done.stderr


def test_looking_at_a_dataset_that_cannot_be_written_makes_no_labels_of_ones_own(covey: Cli, lab: Path) -> None:
    tiny_images(lab / "birds" / "images", 3)
    with unwritable(lab / "birds"):
        assert "Labels: none" in covey("info", lab / "birds").stdout
        assert not (lab / "home" / "labels").exists()
        open_labels(FolderDataset(lab / "birds")).add(["a.png"], "robin")
        assert "Labels: 1 class, 1 labelled image, in" in covey("info", lab / "birds").stdout


def test_what_an_interrupted_run_left_is_told(covey: Cli, tmp_path: Path) -> None:
    images = tiny_images(tmp_path / "images", 40)
    dataset = FolderDataset(tmp_path)
    calls = iter(range(2))

    @component
    class Stopping(Brightness):
        """Is interrupted at the second batch."""

        name = "stopping"

        def load(self, runtime: Runtime) -> Extract:
            work = super().load(runtime)
            return lambda pixels: work(pixels) if next(calls) == 0 else interrupt()

    with pytest.raises(KeyboardInterrupt):
        Pipeline(dataset, images, Runtime(batch_size=32)).extract_features(Stopping())
    (folder,) = (tmp_path / ".covey" / "features").iterdir()
    output = covey("info", tmp_path).stdout
    assert f"stopping: 32 of 40 images, in {folder}" in output
    assert "the same covey run goes on with them" in output
    assert read_dataset(covey, tmp_path)["unfinished"] == [
        {"tag": "stopping", "done": 32, "total": 40, "folder": str(folder)}
    ]
    shutil.rmtree(folder)
    assert "Unfinished" not in covey("info", tmp_path).stdout


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


def test_images_without_features_and_features_without_images(covey: Cli, tmp_path: Path) -> None:
    tiny_images(tmp_path / "images", count=2)
    assert "2 images" in covey("info", tmp_path / "images").stdout
    assert "Features: none" in covey("info", tmp_path / "images").stdout
    (tmp_path / "tables").mkdir()
    Npz().open(str(tmp_path / "tables")).save(tiny_tables(["a.png", "b.png"]))
    assert ": 0 images" in covey("info", tmp_path / "tables").stdout
    assert "Features: 1" in covey("info", tmp_path / "tables").stdout
