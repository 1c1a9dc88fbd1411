"""Selections of Raven, BirdNET and Audacity: read by the rules of these programs, and nothing is labelled by guess."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.fixture_types import Cli

from covey import CoveyError, Features
from covey.components.kinds import Kind
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.data.path_index import PathIndex
from covey.data.provenance import Provenance
from covey.data.recording_index import RecordingIndex
from covey.data.segment_names import image_name, recordings_of_images
from covey.labelling import NOTHING_THERE, Labelled, open_labels
from covey.outputs.exchange.exports import export
from covey.outputs.exchange.selection_tables.selections import read_tables
from covey.plugins.registry import Registry

HEADS = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)"
ROW = "1\tSpectrogram 1\t1"
SITES = ["siteA/20230501_050000", "siteB/20230501_050000"]


def dataset_of(folder: Path, recordings: list[str], count: int = 6) -> FolderDataset:
    """A dataset with images of 1 s of these recordings."""
    for recording in recordings:
        for second in range(count):
            path = folder / "images" / image_name(recording, second)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (2, 2)).save(path)
    return FolderDataset(folder)


def save_names(dataset: FolderDataset, names: list[str]) -> None:
    """Let a dataset have a table of these images, which need not exist."""
    provenance = Provenance(kind=Kind.EXTRACTOR, component="x", tag="x", version=1, options={}, input="")
    dataset.save([Features(names=names, X=np.zeros((len(names), 2), np.float32), provenance=provenance)])


def table(path: Path, heads: str, *rows: str, times: tuple[float, float] = (1.0, 2.0)) -> Path:
    """Write a Raven table: further heads, and for each row the cells under them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{HEADS}\t{heads}", *(f"{ROW}\t{times[0]}\t{times[1]}\t0\t9000\t{row}" for row in rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def labels(dataset: FolderDataset) -> dict[str, tuple[str, ...]]:
    return open_labels(dataset).by_image()


def imported(covey: Cli, form: str, dataset: FolderDataset, *words: object) -> Result:
    return covey("import", form, dataset.home, *words, "--segment", 1)


# where a row belongs


@pytest.mark.parametrize(
    ("begin_path", "recording"),
    [
        ("D:\\proj\\siteA\\20230501_050000.WAV", SITES[0]),
        ("/data/siteB/20230501_050000.wav", SITES[1]),
        ("SITEB/20230501_050000.flac", SITES[1]),
        ("/data/siteC/20230501_050000.WAV", None),
        ("20230501_050000.WAV", None),
        ("", None),
    ],
)
def test_the_path_tells_the_site_or_nothing_is_labelled(
    covey: Cli, tmp_path: Path, begin_path: str, recording: str | None
) -> None:
    dataset = dataset_of(tmp_path / "birds", SITES)
    path = table(tmp_path / "t.txt", "Begin Path\tBegin File\tSpecies", f"{begin_path}\t20230501_050000.WAV\twren")
    done = imported(covey, "raven", dataset, path)
    assert labels(dataset) == ({image_name(recording, 1): ("wren",)} if recording else {})
    assert done.exit_code == (0 if recording else 2)
    if not recording and "site" not in begin_path:
        assert "1 that may be in several recordings (" in done.stderr
        assert "siteA/20230501_050000 or siteB/20230501_050000" in done.stderr


