"""Results go to other programs and come back: CSV, Parquet, image folders, Raven, Audacity, arrays."""

from __future__ import annotations

import csv
import json
import pickle
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.io import wavfile
from tests.fixture_types import Cli, Distribution

from covey import Clustering, CoveyError, Embedding, Features
from covey.components.kinds import Kind
from covey.data import metadata
from covey.data.folder import FolderDataset
from covey.data.provenance import Provenance
from covey.data.segment_names import parse_segment_names
from covey.labelling import LabelStore, open_labels
from covey.outputs.exchange.imports.match_selections import match_selections
from covey.outputs.exchange.safe_filenames import FileNames
from covey.outputs.exchange.selection_tables.image_segments import ImageSegment
from covey.outputs.exchange.selection_tables.intervals import Interval, merge_segments
from covey.outputs.exchange.selection_tables.selections import SelectionRow, SelectionTable

FORMULAS = ["=1+1.png", "+x.png", "-1", "@sum.png", "'=x.png", "plain.png", "é, “x”.png"]


def provenance_of(kind: Kind, tag: str = "x") -> Provenance:
    return Provenance(kind=kind, component=tag, tag=tag, version=1, options={}, input="")


def store_tables(folder: Path, names: list[str], clusters: list[int] | None = None) -> FolderDataset:
    """A dataset with features, an embedding and a clustering of these images, which need not exist."""
    rng, dataset = np.random.default_rng(0), FolderDataset(folder)
    X = (rng.normal(size=(len(names), 5)) * 10.0 ** rng.integers(-30, 30, (len(names), 5))).astype(np.float32)
    labels = np.array(clusters or [0] * len(names), np.int32)
    dataset.save(
        [
            Features(names=names, X=X, provenance=provenance_of(Kind.EXTRACTOR)),
            Embedding(names=names, Z=X[:, :3], map=X[:, 3:], provenance=provenance_of(Kind.REDUCER)),
            Clustering(names=names, labels=labels, provenance=provenance_of(Kind.CLUSTERER)),
        ]
    )
    return dataset


def cut(recording: str, *starts: float) -> list[str]:
    return [f"{recording}_segm_{start:08.3f}.png" for start in starts]


