"""covey run: from a folder of images to clusters on disk."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.fixture_types import Cli
from tests.json_types import DatasetJson, MeasuresJson, TableJson

from covey._base.progress import SILENT
from covey.data.catalogue.catalogue import Catalogue
from covey.data.catalogue.image_rows import LAYOUT, ImageRows
from covey.data.folder import FolderDataset
from covey.data.images import ImageFolder

LIGHT = (
    "--extractor",
    "brightness",
    "--reducer",
    "pca",
    "--set",
    "reducer.sizes=2,3",
    "--set",
    "clusterer.min_samples=3",
)

pytestmark = pytest.mark.usefixtures("brightness")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.npz"))}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_image_is_no_images(covey: Cli, images: Path, tmp_path: Path) -> None:
    """Wherever the command line counts, one of a thing is told in the singular."""
    pytest.importorskip("umap", reason="needs covey[umap]")
    for path in sorted(images.iterdir())[1:]:
        path.unlink()
    name, labels = "rec_segm_0000.000.png", tmp_path / "labels.csv"
    shutil.move(images / "call_00.png", images / name)
    (tmp_path / "metadata.csv").write_text(f"filename,site\n{name},here\n")
    labels.write_text(f"filename,label\n{name},robin\n")
    (tmp_path / "new.csv").write_text(f"filename,d0\n{name},1\n")
    run = ["run", images, "--extractor", "brightness", "--set", "reducer.sizes=1", "--out", tmp_path]
    done = [
        covey(*words)
        for words in (
            [*run, "--dry-run"],
            run,
            [*run, "--set", "clusterer.eps=0.3,0.4"],
            ["info", tmp_path],
            ["compare", tmp_path, "--labels", labels],
            ["report", tmp_path, "--labels", labels, "-o", tmp_path / "report.html", "--png", tmp_path / "png"],
            ["import", "features", tmp_path, tmp_path / "new.csv"],
            ["export", tmp_path, "--to", "imagefolder", tmp_path / "out"],
            ["pull", tmp_path, tmp_path / "pulled"],
        )
    ]
    assert [one.output for one in done if one.exit_code] == []
    text = "\n".join([*(one.output for one in done), (tmp_path / "report.html").read_text("utf-8")])
    for sentence in ("1 of 1 image has a label", "1 of 1 image has metadata", "1 row of new.csv",
                     "Clustering 1 image (", "Preparing 1 point: 2 parts", "3 tables to make in 3 fits"):  # fmt: skip
        assert sentence in text
    nouns = "images|rows|tables|files|pictures|points|features|clusters|clusterings|recordings|labels|fits"
    assert re.findall(rf"\b1 (?:{nouns})\b", text) == []


def test_results_are_compressed_on_request(covey: Cli, images: Path, brightness: None) -> None:
    words = ["run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2"]
    for folder, flags in (("plain", []), ("small", ["--compress"])):
        assert covey(*words, "--out", images.parent / folder, *flags).exit_code == 0
    plain, small = (sorted((images.parent / folder).glob("*.npz")) for folder in ("plain", "small"))
    assert [path.name for path in plain] == [path.name for path in small]
    for first, second in zip(plain, small, strict=True):
        assert {info.compress_type for info in zipfile.ZipFile(second).infolist()} == {zipfile.ZIP_DEFLATED}
        with np.load(first) as these, np.load(second) as those:
            assert all(np.array_equal(these[key], those[key]) for key in these)
    assert "0 tables made" in covey(*words, "--out", images.parent / "small").output


def test_results_go_into_the_dataset_or_where_out_says(covey: Cli, images: Path, tmp_path: Path) -> None:
    assert covey("run", images.parent, *LIGHT).exit_code == 0
    inside = contents(images.parent)
    assert covey("run", images, "--out", tmp_path / "out", *LIGHT).exit_code == 0
    assert contents(tmp_path / "out") == inside
    assert len([name for name in inside if name.startswith("full_features_brightness~")]) == 1
    assert len([name for name in inside if name.startswith("dimred_2_neigh_0_pca_brightness~")]) == 1
    assert len([name for name in inside if name.startswith("dimred_3_neigh_0_pca_brightness~")]) == 1
    assert (
        len([name for name in inside if name.startswith("clusters_dbscan-min_samples3_3_neigh_0_pca_brightness~")]) == 1
    )


def test_a_dataset_made_with_out_remembers_its_images(covey: Cli, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    covey("run", images, "--out", out, *LIGHT)
    document: DatasetJson = json.loads(covey("info", out, "--json").stdout)
    assert document["images"] == 24
    assert covey("run", out, *LIGHT).stdout.splitlines()[-1].startswith("0 tables made, 5 kept from before.")


def test_the_clusters_are_exported(covey: Cli, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    covey("run", images, "--out", out, *LIGHT[:-4], "--set", "clusterer.min_samples=3", "--set", "reducer.sizes=2")
    computed = rows(out / "clusters.csv")
    assert list(computed[0]) == ["filename", "cluster", "maybe", "confidence"]
    assert [row["filename"] for row in computed] == [f"call_{number:02}.png" for number in range(24)]
    groups = [{row["cluster"] for row in computed[third::3]} - {"-1"} for third in range(3)]
    assert len(set().union(*groups)) == 3
    assert all(len(group) == 1 for group in groups)
    covey(
        "run",
        images,
        "--out",
        out,
        *LIGHT,
        "--clusterer",
        "hdbscan",
        "--clusterer",
        "dbscan",
        "--set",
        "reducer.sizes=2",
    )
    assert len(rows(out / "clusters.csv")[0]) == 1 + 3 * 2 * 2  # each has a cluster, a group that may be it, confidence


def test_a_second_run_makes_nothing_and_a_change_makes_only_what_follows(covey: Cli, images: Path) -> None:
    def made(*more: str) -> str:
        return covey("run", images, *LIGHT, *more).stdout.splitlines()[-1].split(".")[0]

    assert made() == "5 tables made, 0 kept from before"
    before = contents(images)
    assert made() == "0 tables made, 5 kept from before"
    assert contents(images) == before
    assert made("--set", "clusterer.eps=0.7") == "2 tables made, 3 kept from before"
    assert made("--set", "reducer.sizes=4") == "2 tables made, 5 kept from before"
    assert made("--set", "extractor.layers=mean,deviation") == "5 tables made, 5 kept from before"


def test_a_layer_or_size_is_the_same_whatever_its_siblings(covey: Cli, images: Path, tmp_path: Path) -> None:
    covey("run", images, "--out", tmp_path / "together", *LIGHT, "--set", "extractor.layers=mean,deviation")
    for layer in ("mean", "deviation"):
        for size in ("2", "3"):
            assigned = ["--set", f"extractor.layers={layer}", "--set", f"reducer.sizes={size}"]
            covey("run", images, "--out", tmp_path / "apart", *LIGHT[:4], *LIGHT[-2:], *assigned)
    assert contents(tmp_path / "apart") == contents(tmp_path / "together")


def test_options_that_the_data_decided_are_shown(covey: Cli, images: Path) -> None:
    covey("run", images, *LIGHT)
    document: DatasetJson = json.loads(covey("info", images, "--json").stdout)
    provenances = [table["provenance"] for table in document["tables"] if table["kind"] == "clustering"]
    assert [provenance["options"]["eps"] for provenance in provenances] == [None, None]
    for provenance in provenances:
        assert f"eps={provenance['details']['chosen']['eps']}," in covey("info", images).stdout


def test_more_dimensions_than_features_are_refused(covey: Cli, images: Path) -> None:
    done = covey("run", images, *LIGHT[:4], "--set", "reducer.sizes=13")
    assert done.exit_code == 2
    assert "pca: 13 dimensions cannot be computed from 12 features" in done.stderr


def test_a_changed_image_is_noticed(covey: Cli, images: Path) -> None:
    covey("run", images, *LIGHT)
    Image.new("RGB", (48, 32), "white").save(images / "call_00.png")
    assert covey("run", images, *LIGHT).stdout.splitlines()[-1].startswith("5 tables made, 0 kept")


def test_broken_images_are_named_and_left_out_every_time(covey: Cli, images: Path) -> None:
    good = (images / "call_00.png").read_bytes()
    (images / "cut off.png").write_bytes(good[: len(good) // 2])
    (images / "empty.png").write_bytes(b"")
    for _ in range(2):
        result = covey("run", images, *LIGHT)
        assert result.exit_code == 0
        assert "cut off.png is left out: " in result.stderr
        assert "empty.png is left out: it is empty." in result.stderr
    assert len(rows(images / "clusters.csv")) == 24
    assert "2 broken images left out" in covey("info", images).stdout


def features_by_name(folder: Path) -> dict[str, NDArray[np.float32]]:
    (entry,) = FolderDataset(folder).features()
    table = FolderDataset(folder).load(entry)
    names: list[str] = table.names.tolist()
    return dict(zip(names, table.X, strict=True))


def test_images_of_several_sizes_keep_their_places(covey: Cli, images: Path, tmp_path: Path) -> None:
    covey("run", images, "--out", tmp_path / "alone", *LIGHT)
    for number in range(0, 40, 2):
        Image.new("RGB", (20 + number % 4, 32), "grey").save(images / f"call_{number:02}x.png")
    covey("run", images, "--out", tmp_path / "mixed", *LIGHT)
    alone, mixed = (features_by_name(tmp_path / name) for name in ("alone", "mixed"))
    assert list(mixed) == sorted(mixed)
    assert len(mixed) == 44
    assert all(np.array_equal(alone[name], mixed[name]) for name in alone)


@pytest.mark.parametrize("kind", ["missing", "empty", "no images", "a file", "all broken"])
def test_a_folder_that_is_no_dataset(covey: Cli, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "birds"
    if kind == "a file":
        folder.write_text("x")
    elif kind != "missing":
        folder.mkdir()
    if kind == "no images":
        (folder / "notes.txt").write_text("x")
    if kind == "all broken":
        (folder / "x.png").write_bytes(b"x")
    result = covey("run", folder, *LIGHT)
    assert result.exit_code == 2
    assert str(folder) in result.stderr
    assert result.stderr.count("Error") == 1
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.rglob("*.npz"))


def test_a_file_can_send_its_results_elsewhere(covey: Cli, images: Path, tmp_path: Path) -> None:
    path, out = tmp_path / "run.toml", tmp_path / "out"
    steps = {"extractor": "brightness", "reducer": "pca", "clusterer": "kmeans"}
    parts = "".join(f'[[{kind}]]\nuse = "{name}"\n' for kind, name in steps.items())
    path.write_text(f"dataset = {json.dumps(str(images))}\n{parts}", "utf-8")
    assert covey("run", path, "--out", out).exit_code == 0
    assert (out / "clusters.csv").is_file()


def test_imported_features_are_clustered_without_any_image(covey: Cli, tmp_path: Path) -> None:
    dataset, table = tmp_path / "birds", tmp_path / "scores.csv"
    dataset.mkdir()
    X = np.random.default_rng(0).normal(size=(60, 4)) + 9 * (np.arange(60) % 3)[:, None]
    rows = [f"call_{row}.png," + ",".join(map(str, features)) for row, features in enumerate(X)]
    table.write_text("\n".join(["filename,a,b,c,d", *rows]))
    assert covey("import", "features", dataset, table).exit_code == 0
    (features,) = dataset.glob("full_features*.npz")
    words = ("--reducer", "pca", "--set", "reducer.sizes=2", "--clusterer", "kmeans", "--set", "clusterer.clusters=3")
    done = covey("run", dataset, "--features", features.name, *words)
    assert done.exit_code == 0, done.stderr
    clusters = [row["cluster"] for row in csv.DictReader((dataset / "clusters.csv").open(encoding="utf-8"))]
    assert len(clusters) == 60
    assert "There are no images" in covey("run", dataset).stderr


def forge_stamps(folder: Path) -> None:
    """Leave images as on a system without times of change, after a copy that keeps times and sizes."""
    catalogue = Catalogue(ImageFolder(folder, folder / ".covey"))
    stamps = [(folder / file.name).stat() for file in catalogue.files()]
    files = [
        attrs.evolve(file, bytes=stamp.st_size, time=stamp.st_mtime_ns, changed=stamp.st_ctime_ns)
        for file, stamp in zip(catalogue.files(), stamps, strict=True)
    ]
    with catalogue.changing(SILENT) as change:
        change.append(LAYOUT, ImageRows.of_files(files).columns, replaces=True)


def test_check_reads_an_image_that_was_replaced_without_a_trace(covey: Cli, images: Path) -> None:
    words = ("--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2", "--clusterer", "kmeans")
    assert covey("run", images, *words).exit_code == 0
    first, second = sorted(images.glob("*.png"))[:2]
    contents = second.read_bytes(), first.read_bytes()
    for path, content in zip((first, second), contents, strict=True):
        path.write_bytes(content)
    forge_stamps(images)
    assert covey("run", images, *words).stdout.splitlines()[-1].startswith("0 tables made")
    assert covey("run", images, *words, "--dry-run", "--check").stdout.splitlines()[-1].startswith("3 tables to make")
    assert covey("run", images, *words, "--check").stdout.splitlines()[-1].startswith("3 tables made")


def test_an_experiment_file_that_writes_outside_its_folder_needs_a_word(
    covey: Cli, images: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "from a stranger"
    shutil.copytree(images, folder / "birds")
    path, out = folder / "covey.toml", tmp_path / "thesis"
    for line in (f"out = {json.dumps(str(out))}", 'out = "../thesis"'):
        path.write_text(f"""dataset = "birds"
{line}
[[extractor]]
use = "brightness"
[[reducer]]
use = "pca"
sizes = [2]
[[clusterer]]
use = "kmeans"
clusters = 2
""")
        done = covey("run", path)
        assert done.exit_code == 2
        assert "thesis, outside its own folder: if it is your own file" in done.stderr
        assert covey("run", path, "--dry-run").exit_code == 2
        assert not out.exists()
    assert covey("run", path, "--allow-outside").exit_code == 0
    assert out.is_dir()
    path.write_text(path.read_text().replace("../thesis", "results"))
    assert covey("run", path).exit_code == 0


@pytest.mark.parametrize("flags", [["--precision", "bfloat16"], ["--device", "cuda", "--dry-run"], ["--no-compile"]])
def test_a_setting_that_no_extractor_uses_is_an_error(
    covey: Cli, images: Path, tmp_path: Path, flags: list[str]
) -> None:
    done = covey("run", images, "--out", tmp_path / "out", *flags, *LIGHT)
    assert done.exit_code == 2
    assert "has no effect in this run, because brightness would ignore it: leave it out." in done.stderr
    assert not list((tmp_path / "out").glob("*.npz"))


def test_precision_and_device_are_recorded_only_if_they_were_used(covey: Cli, images: Path, tmp_path: Path) -> None:
    assert covey("run", images, "--out", tmp_path / "out", "--batch-size", "8", *LIGHT).exit_code == 0
    (file,) = (tmp_path / "out").glob("full_features_*.npz")
    table: TableJson = json.loads(covey("info", file, "--json").stdout)
    runtime = table["provenance"]["details"]["runtime"]
    assert runtime["batch_size"] == 8
    assert not {"device", "precision", "threads"} & runtime.keys()
    assert "computed in" not in covey("info", tmp_path / "out").stdout


def test_the_two_ways_to_describe_a_run_do_not_mix(covey: Cli, tmp_path: Path) -> None:
    result = covey("run", tmp_path / "covey.toml", "--reducer", "pca")
    assert result.exit_code == 2
    assert "do not go with a file: write into" in result.stderr
    result = covey("run", "--like", tmp_path / "clusters.npz", "--join", "a,b")
    assert result.exit_code == 2
    assert "clusters.npz says what to make again: leave out the folder and the other flags." in result.stderr


def test_tables_under_the_names_of_earlier_versions_are_used(covey: Cli, images: Path) -> None:
    assert covey("run", images, *LIGHT).exit_code == 0
    for path in images.glob("*_pca_*.npz"):
        path.rename(path.with_name(path.name.replace("_pca_", "_").replace("~", "~0")))
    assert "0 tables made" in covey("run", images, *LIGHT).stdout


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX limits")
def test_a_full_disk_is_said_and_leaves_the_old_files(covey: Cli, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    covey("run", images, "--out", out, *LIGHT)
    before = contents(out)
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900));"
        "from covey.commands.main import main; main(sys.argv[1:])"
    )
    words = ["run", str(images), "--out", str(out), *LIGHT, "--set", "extractor.bands=8"]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=paths, check=False)
    assert done.returncode == 2
    assert "could not be written: File too large" in done.stderr
    assert contents(out) == before
    assert not list(out.glob(".*.tmp"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_that_cannot_be_written(covey: Cli, images: Path) -> None:
    images.chmod(0o500)
    result = covey("run", images, *LIGHT)
    images.chmod(0o700)
    assert result.exit_code == 2
    assert "--out" in result.stderr


def test_an_interruption_keeps_what_is_finished(images: Path) -> None:
    code = (
        "import sys, covey.experiments.pipeline as p\n"
        "from covey.commands.main import main\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "p.reduce_features = stop\n"
        "main(sys.argv[1:])"
    )
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["run", str(images), *LIGHT]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=paths, check=False)
    assert done.returncode == 130
    assert "What was finished is kept" in done.stderr
    assert len(contents(images)) == 1


def test_all_defaults_on_real_images(covey: Cli, xc_dev: Path, tmp_path: Path) -> None:
    shutil.copytree(xc_dev / "images", tmp_path / "birds" / "images")
    result = covey("run", tmp_path / "birds")
    assert result.exit_code == 0, result.stderr
    (features,) = (tmp_path / "birds").glob("full_features_tf_efficientnet_lite0_blocks.4~*.npz")
    (embedding,) = (tmp_path / "birds").glob("dimred_8_neigh_15_umap_tf_efficientnet_lite0_blocks.4~*.npz")
    assert np.load(features)["X"].shape[0] == 210
    assert np.load(embedding)["X_red"].shape == (210, 8)
    assert np.load(embedding)["X_2D"].shape == (210, 2)
    evaluated = covey("evaluate", tmp_path / "birds", "--labels", xc_dev / "labels.csv", "--json")
    scores: list[MeasuresJson] = json.loads(evaluated.stdout)
    assert scores[0]["images"] == 210
    assert scores[0]["clusters"] >= 2