def test_a_file_of_another_folder_is_not_the_recording(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", SITES[:1])
    path = table(tmp_path / "t.txt", "Begin Path\tSpecies", "D:\\proj\\siteB\\20230501_050000.WAV\twren")
    done = imported(covey, "raven", dataset, path)
    assert (done.exit_code, labels(dataset)) == (2, {})
    assert "1 in recordings of which there are no images (D:\\proj\\siteB\\20230501_050000.WAV)" in done.stderr


@pytest.mark.parametrize("site", ["siteA", "siteB"])
def test_the_folder_of_the_table_tells_the_site(covey: Cli, tmp_path: Path, site: str) -> None:
    dataset = dataset_of(tmp_path / "birds", SITES)
    table(tmp_path / "t" / site / "20230501_050000.Table.1.selections.txt", "Species", "wren")
    assert imported(covey, "raven", dataset, tmp_path / "t").exit_code == 0
    assert labels(dataset) == {image_name(f"{site}/20230501_050000", 1): ("wren",)}


def test_files_of_two_folders_are_never_one_recording(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["20230501_050000"])
    rows = [f"{site}/20230501_050000.WAV\t1.0\twren" for site in ("siteA", "siteB")]
    path = table(tmp_path / "t.txt", "Begin Path\tFile Offset (s)\tSpecies", *rows)
    done = imported(covey, "raven", dataset, path)
    assert (done.exit_code, "2 in files of one name in several folders" in done.stderr) == (2, True)
    assert labels(dataset) == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/x", ["a/x"]),
        ("A\\X", ["a/x", "b/a/x"]),
        ("B\\A\\X", ["b/a/x"]),
        ("/home/b/a/x", ["b/a/x"]),
        ("c/a/x", ["a/x", "b/a/x"]),
        ("x", ["x", "a/x", "b/a/x"]),
        ("./x", ["x"]),
        ("c/x", ["x"]),
        ("y", []),
        ("", []),
    ],
)
def test_what_a_path_may_mean(path: str, expected: list[str]) -> None:
    assert PathIndex.of(["x", "a/x", "b/a/x"]).find(path) == expected


def test_accents_may_be_composed_or_not() -> None:
    assert PathIndex.of(["Mésange"]).find("Mésange") == ["Mésange"]


def test_a_recording_whose_name_ends_like_a_sound_file() -> None:
    index = RecordingIndex.of_images([image_name("a.wav", 0)])
    assert index.find("a.wav.wav") == index.find("a.wav") == ["a.wav"]


# Raven's tables


def test_each_file_of_a_table_has_its_own_seconds(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["a", "b"])
    rows = [f"a.wav\t{offset}\twren" for offset in ("1.0", "")] + ["b.wav\t4,0\trobin"]
    path = table(tmp_path / "t.txt", "begin file\tFILE OFFSET (S)\tspecies", *rows)
    assert imported(covey, "raven", dataset, path).exit_code == 0
    assert labels(dataset) == {image_name("a", 1): ("wren",), image_name("b", 4): ("robin",)}


def test_seconds_that_may_count_from_another_file_label_nothing(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["a", "b"])
    path = table(tmp_path / "t.txt", "Begin File\tSpecies", "a.wav\twren")
    more = f"{ROW}\t5.0\t6.0\t0\t9000\tb.wav\trobin\n"
    path.write_text(path.read_text() + more)
    done = imported(covey, "raven", dataset, path)
    assert (done.exit_code, "without 'File Offset (s)'" in done.stderr, labels(dataset)) == (2, True, {})
    path.write_text(path.read_text() + more.replace("5.0", "1.0").replace("6.0", "2.0"))  # they count from each file
    assert imported(covey, "raven", dataset, path).exit_code == 0
    assert labels(dataset)[image_name("b", 5)] == ("robin",)