def draw_images(folder: Path, *names: str) -> None:
    """Make images of these names, each another one."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / name)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_number(cell: str) -> bool:
    try:
        return isinstance(float(cell), float)
    except ValueError:
        return False


def arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """The arrays of the one table of features that a folder holds."""
    (path,) = folder.glob("full_features_*.npz")
    with np.load(path) as file:
        return {key: file[key] for key in ("X", "N")}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_features_come_back_exactly(covey: Cli, tmp_path: Path, form: str) -> None:
    store_tables(tmp_path / "birds", FORMULAS)
    assert covey("export", tmp_path / "birds", "--to", form, tmp_path / "out").exit_code == 0
    before = arrays(tmp_path / "birds")
    for name, X in {"full_features": before["X"], "dimred": before["X"][:, :3]}.items():
        (tmp_path / name).mkdir()
        (path,) = (tmp_path / "out").glob(f"{name}_*")
        done = covey("import", "features", tmp_path / name, path)
        assert done.exit_code == 0, done.output
        after = arrays(tmp_path / name)
        assert after["X"].tobytes() == X.tobytes()
        assert after["N"].tolist() == before["N"].tolist()


def test_a_table_for_each_thing_that_a_dataset_holds(covey: Cli, tmp_path: Path, images: Path) -> None:
    dataset = store_tables(tmp_path, [f"call_{number:02}.png" for number in range(24)])
    open_labels(dataset).add(["call_01.png"], "song")
    (tmp_path / "metadata.csv").write_text("filename,site\ncall_01.png,Ötztal\n", "utf-8")
    (tmp_path / "broken.npz").write_bytes(b"")
    done = covey("export", tmp_path, "--to", "csv", tmp_path / "out")
    assert done.exit_code == 0
    assert "broken.npz cannot be read" in done.stderr
    assert "Of 6 tables 5 used; 1 that cannot be read (broken.npz)." in done.stderr
    assert "metadata.csv: 1 of 24 images has metadata." in done.stderr
    files = {path.name.partition("~")[0]: table(path) for path in (tmp_path / "out").iterdir()}
    assert {name: (len(rows), list(rows[0])) for name, rows in files.items()} == {
        "full_features_x": (24, ["filename", "d0", "d1", "d2", "d3", "d4"]),
        "dimred__neigh_0_x": (24, ["filename", "map_x", "map_y", "d0", "d1", "d2"]),
        "clusters.csv": (24, ["filename", "cluster"]),
        "labels.csv": (1, ["filename", "label", "when", "how"]),
        "metadata.csv": (24, ["filename", "site"]),
    }
    assert [row["site"] for row in files["metadata.csv"] if row["site"]] == ["Ötztal"]


@pytest.mark.usefixtures("brightness")
def test_parquet_as_other_programs_read_it(covey: Cli, tmp_path: Path, images: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    words = ["--extractor", "brightness", "--reducer", "pca", "--clusterer", "dbscan"]
    assert covey("run", images, *words, "--set", "reducer.sizes=2").exit_code == 0
    assert covey("export", images, "--to", "parquet", tmp_path / "out").exit_code == 0
    clusters = parquet.read_table(tmp_path / "out" / "clusters.parquet").to_pydict()
    assert [(row["filename"], int(row["cluster"])) for row in table(images / "clusters.csv")] == [
        *zip(clusters["filename"], clusters["cluster"], strict=True)
    ]
    (path,) = (tmp_path / "out").glob("dimred_*")
    stored = parquet.read_table(path)
    assert [str(field.type) for field in stored.schema] == ["string", "float", "float", "float", "float"]
    with np.load(next(images.glob("dimred_*"))) as file:
        assert np.array_equal(np.stack([stored["d0"], stored["d1"]], axis=1), file["X_red"])


def test_no_cell_is_a_formula(covey: Cli, tmp_path: Path) -> None:
    store = open_labels(store_tables(tmp_path, FORMULAS, [-1] * len(FORMULAS)))
    store.add(["@sum.png"], "=cmd")
    (tmp_path / "metadata.csv").write_text("filename,=site,lat\n@sum.png,+49,-3.5\n")
    assert covey("export", tmp_path, "--to", "csv", tmp_path / "out").exit_code == 0
    for path in (tmp_path / "out").iterdir():
        cells = {cell for row in csv.reader(path.read_text("utf-8").splitlines()) for cell in row}
        assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number(cell)]
        assert "-1" not in {row.get("filename") for row in table(path)}
    assert table(tmp_path / "out" / "labels.csv")[0]["label"] == "'=cmd"
    assert {row["cluster"] for row in table(tmp_path / "out" / "clusters.csv")} == {"-1"}
    assert "-3.5" in {row["lat"] for row in table(tmp_path / "out" / "metadata.csv")}


def test_nothing_is_overwritten_unasked(covey: Cli, tmp_path: Path) -> None:
    store_tables(tmp_path / "birds", ["a.png"])
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    words = ["export", tmp_path / "birds", "--to", "csv", out]
    refused = covey(*words)
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"Error: {out} is not empty: name a new folder, or overwrite the files of the same name.\n",
    )
    (out / "clusters.csv").write_text("old")
    assert covey(*words, "--overwrite").exit_code == 0
    assert (out / "mine.txt").read_text() == "mine"
    assert len(table(out / "clusters.csv")) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--to", "raven", "--what", "features"], "raven cannot hold features: it holds clusters, labels."),
        (["--to", "csv", "--what", "labels"], "holds no labels: there is nothing to export."),
        (["--to", "raven", "--segment", "1"], "Nothing tells which recording the images show"),
        (["--to", "audacity"], "nor a table clips.csv"),
        (["--to", "imagefolder"], "has no images here"),
    ],
)
def test_what_cannot_be_exported(covey: Cli, tmp_path: Path, words: list[str], sentence: str) -> None:
    store_tables(tmp_path / "birds", ["a.png"])
    done = covey("export", tmp_path / "birds", tmp_path / "out", *words)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert not (tmp_path / "out").exists()


def test_places_that_are_not_exported_to(covey: Cli, tmp_path: Path, images: Path) -> None:
    store_tables(tmp_path, ["call_00.png"])
    (tmp_path / "file").write_text("")
    for out, sentence in (("file", "is a file: name a folder"), ("images/out", "lies in the folder with the images")):
        done = covey("export", tmp_path, "--to", "csv", tmp_path / out)
        assert done.exit_code == 2
        assert sentence in done.stderr


def test_a_name_that_is_no_unicode(tmp_path: Path, covey: Cli) -> None:
    store_tables(tmp_path, ["a\udcff.png"])
    done = covey("export", tmp_path, "--to", "csv", tmp_path / "out")
    assert done.exit_code == 2
    assert "is no valid Unicode" in done.stderr


def test_an_image_folder_for_hugging_face(covey: Cli, tmp_path: Path, xc_dev: Path) -> None:
    """Its rules: metadata.csv beside the images or above them, `file_name` a path from there on, each image once."""
    birds, out = tmp_path / "birds", tmp_path / "out"
    shutil.copytree(xc_dev, birds, ignore=lambda _, names: [name for name in names if "XC1" in name])
    names = FolderDataset(birds).images.names()  # type: ignore[union-attr]
    open_labels(store_tables(birds, names)).add(names[:2], "song")
    assert covey("export", birds, "--to", "imagefolder", out).exit_code == 0
    rows = table(out / "metadata.csv")
    assert next(iter(rows[0])) == "file_name"
    assert sorted(row["file_name"] for row in rows) == [f"images/{name}" for name in names]
    for row in rows:
        assert (out / row["file_name"]).read_bytes() == (birds / row["file_name"]).read_bytes()
    assert [row["label"] for row in rows[:3]] == ["song", "song", ""]
    assert rows[0]["gen"] in ("Parus", "Corvus", "Cyanistes", "Periparus", "Lophophanes", "Poecile")
    assert metadata.read_metadata(FolderDataset(out)).of(names)["label"][:3] == ["song", "song", None]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="needs links, and names that differ in case alone")
def test_images_outside_the_folder_are_not_copied(covey: Cli, tmp_path: Path) -> None:
    draw_images(tmp_path / "birds", "a.png", "A.png")
    draw_images(tmp_path, "secret.png")
    (tmp_path / "birds" / "b.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "birds" / "c.png").symlink_to(tmp_path / "gone.png")
    done = covey("export", tmp_path / "birds", "--to", "imagefolder", tmp_path / "out")
    assert "could not be copied: b.png (it lies outside the image folder), c.png (No such file" in done.stderr
    names = [row["file_name"] for row in table(tmp_path / "out" / "metadata.csv")]
    assert names == ["images/A.png", "images/a~2.png"]
    for name, source in zip(names, ["A.png", "a.png"], strict=True):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "birds" / source).read_bytes()
    done = covey("pull", tmp_path / "birds", tmp_path / "pulled")
    assert "b.png is left out: it lies outside the image folder." in done.stderr
    assert "c.png is left out: No such file or directory." in done.stderr
    assert sorted(path.name for path in (tmp_path / "pulled" / "images").iterdir()) == ["A.png", "a.png"]


def test_file_names_stay_in_the_folder_and_differ_on_every_system() -> None:
    hostile = ["../x", "/etc/passwd", "C:\\x", "..", "", "a\0b", "con", "COM1.x", "a.", "é", "é", "É", "x" * 900, ".x"]
    file_names, names = FileNames(), []
    for name in [*hostile, *hostile]:
        names.append(file_names.reserve_path(name, ".txt"))
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        for part in name.split("/"):
            assert part not in ("", ".", "..")
            assert not set(part) & set('<>:"|?*\\\0')
            assert part.partition(".")[0].casefold() not in ("con", "com1")
            assert len(part.encode()) < 200


@pytest.mark.parametrize(
    ("step", "starts", "expected"),
    [
        (0.8, [0, 0.315, 0.63, 0.946], [(0, 1.34)]),  # starts are rounded to milliseconds
        (0.8, [0, 0.315, 0.946], [(0, 0.709), (0.946, 1.34)]),
        (0.8, [0.946, 0], [(0, 0.394), (0.946, 1.34)]),
        (1, [0, 0.394, 0.788], [(0, 1.182)]),
        (2, [0, 0.788], [(0, 0.394), (0.788, 1.182)]),  # there is a gap
        (0.25, [0, 0.197], [(0, 0.394), (0.197, 0.591)]),  # a segment between them is of another class
    ],
)
def test_consecutive_segments_make_one_interval(
    step: float, starts: list[float], expected: list[tuple[float, float]]
) -> None:
    classes = {name: ["song"] for name in [*cut("rec", *starts), "other.png"]}
    intervals = merge_segments(classes, segments_of(classes, 0.394), step * 0.394)["rec"]
    assert [(one.begin, round(one.end, 6)) for one in intervals] == expected


def segments_of(names: Iterable[str], length: float) -> dict[str, ImageSegment]:
    """What images show that are named as covey names them."""
    cuts = parse_segment_names(names).items()
    return {name: ImageSegment(each.recording, each.start, length, f"{each.recording}.wav") for name, each in cuts}


def test_an_interval_never_covers_a_segment_of_another_class() -> None:
    first, between, last = cut("rec", 0, 0.1, 0.2)
    classes = {first: ["song"], last: ["song"]}
    assert merge_segments(classes, segments_of(classes, 1), 0.2) == {"rec": [Interval(0, 1.2, "song")]}
    assert merge_segments(classes, segments_of([*classes, between], 1), 0.2) == {
        "rec": [Interval(0, 1, "song"), Interval(0.2, 1.2, "song")]
    }


def test_intervals_of_several_classes_and_recordings() -> None:
    first, second, third = cut("rec", 0, 0.5, 1)
    classes = {first: ["a", "b"], second: ["a"], third: ["b"], cut("sub/rec", 3)[0]: ["a"]}
    assert merge_segments(classes, segments_of(classes, 0.5), 0.5) == {
        "rec": [Interval(0, 0.5, "b"), Interval(0, 1, "a"), Interval(1, 1.5, "b")],
        "sub/rec": [Interval(3, 3.5, "a")],
    }


@pytest.fixture
def labelled(tmp_path: Path, xc_dev: Path) -> tuple[Path, LabelStore]:
    """Real images in a folder that can be written, some labelled."""
    birds = tmp_path / "birds"
    (birds / "images").mkdir(parents=True)
    for path in [
        *sorted((xc_dev / "images").glob("XC1*.png")),
        xc_dev / "images" / "_feature_extraction_parameters.json",
    ]:
        shutil.copyfile(path, birds / "images" / path.name)
    store = open_labels(FolderDataset(birds))
    names = sorted(path.name for path in birds.rglob("XC144251*.png"))
    store.add([*names[:3], names[4]], "song")
    store.add(names[2:4], "=a\tcall".replace("\t", " "))
    return birds, store


def test_label_tracks_for_audacity(covey: Cli, tmp_path: Path, labelled: tuple[Path, LabelStore]) -> None:
    assert covey("export", labelled[0], "--to", "audacity", tmp_path / "out").exit_code == 0
    (path,) = (tmp_path / "out" / "labels").iterdir()
    assert path.name == "XC144251_Mesange_charbonniere_.txt"
    assert path.read_bytes() == (b"0.000000\t1.024000\tsong\n0.630000\t1.340000\t=a call\n1.261000\t1.655000\tsong\n")


def test_selection_tables_go_to_raven_and_come_back(
    covey: Cli, tmp_path: Path, labelled: tuple[Path, LabelStore]
) -> None:
    birds, store = labelled
    assert covey("export", birds, "--to", "raven", tmp_path / "out").exit_code == 0
    (path,) = (tmp_path / "out" / "labels").iterdir()
    assert path.name == "XC144251_Mesange_charbonniere_.Table.1.selections.txt"
    times = "Selection View Channel Begin_Time_(s) End_Time_(s) Low_Freq_(Hz) High_Freq_(Hz)"
    heads = f"{times} Begin_File Begin_Path File_Offset_(s) Label"
    sound = "XC144251_Mesange_charbonniere_.wav"
    first = f"1 Spectrogram_1 1 0.000000 1.024000 0.0 12000.0 {sound} {sound} 0.000000 song"
    assert [line.replace(" ", "_").split("\t") for line in path.read_text().splitlines()[:2]] == [
        heads.split(),
        first.split(),
    ]
    before = store.by_image()
    while store.undo():
        pass
    assert store.by_image() == {}
    done = covey("import", "raven", birds, tmp_path / "out")
    assert "Of 3 selections in 1 table 3 used. 6 labels: 6 new." in done.output
    assert {name: set(found) for name, found in store.by_image().items()} == {
        name: set(found) for name, found in before.items()
    }
    assert store.rows()[0].how == f"import of {path.name}"
    assert "6 labels: 0 new, all were there." in covey("import", "raven", birds, tmp_path / "out").output


def test_clusters_that_come_back_from_raven_are_no_classes(
    covey: Cli, tmp_path: Path, labelled: tuple[Path, LabelStore]
) -> None:
    birds, store = labelled
    before, names = store.by_image(), cut("XC144251_Mesange_charbonniere_", 0, 0.315, 0.63, 0.946)
    store_tables(birds, names, [3, 3, 0, -1])
    out = tmp_path / "out"
    assert covey("export", birds, "--to", "raven", out).exit_code == 0
    (clusters,) = out.glob("clusters_*")
    done = covey("import", "raven", birds, clusters)
    assert done.exit_code == 2
    assert "Clusters as covey exported them are no classes (cluster 3, cluster 0): write classes" in done.stderr
    done = covey("import", "raven", birds, out)
    assert "2 that are clusters as covey exported them, no classes (cluster 3, cluster 0)" in done.stdout
    assert "0 new, all were there" in done.stdout
    assert store.by_image() == before
    (table,) = clusters.iterdir()
    table.write_text(table.read_text().replace("cluster 3", "buzz"))
    assert "2 labels: 2 new." in covey("import", "raven", birds, clusters).stdout
    assert store.images("buzz") == names[:2]
    assert covey("import", "raven", birds, clusters, "--column", "Label").exit_code == 0
    assert store.images("cluster 0") == names[2:3]


def test_a_recording_is_named_as_its_file_is(covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    noise = np.random.default_rng(0).integers(-9000, 9000, 24_000).astype(np.int16)
    wavfile.write(tmp_path / "recordings" / "REC.WAV", 24_000, noise)
    assert covey("spectrograms", tmp_path / "recordings", tmp_path / "birds").exit_code == 0
    dataset = FolderDataset(tmp_path / "birds")
    assert dataset.images is not None
    open_labels(dataset).add(dataset.images.names(), "song")
    assert covey("export", tmp_path / "birds", "--to", "raven", tmp_path / "out").exit_code == 0
    (path,) = (tmp_path / "out" / "labels").iterdir()
    assert "\tREC.WAV\tREC.WAV\t0.000000\tsong\n" in path.read_text()


def test_clusters_become_tracks_without_noise(covey: Cli, tmp_path: Path) -> None:
    names = [*cut("A/x", 0, 1, 2), *cut("a-x", 0)]
    store_tables(tmp_path / "birds", names, [3, 3, -1, 0])
    assert covey("export", tmp_path / "birds", "--to", "audacity", tmp_path / "out", "--segment", 1).exit_code == 0
    (folder,) = (tmp_path / "out").glob("clusters_*")
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.txt")}
    assert files == {
        "A/x.txt": "0.000000\t2.000000\tcluster 3\n",
        "a-x.txt": "0.000000\t1.000000\tcluster 0\n",
    }


def images_of(selections: list[SelectionRow], names: list[str]) -> Mapping[str, Sequence[str]]:
    """The images of 1 s that these selections label, by class."""
    table = SelectionTable(path=Path("table.txt"), selections=selections)
    return match_selections([table], segments_of(names, 1), None).images_by_label


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (0, 1, [0]),
        (0.5, 1.5, [0, 1]),
        (0.51, 1.49, [0, 1]),  # 0.49 s of each: half of the selection, which is shorter than a segment
        (0.4, 1.45, [0]),  # 0.45 s of the second is less than half of it
        (1.2, 1.3, [1]),
        (1.6, 3.4, [2]),
        (1.95, 2.05, [1, 2]),
        (1.2, 1.2, [1]),
        (7, 8, []),
    ],
)
def test_the_rule_by_which_a_selection_labels_images(begin: float, end: float, expected: list[int]) -> None:
    names = cut("rec", 0, 1, 2, 3)
    labelled_images = images_of(
        [SelectionRow(sound="rec.wav", begin=begin, end=end, label="song")], [*names, "no cut.png"]
    )
    assert labelled_images.get("song", []) == [names[at] for at in expected]


@pytest.mark.parametrize(
    "sound", ["C:\\sounds\\XC144251_x.wav", "/home/me/XC144251-Mésange.mp3", "XC144251", "sub/XC144251_x"]
)
def test_a_sound_file_is_known_by_its_name_or_number(sound: str) -> None:
    names = cut("sub/XC144251_x", 0)
    rows = [SelectionRow(sound=path, begin=0, end=1, label="a") for path in (sound, "XC1442510.wav")]
    assert images_of(rows, names) == {"a": names}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "Begin Time (s)\tEnd Time (s)\n0\t1\n",
            "have no column 'Label'. There is: Begin Time (s), End Time (s). Name",
        ),
        ("Begin Time (s)\tLabel\n0\tx\n", "have no column 'End Time (s)'"),
        ("Begin Time (s)\tEnd Time (s)\tLabel\n0\tnan\tx\n", "(foreign.txt line 2: '0' to 'nan' are no times"),
        ("Begin Time (s)\tEnd Time (s)\tLabel\n2\t1\tx\n", "'2' to '1' are no times"),
        ("Begin Time (s)\tEnd Time (s)\tLabel\n2\n", "'2' to None are no times"),
        (
            "Begin Time (s)\tEnd Time (s)\tLabel\n2\t3\tx\n",
            "No selection is in a recording of this dataset: the tables",
        ),
        ("", "have no column 'Begin Time (s)'. There is: nothing."),
    ],
)
def test_selection_tables_that_are_refused(
    covey: Cli, tmp_path: Path, labelled: tuple[Path, LabelStore], text: str, sentence: str
) -> None:
    (tmp_path / "foreign.txt").write_text(text)
    before = labelled[1].rows()
    done = covey("import", "raven", labelled[0], tmp_path / "foreign.txt")
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert labelled[1].rows() == before


def test_parameters_that_are_damaged(covey: Cli, tmp_path: Path, labelled: tuple[Path, LabelStore]) -> None:
    path = labelled[0] / "images" / "_feature_extraction_parameters.json"
    damaged: list[Any] = [{}, {**json.loads(path.read_text()), "segment_duration_sec": -1}, []]
    for message in damaged:
        path.write_text(json.dumps(message))
        done = covey("export", labelled[0], "--to", "raven", tmp_path / "out")
        assert done.exit_code == 2
        assert "cannot be read" in done.stderr


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<f2", "<i8", "|u1"])
@pytest.mark.parametrize("ending", [".txt", ".csv", ".npy"])
def test_arrays_with_names_become_features(covey: Cli, tmp_path: Path, images: Path, dtype: str, ending: str) -> None:
    X = np.arange(48).reshape(24, 2).astype(dtype, order="F")
    names = [f"call_{number:02}.png" for number in reversed(range(24))]
    path = tmp_path / f"names{ending}"
    if ending == ".npy":
        np.save(path, names)
    else:
        path.write_text("\n".join([*(["filename"] if ending == ".csv" else []), *names]) + "\n")
    np.save(tmp_path / "birdnet.npy", X)
    words = ["import", "features", images, tmp_path / "birdnet.npy", "--names", path]
    assert covey(*words).exit_code == 0
    stored = arrays(images)
    assert stored["X"].dtype == np.float32
    assert (stored["X"].tolist(), stored["N"].tolist()) == (X.tolist(), names)
    assert "there already" in covey(*words).output
    (visible,) = json.loads(covey("info", images, "--json").stdout)["tables"]
    assert visible["provenance"]["component"] == "import"
    assert len(visible["provenance"]["identity"]["content"]) == 64


def test_a_run_goes_on_from_imported_features(covey: Cli, tmp_path: Path, images: Path) -> None:
    names = [f"call_{number:02}.png" for number in range(24)]
    rows = ["filename,d0,d1", *(f"{name},{number % 3},{number}" for number, name in enumerate(names))]
    (tmp_path / "own.csv").write_text("\n".join(rows) + "\n")
    assert covey("import", "features", images, tmp_path / "own.csv").exit_code == 0
    (features_file,) = images.glob("full_features_*.npz")
    words = [
        "run",
        images,
        "--features",
        features_file,
        "--reducer",
        "pca",
        "--set",
        "reducer.sizes=2",
        "--clusterer",
        "kmeans",
    ]
    assert covey(*words).exit_code == 0
    provenance = {
        table["kind"]: table["provenance"] for table in json.loads(covey("info", images, "--json").stdout)["tables"]
    }
    assert provenance["clustering"]["source"]["source"]["component"] == "import"
    steps = '[[reducer]]\nuse = "pca"\nsizes = [2]\n[[clusterer]]\nuse = "kmeans"\n'
    (tmp_path / "own.toml").write_text(f'dataset = "{images.as_posix()}"\nfeatures = ["{features_file.name}"]\n{steps}')
    assert "0 tables to make in 0 fits, 2 kept" in covey("run", tmp_path / "own.toml", "--dry-run").output
    wrong = covey("run", images, "--features", "full_features_imported.npz")
    assert wrong.exit_code == 2
    assert "There are no features 'full_features_imported.npz'" in wrong.stderr
    assert features_file.name in wrong.stderr


def test_names_of_others_never_command_the_terminal(covey: Cli, tmp_path: Path) -> None:
    draw_images(tmp_path / "birds", "a.png", *cut("rec", 0))
    (tmp_path / "foreign.csv").write_text("filename,d0\na.png,1\n\x1b]0;gone\x07.png,2\n")
    heads = "Begin Time (s)\tEnd Time (s)\tBegin File\tLabel\n"
    (tmp_path / "s.txt").write_text(f"{heads}0\t1\trec.wav\tsong\n0\t1\t\x1b]0;gone\x07.wav\tsong\n")
    for words in (("features", tmp_path / "birds", tmp_path / "foreign.csv"),
                  ("raven", tmp_path / "birds", tmp_path / "s.txt", "--segment", 1)):  # fmt: skip
        done = covey("import", *words)
        assert (done.exit_code, "gone" in done.output, "\x1b" in done.output) == (0, True, False)


class Harm:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("harmed"),)


def test_no_code_in_an_array_is_run(covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for array, names in (([[Harm()]], ["a"]), ([[1.0]], [Harm()])):
        np.save("X.npy", np.array(array))
        np.save("N.npy", np.array(names))
        done = covey("import", "features", tmp_path, "X.npy", "--names", "N.npy")
        assert done.exit_code == 2
        assert "cannot be read (it holds Python objects, which are never read): save a plain array" in done.stderr
    Path("X.npy").write_bytes(pickle.dumps(Harm()))
    assert covey("import", "features", tmp_path, "X.npy", "--names", "N.npy").exit_code == 2
    np.savez("zip.npz", X=np.zeros((1, 1)))
    Path("zip.npz").rename("zip.npy")
    assert covey("import", "features", tmp_path, "zip.npy", "--names", "N.npy").exit_code == 2
    assert "No such file" in covey("import", "features", tmp_path, "objects.npy", "--names", "N.npy").stderr
    assert not Path("harmed").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("filename,d0\na.png,1\na.png,2\n", "names images twice (a.png)"),
        ("filename,d0\na.png,nan\n", "no finite float32, for 'a.png'"),
        ("filename,d0\na.png,1\nb.png,1e39\n", "no finite float32, for 'b.png'"),
        ("filename,d0\na.png,many\n", "could not convert string to float: 'many' (line 2)"),
        ("filename,d0,d1\na.png,1\n", "(line 2); features are numbers"),
        ("filename,d0\n,1\n", "rows without a name"),
        ("filename,d0\n", "rows without a name"),
        ("filename\na.png\n", "needs a column 'filename' and one for each feature; there is: filename."),
        ("name,d0\na.png,1\n", "needs a column 'filename'"),
        ("filename,d0\nother/a.png,1\n", "it begins with 'other/a.png', the images with 'a.png'"),
        ("filename,d0\n../../a.png,1\n", "No row of"),
    ],
)
def test_tables_that_are_no_features(covey: Cli, tmp_path: Path, text: str, sentence: str) -> None:
    draw_images(tmp_path / "birds", "a.png", "b.png")
    (tmp_path / "foreign.csv").write_text(text)
    done = covey("import", "features", tmp_path / "birds", tmp_path / "foreign.csv")
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert sorted(path.name for path in (tmp_path / "birds").iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("array", "names", "sentence"),
    [
        ([[1.0], [2.0]], "a.png\n", "has 2 rows"),
        ([1.0], "a.png\n", "features are numbers in rows (n, d)"),
        ([["x"]], "a.png\n", "features are numbers in rows (n, d)"),
        ([[1.0]], "a.png,b\n", "does not hold a name in each line"),
        ([[float("inf")]], "a.png\n", "no finite float32"),
    ],
)
def test_arrays_that_are_no_features(covey: Cli, tmp_path: Path, array: list[Any], names: str, sentence: str) -> None:
    np.save(tmp_path / "X.npy", np.array(array))
    (tmp_path / "names.txt").write_text(names)
    done = covey("import", "features", tmp_path, tmp_path / "X.npy", "--names", tmp_path / "names.txt")
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["X.npy"], "X.npy has no names in it: name the file that has them."),
        (["X.csv", "--names", "N.npy"], "X.csv has names of its own"),
        (["X.mat"], "X.mat is no .npz, .npy, .csv or .parquet file"),
        (["X.npy", "--names", "N.npy"], "N.npy holds an array (1,) of <U1: names are text"),
    ],
)
def test_files_that_do_not_go_together(
    covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("X.npy", np.zeros((1, 2)))
    np.save("N.npy", np.full(1, 0x110000, np.uint32).view("<U1"))
    done = covey("import", "features", tmp_path, *words)
    assert done.exit_code == 2
    assert sentence in done.stderr


def test_parquet_files_that_are_no_features(tmp_path: Path) -> None:
    parquet, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    from covey.outputs.exchange.imports.import_features import import_features

    path = tmp_path / "x.parquet"
    parquet.write_table(pa.table({"filename": ["a"], "d0": ["text"]}), path)
    with pytest.raises(CoveyError, match="other values than numbers in the column 'd0'"):
        import_features(FolderDataset(tmp_path), path)
    parquet.write_table(pa.table({"filename": ["a", "b"], "d0": pa.array([1.0, None])}), path)
    with pytest.raises(CoveyError, match="no finite float32, for 'b'"):
        import_features(FolderDataset(tmp_path), path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CoveyError, match="name a whole Parquet file"):
        import_features(FolderDataset(tmp_path), path)


def test_features_belong_to_the_images_that_their_names_mean(covey: Cli, tmp_path: Path) -> None:
    draw_images(tmp_path / "birds", "a.png", "b.png")
    (tmp_path / "own.csv").write_text("filename,d0\nimages\\a.PNG,1\nb.png,2\ngone.png,3\n")
    done = covey("import", "features", tmp_path / "birds", tmp_path / "own.csv")
    assert "Of 3 rows 2 used; 1 of no image here, stored all the same (gone.png)." in done.stdout
    assert arrays(tmp_path / "birds")["N"].tolist() == ["a.png", "b.png", "gone.png"]


def test_forms_of_a_plugin_go_out_and_come_back(covey: Cli, images: Path, tmp_path: Path, outlets: None) -> None:
    FolderDataset(images).labels.add(["call_00.png", "call_01.png"], "wren")
    out = tmp_path / "out"
    assert "A sentence for each image with a class." in covey("export", "--help").stdout
    done = covey("export", images, out, "--to", "sentences", "--set", "verb=is")
    assert (done.exit_code, done.stdout) == (0, f"1 file in {out}\n"), done.stderr
    assert (out / "sentences.txt").read_text("utf-8") == "call_00.png is wren\ncall_01.png is wren\n"
    assert "sentences" in covey("import", "--help").stdout
    assert "What stands between image and class." in covey("import", "sentences", "--help").stdout
    anew = tmp_path / "anew"
    shutil.copytree(images, anew, ignore=shutil.ignore_patterns("*.sqlite*"))
    refused = covey("import", "sentences", anew, out / "sentences.txt")
    assert (refused.exit_code, "has the verb 'shows': name the one it has." in refused.stderr) == (2, True)
    done = covey("import", "sentences", anew, out / "sentences.txt", "--verb", "is")
    assert (done.exit_code, done.stdout) == (0, "2 of 2 sentences used.\n"), done.stderr
    assert FolderDataset(anew).labels.images("wren") == ["call_00.png", "call_01.png"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--to", "sentence"], "There is no exporter 'sentence'. Did you mean 'sentences'?"),
        (["--to", "sentences", "--what", "clusters"], "sentences cannot hold clusters: it holds labels."),
        (["--to", "sentences", "--segment", "3"], "sentences: there is no option 'segment'. Its options: verb."),
        (["--to", "sentences", "--set", "verb"], "--set verb: write OPTION=VALUE."),
        (["--to", "raven", "--segment", "0"], "option 'segment' must be a number greater than 0"),
        (["--to", "sentences"], "holds no labels: there is nothing to export."),
    ],
)
def test_an_export_that_cannot_be_says_why_and_writes_nothing(
    covey: Cli, images: Path, tmp_path: Path, words: list[str], message: str, outlets: None
) -> None:
    done = covey("export", images, tmp_path / "out", *words)
    assert (done.exit_code, message in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "out").exists()


def test_a_form_that_fails_is_one_sentence_that_names_the_plugin(
    covey: Cli, images: Path, tmp_path: Path, distribution: Distribution
) -> None:
    source = (Path(__file__).parents[1] / "outlets.py").read_text("utf-8").replace("lines = [", "lines = 1 // 0, [")
    distribution("covey-broken", {"broken": "covey_broken"}, covey_broken=source)
    FolderDataset(images).labels.add(["call_00.png"], "wren")
    (tmp_path / "some.txt").write_text("call_00.png shows wren\n", "utf-8")
    exported = covey("export", images, tmp_path / "out", "--to", "sentences")
    imported = covey("import", "sentences", images, tmp_path / "some.txt")
    for done, action in ((exported, "write"), (imported, "read")):
        assert done.exit_code == 2
        assert f"sentences of covey-broken 1.0 failed in {action} (ZeroDivisionError: " in done.stderr


def test_forms_that_two_plugins_offer_are_told_apart(
    covey: Cli, images: Path, tmp_path: Path, distribution: Distribution, outlets: None
) -> None:
    source = (Path(__file__).parents[1] / "outlets.py").read_text("utf-8")
    distribution("covey-other", {"other": "covey_other"}, covey_other=source)
    FolderDataset(images).labels.add(["call_00.png"], "wren")
    refused = covey("export", images, tmp_path / "out", "--to", "sentences")
    assert (refused.exit_code, "say which, covey-other:sentences" in refused.stderr) == (2, True)
    assert covey("export", images, tmp_path / "out", "--to", "covey-other:sentences").exit_code == 0
    assert "covey-other:sentences" in covey("import", "--help").stdout
    done = covey("import", "covey-other:sentences", images, tmp_path / "out" / "sentences.txt")
    assert (done.exit_code, done.stdout) == (0, "1 of 1 sentences used.\n"), done.stderr


def test_plugins_list_shows_all_that_a_plugin_offers(covey: Cli, outlets: None) -> None:
    listed = covey("plugins", "list").stdout
    for kind, name in (("measure", "overlap"), ("exporter", "sentences"), ("importer", "sentences")):
        assert re.search(rf"{kind} +{name} +ready +covey-outlets", listed)
    document = json.loads(covey("plugins", "list", "--json").stdout)
    assert "sentences" in [row["name"] for row in document["exporters"]]
    assert "What stands between image and class." in covey("plugins", "show", "exporter:sentences").stdout