def test_quotation_marks_are_text(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"])
    path = table(tmp_path / "b.Table.1.selections.txt", "Notes\tSpecies", '"faint\tthe "loud" one', 'see "x"\t"wren')
    assert imported(covey, "raven", dataset, path).exit_code == 0
    assert labels(dataset) == {image_name("b", 1): ('the "loud" one', '"wren')}


@pytest.mark.parametrize(
    ("heads", "cells", "label"),
    [
        ("species", "wren", "wren"),
        ("ANNOTATION", "wren", "wren"),
        ("Label\tSpecies", "\twren", "wren"),
        ("Species\tLabel", "wren\tsong", "song"),
        ("Common Name\tSpecies Code", "Eurasian Wren\twinwre4", "Eurasian Wren"),
        ("Call Type", "alarm", "alarm"),
    ],
)
def test_the_column_with_classes_is_chosen_and_reported(
    covey: Cli, tmp_path: Path, heads: str, cells: str, label: str
) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"])
    done = imported(covey, "raven", dataset, table(tmp_path / "b.Table.1.selections.txt", heads, cells))
    column = dict(zip(cells.split("\t"), heads.split("\t"), strict=True))[label]
    assert f"Classes are read from the column {column!r} (1 table)." in done.stderr
    assert labels(dataset) == {image_name("b", 1): (label,)}


def test_other_files_in_a_folder_stop_nothing_and_are_named(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"])
    table(tmp_path / "t" / "b.Table.1.selections.txt", "Species", "wren")
    (tmp_path / "t" / "._b.Table.1.selections.txt").write_bytes(b"\0\5\x16\7Mac OS X")
    (tmp_path / "t" / "notes.txt").write_text("rain after 9\n")
    (tmp_path / "t" / "plan.docx").write_bytes(b"PK\3\4\xff")
    (tmp_path / "t" / "binary.txt").write_bytes(bytes(range(256)))
    done = imported(covey, "raven", dataset, tmp_path / "t", "--verbose")
    assert done.exit_code == 0
    for name in ("._b.Table.1.selections.txt (hidden)", "notes.txt (", "plan.docx (", "binary.txt ("):
        assert name in done.stderr
    assert labels(dataset) == {image_name("b", 1): ("wren",)}
    (tmp_path / "t" / "b.Table.1.selections.txt").unlink()
    assert (
        "There are no such tables in the folders: ._b.Table" in imported(covey, "raven", dataset, tmp_path / "t").stderr
    )


def test_an_empty_folder_is_told_which_endings_are_looked_for_each_once(tmp_path: Path) -> None:
    with pytest.raises(CoveyError, match=re.escape("name the folder that holds them (.csv, .txt).")):
        read_tables([tmp_path], lambda path: pytest.fail(str(path)), (".csv", ".txt", ".csv"))


@pytest.mark.parametrize("form", ["raven", "audacity"])
def test_an_empty_table_says_that_nothing_was_there_and_comes_back(covey: Cli, tmp_path: Path, form: str) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b", "c", "sub/b.Table.1.x"], count=2)
    tables = tmp_path / "tables"
    for name in ("b", "sub/b.Table.1.x", "gone"):
        path = tables / f"{name}{'.Table.1.selections.txt' if form == 'raven' else '.txt'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEADS}\tSpecies\n" if form == "raven" else "\n")
    done = imported(covey, form, dataset, tables)
    assert done.exit_code == 0, done.output
    assert "Of 3 tables without selections 2 used; 1 in recordings of which there are no images (gone." in done.stdout
    assert "Looked at, nothing there: 4 images: 4 new." in done.stdout
    assert "Looked at, nothing there: 4 images: 0 new, all were there." in imported(covey, form, dataset, tables).stdout
    empty = {image_name(recording, second) for recording in ("b", "sub/b.Table.1.x") for second in (0, 1)}
    assert {row.filename for row in open_labels(dataset).absences()} == empty
    assert labels(dataset) == {}
    assert "  Looked at, nothing there: 4 images" in covey("info", dataset.home).stdout
    check = covey("labels", "check", dataset.home)
    assert (check.exit_code, "4 images that somebody looked at and found nothing in" in check.stdout) == (0, True)
    out = tmp_path / "out"
    assert covey("export", dataset.home, "--to", form, out, "--what", "labels", "--segment", 1).exit_code == 0
    assert [len(path.read_text().splitlines()) for path in out.rglob("*.txt")] == [1, 1] if form == "raven" else [0, 0]
    anew = dataset_of(tmp_path / "anew", ["b", "c", "sub/b.Table.1.x"], count=2)
    assert imported(covey, form, anew, out).exit_code == 0
    assert {row.filename for row in open_labels(anew).absences()} == empty
    assert open_labels(anew).undo() is not None
    assert open_labels(anew).absences() == []


def test_an_empty_table_that_may_be_of_several_recordings_says_nothing(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", SITES)
    done = imported(covey, "raven", dataset, table(tmp_path / "20230501_050000.Table.1.selections.txt", "Species"))
    assert "1 that may be in several recordings (20230501_050000.Table.1.selections.txt: siteA/" in done.stdout
    assert open_labels(dataset).absences() == []


def test_where_something_was_labelled_an_empty_table_says_nothing(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b", "c"], count=3)
    table(tmp_path / "t" / "b.Table.1.selections.txt", "Species")
    table(tmp_path / "t" / "b.Table.2.selections.txt", "Species", "wren")
    done = imported(covey, "raven", dataset, tmp_path / "t")
    assert "1 of recordings that have labels (b.Table.1.selections.txt)" in done.stdout
    assert (open_labels(dataset).absences(), labels(dataset)) == ([], {image_name("b", 1): ("wren",)})


def test_what_is_labelled_later_is_not_empty_any_more(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"], count=2)
    imported(covey, "raven", dataset, table(tmp_path / "b.Table.1.selections.txt", "Species"))
    store, (first, second) = open_labels(dataset), (image_name("b", 0), image_name("b", 1))
    looked_at = store.history(1)[0].id
    store.add([first], "wren")
    assert [row.filename for row in store.absences()] == [second]
    out = tmp_path / "out"
    done = covey("export", dataset.home, "--to", "raven", out, "--what", "labels", "--segment", 1)
    assert "Of 1 image in which nothing was found 0 used; 1 of recordings that have labels" in done.stderr
    with pytest.raises(CoveyError, match="later actions"):
        store.take_back(looked_at)
    store.undo()
    assert [row.filename for row in store.absences()] == [first, second]
    Image.new("RGB", (2, 2), "red").save(dataset.home / "images" / first)
    assert [row.filename for row in open_labels(dataset).absences()] == [second]
    check = covey("labels", "check", dataset.home)
    assert (check.exit_code, f"  {first}: nothing there" in check.stdout) == (1, True)


def test_what_birdnet_did_not_hear_nobody_looked_for(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["x"])
    (tmp_path / "x.BirdNET.results.csv").write_text("Start (s),End (s),Scientific name,Common name,Confidence\n")
    done = imported(covey, "birdnet", dataset, tmp_path / "x.BirdNET.results.csv")
    assert "1 table without detections (x.BirdNET.results.csv): nothing is stored" in done.stderr
    assert (done.exit_code, open_labels(dataset).absences()) == (0, [])


def test_every_row_is_in_the_balance(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"])
    (dataset.home / "images" / image_name("b", 3)).unlink()
    rows = [(1, 2, "b.wav", "wren"), (3.2, 3.8, "b.wav", "wren"), (9, 10, "b.wav", "wren"), (1, 2, "c.wav", "wren"),
            (1, 2, "b.wav", ""), ("x", 2, "b.wav", "wren"), (1, 2, "b.wav", "x" * 501),
            (-1, 2, "b.wav", "wren")]  # fmt: skip
    lines = [f"{ROW}\t{begin}\t{end}\t0\t9\t{sound}\t{label}" for begin, end, sound, label in rows]
    (tmp_path / "t.txt").write_text("\n".join([f"{HEADS}\tBegin File\tSpecies", *lines]))
    assert imported(covey, "raven", dataset, tmp_path / "t.txt").stdout == (
        "Of 8 selections in 1 table 1 used; 1 between images (t.txt line 3); 1 beyond the end of the images (t.txt"
        " line 4); 1 in recordings of which there are no images (c.wav); 1 without a class (t.txt line 6);"
        " 2 without times (t.txt line 7: 'x' to '2' are no times, could not convert string to float: 'x', t.txt line 9:"
        " '-1' to '2' are no times, the end is not after the begin); 1 with a class name that cannot be used (t.txt"
        " line 8). 1 label: 1 new.\n"
    )


# BirdNET


BIRDNET = {
    "x.BirdNET.selection.table.txt": f"{HEADS}\tCommon Name\tSpecies Code\tConfidence\tBegin Path\tFile Offset (s)\n"
    f"{ROW}\t0.0\t3.0\t150\t12000\tEurasian Wren\twinwre4\t0.9\trec/x.wav\t0.0\n",
    "BirdNET_SelectionTable.txt": f"{HEADS}\tCommon Name\tSpecies Code\tConfidence\tBegin Path\tFile Offset (s)\n"
    f"{ROW}\t0\t3\t0\t12000\tnocall\tnocall\t1.0\tC:\\rec\\y.wav\t0\n"
    f"{ROW}\t60.0\t63.0\t150\t12000\tEurasian Wren\twinwre4\t0.9\tC:\\rec\\x.wav\t0.0\n",
    "x.BirdNET.results.csv": "Start (s),End (s),Scientific name,Common name,Confidence\n"
    "0.0,3.0,Troglodytes troglodytes,Eurasian Wren,0.9\n",
    "BirdNET_CombinedTable.csv": "Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    "0.0,3.0,Troglodytes troglodytes,Eurasian Wren,0.9,/data/rec/x.wav\n",
    "BirdNET_RTable.csv": "filepath,start,end,scientific_name,common_name,confidence,lat,lon\n"
    "/data/rec/x.wav,0,3,Troglodytes troglodytes,Eurasian Wren,0.9,-1,-1\n",
    "BirdNET_Kaleidoscope.csv": "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence\n"
    "/data,rec,x.wav,0,3.0,Troglodytes troglodytes,Eurasian Wren,0.9\n",
    "x.BirdNET.results.txt": "0.0\t3.0\tTroglodytes troglodytes, Eurasian Wren\t0.9\n",
}


@pytest.mark.parametrize("name", BIRDNET)
def test_the_tables_of_birdnet(covey: Cli, tmp_path: Path, name: str) -> None:
    dataset = dataset_of(tmp_path / "birds", ["x", "y"])
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / name).write_text(BIRDNET[name])
    (tmp_path / "results" / "BirdNET_analysis_params.csv").write_text("Min conf,Overlap\n0.1,0\n")
    done = imported(covey, "birdnet", dataset, tmp_path / "results")
    assert done.exit_code == 0, done.output
    assert labels(dataset) == {image_name("x", second): ("Eurasian Wren",) for second in range(3)}
    assert "Skipped: BirdNET_analysis_params.csv (" in done.stderr
    assert ("1 in which nothing was heard" in done.stdout) == (name == "BirdNET_SelectionTable.txt")


# Audacity


def test_label_tracks_with_and_without_frequencies(covey: Cli, tmp_path: Path) -> None:
    dataset = dataset_of(tmp_path / "birds", ["a", "sub/b", "c"])
    (tmp_path / "tracks" / "sub").mkdir(parents=True)
    (tmp_path / "tracks" / "a.txt").write_text("1.000000\t2.000000\twren\n\\\t1000.0\t8000.0\n3,5\t3,5\trobin\n")
    (tmp_path / "tracks" / "sub" / "b.txt").write_text("0\t1\towl\n")
    (tmp_path / "tracks" / "c.txt").write_text("")
    (tmp_path / "tracks" / "readme.txt").write_text("These are my labels\n")
    done = imported(covey, "audacity", dataset, tmp_path / "tracks")
    assert labels(dataset) == {
        image_name("a", 1): ("wren",), image_name("a", 3): ("robin",), image_name("sub/b", 0): ("owl",),
    }  # fmt: skip
    assert "Skipped: readme.txt (" in done.stderr
    assert "Looked at, nothing there: 6 images: 6 new." in done.stdout


@pytest.mark.parametrize("form", ["raven", "audacity"])
@pytest.mark.parametrize(("second", "shown"), [(0, 0), (1, 1), (2.5, 2), (4, None), (5, 5), (6, 5), (6.1, None)])
def test_a_point_in_time_labels_the_image_that_shows_it(
    covey: Cli, tmp_path: Path, form: str, second: float, shown: int | None
) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"])
    for gone in (3, 4):
        (dataset.home / "images" / image_name("b", gone)).unlink()
    path = table(tmp_path / "b.txt", "Species", "wren", times=(second, second))
    if form == "audacity":
        path.write_text(f"{second}\t{second}\twren\n")
    imported(covey, form, dataset, path)
    assert labels(dataset) == ({} if shown is None else {image_name("b", shown): ("wren",)})


def test_a_line_of_a_track_without_times_stops_no_other(covey: Cli, tmp_path: Path) -> None:
    dataset, path = dataset_of(tmp_path / "birds", ["b"]), tmp_path / "b.txt"
    path.write_text("begin\tend\tlabel\n1\t2\twren\n4\t3\towl\nnan\t3\towl\n")
    done = imported(covey, "audacity", dataset, path)
    assert "Of 4 selections in 1 table 1 used; 3 without times (b.txt line 1: 'begin" in done.stdout
    assert labels(dataset) == {image_name("b", 1): ("wren",)}


# Praat


LONG_GRID = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 6
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "notes 7"
        xmin = 0
        xmax = 6
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 6
            text = ""
    item [2]:
        class = "IntervalTier"
        name = "birds"
        xmin = 0
        xmax = 6
        intervals: size = 3
        intervals [1]:
            xmin = 1e-09
            xmax = 1
            text = "say ""é"" 2
twice"
        intervals [2]:
            xmin = 1
            xmax = 3
            text = ""
        intervals [3]:
            xmin = 3
            xmax = 4
            text = "wren"
    item [3]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 6
        points: size = 1
        points [1]:
            number = 4.5
            mark = "click"
"""
SHORT_GRID = (
    'File type = "ooTextFile"\n"TextGrid"\n\n0\n6\n<exists>\n3\n"IntervalTier"\n"notes 7"\n0\n6\n1\n0\n6\n""\n'
    '"IntervalTier"\n"birds"\n0\n6\n3\n1e-09\n1\n"say ""é"" 2\ntwice"\n1\n3\n""\n3\n4\n"wren"\n'
    '"TextTier"\n"clicks"\n0\n6\n1\n4.5\n"click"\n'
)


@pytest.mark.parametrize("grid", [LONG_GRID, SHORT_GRID], ids=["long", "short"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_textgrids_of_praat(covey: Cli, tmp_path: Path, grid: str, encoding: str) -> None:
    dataset, path = dataset_of(tmp_path / "birds", ["a", "b"]), tmp_path / "grids" / "b.TextGrid"
    path.parent.mkdir()
    path.write_text(grid, encoding)
    done = imported(covey, "textgrid", dataset, path.parent)
    assert done.exit_code == 0, done.output
    assert "Classes are read from the tier 'birds' (1 table)." in done.stderr
    assert labels(dataset) == {image_name("b", 0): ('say "é" 2 twice',), image_name("b", 3): ("wren",)}
    assert imported(covey, "textgrid", dataset, path, "--tier", "clicks").exit_code == 0
    assert labels(dataset)[image_name("b", 4)] == ("click",)
    wrong = imported(covey, "textgrid", dataset, path, "--tier", "bird")
    assert (wrong.exit_code, "has no tier 'bird'. Did you mean" in wrong.stderr) == (2, True)
    assert imported(covey, "textgrid", dataset, path, "--tier", "notes 7").exit_code == 0
    assert open_labels(dataset).absences() == []


def test_a_textgrid_without_texts_is_empty_and_one_of_two_recordings_says_nothing(covey: Cli, tmp_path: Path) -> None:
    dataset, path = dataset_of(tmp_path / "birds", [*SITES, "b"], count=2), tmp_path / "b.TextGrid"
    for name in ("b", "20230501_050000"):
        path.with_stem(name).write_text('"ooTextFile"\n"TextGrid"\n0 2 <exists> 1\n"IntervalTier" "x" 0 2 1 0 2 ""\n')
    done = imported(covey, "textgrid", dataset, path, path.with_stem("20230501_050000"))
    assert "1 that may be in several recordings (20230501_050000.TextGrid: siteA/" in done.stdout
    assert [row.filename for row in open_labels(dataset).absences()] == [image_name("b", 0), image_name("b", 1)]


@pytest.mark.parametrize("length", range(0, len(SHORT_GRID), 9))
def test_textgrids_that_are_cut_off_are_refused(covey: Cli, tmp_path: Path, length: int) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"], count=1)
    (tmp_path / "b.TextGrid").write_text(SHORT_GRID[:length], "utf-8")
    done = imported(covey, "textgrid", dataset, tmp_path / "b.TextGrid")
    assert (done.exit_code, "TextGrids are saved by Praat as text files." in done.stderr) == (2, True)


# files of any kind


@pytest.mark.parametrize("form", ["raven", "birdnet", "audacity", "textgrid"])
@pytest.mark.parametrize(
    "content", [None, b"", b"\0" * 99, bytes(range(256)), b"\xff\xfe\0", b'"' * 99, b"1\t", b"\t\n" * 9]
)
def test_what_is_no_table_is_one_error_or_nothing(covey: Cli, tmp_path: Path, form: str, content: bytes | None) -> None:
    dataset = dataset_of(tmp_path / "birds", ["b"])
    for suffix in (".txt", ".csv", ".TextGrid"):
        path = tmp_path / f"b{suffix}"
        if content is not None:
            path.write_bytes(content)
        done = imported(covey, form, dataset, path)
        assert done.exit_code in (0, 2), done.exception
        assert labels(dataset) == {}


# there and back


PARTS = st.text(
    st.one_of(st.sampled_from("aAé\"' ~-.:x"), st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\")),
    min_size=1, max_size=8,
).filter(lambda part: part not in (".", "..") and not part.startswith("."))  # fmt: skip
RECORDINGS = st.lists(st.lists(PARTS, min_size=1, max_size=3).map("/".join), min_size=1, max_size=5, unique=True)
CLASSES = st.text(
    st.one_of(st.sampled_from("\xa0 a"), st.characters(exclude_categories=["C", "Zl", "Zp"])), min_size=1, max_size=9
).filter(str.strip)


@pytest.mark.parametrize("form", ["raven", "audacity"])
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    recordings=RECORDINGS, classes=st.lists(CLASSES, min_size=1, max_size=3), choose=st.randoms(use_true_random=False),
    step=st.sampled_from([0.1, 0.25, 0.5, 0.8, 1.0, 1.7]),
)  # fmt: skip
def test_export_then_import_gives_the_same_labels(
    tmp_path_factory: pytest.TempPathFactory,
    registry: Registry,
    form: str,
    recordings: list[str],
    classes: list[str],
    choose: Random,
    step: float,
) -> None:
    home = tmp_path_factory.mktemp("round")
    first, second = FolderDataset(home / "first"), FolderDataset(home / "second")
    names = [
        image_name(recording, number * step) for recording in recordings for number in range(8) if choose.random() < 0.8
    ]
    for dataset in (first, second):
        dataset.home.mkdir()
        save_names(dataset, [*names, "other.png"])
    for label in classes:
        if chosen := [name for name in names if choose.random() < 0.4]:
            open_labels(first).add(chosen, label)
    labels_by_name = labels(first)
    if not labels_by_name:
        return
    now_empty = [name for name in names if choose.random() < 0.9 and not labels_by_name.get(name)]
    open_labels(first).give([], str, [Labelled(name, NOTHING_THERE, "", "person") for name in now_empty])
    exporter = build(registry.get(Kind.EXPORTER, form), {"segment": 1.0})
    importer = build(registry.get(Kind.IMPORTER, form), {"segment": 1.0})
    export(first, exporter, home / "out", ["labels"])
    assert "0 new, all were there" in importer.read(first, [home / "out"])
    importer.read(second, [home / "out"])
    recording_of = recordings_of_images(names)
    not_empty = {recording_of[name] for name in names if name not in now_empty}
    assert {row.filename for row in open_labels(second).absences()} == {
        name for name in names if recording_of[name] not in not_empty
    }
    assert {name: set(names_of) for name, names_of in labels(second).items()} == {
        name: set(names_of) for name, names_of in labels(first).items()
    }
