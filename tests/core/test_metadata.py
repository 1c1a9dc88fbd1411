"""Metadata: found beside the images, joined by image, recording or number, one value for each image."""

from __future__ import annotations

import datetime
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.fixture_types import Cli

from covey import CoveyError
from covey.data.folder import FolderDataset
from covey.data.metadata import column_kind, read_metadata
from covey.data.segment_names import parse_segment_names, xeno_canto_number

FIRST, SECOND, THIRD = "XC144251_a_segm_0000.000.png", "XC144251_a_segm_0000.315.png", "sub/rec_segm_0001.000.png"
NAMES = [FIRST, SECOND, THIRD, "other.png"]


@pytest.fixture
def birds(tmp_path: Path) -> FolderDataset:
    for name in NAMES:
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "images" / name)
    return FolderDataset(tmp_path)


def of(dataset: FolderDataset, text: str, encoding: str = "utf-8") -> dict[str, list[Any]]:
    (dataset.home / "metadata.csv").write_bytes(text.encode(encoding))
    return read_metadata(dataset).of(NAMES)


def test_the_metadata_of_the_original_tools(xc_dev: Path) -> None:
    dataset = FolderDataset(xc_dev)
    names = dataset.images.names()  # type: ignore[union-attr]
    computed = read_metadata(dataset)
    assert computed.describe(names) == "downloaded_data_meta.pkl: 210 of 210 images have metadata."
    columns = computed.of(names)
    assert [columns[head][0] for head in ("recording", "start", "en", "cnt", "lat", "smp", "ssp")] == [
        "XC144251_Mesange_charbonniere_", 0.0, "Great Tit", "France", 43.3697, 44100, None,
    ]  # fmt: skip
    assert columns["start"][1] == 0.315
    kinds = {head: column_kind(column) for head, column in columns.items()}
    assert {head for head, computed in kinds.items() if computed == "number"} == {
        "start",
        "id",
        "lat",
        "lng",
        "alt",
        "smp",
    }


def test_without_a_table_the_names_tell(birds: FolderDataset) -> None:
    assert read_metadata(birds).of(NAMES) == {
        "recording": ["XC144251_a", "XC144251_a", "sub/rec", None],
        "start": [0.0, 0.315, 1.0, None],
    }
    assert read_metadata(birds).of(["other.png"]) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"filename,x\n{FIRST},1\nother.png,2\n", [1, None, None, 2]),
        (f"file_name,x\nimages/{THIRD},1\n{FIRST},2\n", [2, None, 1, None]),
        ("file_name_stub,x\nXC144251_a,1\nsub/rec,2\n", [1, 1, 2, None]),
        ("recording,x\nrec,2\n", [None, None, 2, None]),
        ("id,x\n144251,1\n", [1, 1, None, None]),
        ("id,x\nXC144251,1\n", [1, 1, None, None]),
        (f"filename,file_name_stub,id,x\n{SECOND},,,1\n,XC144251_a,,2\n,,144251,3\n", [2, 1, None, None]),
        ("id,x\n144251,1\n144251,2\n", [1, 1, None, None]),
        ("id,x\n144251.0,1\n,2\n", [1, 1, None, None]),
        ("ID,x\nxc144251,1\n", [1, 1, None, None]),
        ("RECORDING,x\nXC144251.mp3,1\nsub\\rec.WAV,2\n", [1, 1, 2, None]),
        ("Recording,x\nC:\\sounds\\sub\\rec.flac,2\n/data/elsewhere/rec.flac,3\n", [None, None, 2, None]),
        (f"Filename,x\nimages/{THIRD},1\nimages\\other.PNG,2\n", [None, None, 1, 2]),
        ("FILE NAME,x\nother.png,1\nrec.wav,2\n", [None, None, 2, 1]),
    ],
)
def test_how_rows_are_found(birds: FolderDataset, text: str, expected: list[Any]) -> None:
    assert of(birds, text)["x"] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_spreadsheets_write(birds: FolderDataset, encoding: str, separator: str) -> None:
    text = f'filename,site,\r\n{FIRST},"Ötz{separator}tal",x\r\n\r\n{SECOND}\r\n'.replace(",", separator)
    assert of(birds, text, encoding)["site"] == [f"Ötz{separator}tal", None, None, None]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["1.5", "2", "1e-3"], [1.5, 2.0, 0.001]),
        (["01", "2", "3"], ["01", "2", "3"]),
        (["0:14", "2", "3"], ["0:14", "2", "3"]),
        (["nan", "1", "2"], ["nan", "1", "2"]),
        (["1e999", "1", "2"], ["1e999", "1", "2"]),
        (["12345678901234567890", "", ""], ["12345678901234567890", None, None]),
        (["", "", ""], [None, None, None]),
        (["'=1+1", "a", ""], ["=1+1", "a", None]),
    ],
)
def test_text_and_numbers(birds: FolderDataset, cells: list[str], expected: list[Any]) -> None:
    lines = [f"{name},{cell}" for name, cell in zip(NAMES, cells, strict=False)]
    computed = of(birds, "\n".join(["filename,x", *lines]))["x"][:3]
    assert (computed, [*map(type, computed)]) == (expected, [*map(type, expected)])


def test_parquet(birds: FolderDataset) -> None:
    parquet, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    day = datetime.date(2020, 4, 19)
    columns = {
        "filename": NAMES,
        "rain": [True, None, False, True],
        "day": [day] * 4,
        "depth": [1.5, float("nan"), None, 2.0],
        "tags": [["a"], [], None, ["b", "c"]],
    }
    parquet.write_table(pa.table(columns), birds.home / "metadata.parquet")
    computed = read_metadata(birds).of(NAMES)
    assert {head: computed[head] for head in ("rain", "day", "depth", "tags")} == {
        "rain": [True, None, False, True],
        "day": ["2020-04-19"] * 4,
        "depth": [1.5, None, None, 2.0],
        "tags": ["['a']", "[]", None, "['b', 'c']"],
    }
    assert (column_kind(computed["rain"]), column_kind(computed["depth"])) == ("text", "number")
    (birds.home / "metadata.parquet").write_bytes(b"PAR1")
    with pytest.raises(CoveyError, match="name a whole Parquet file"):
        read_metadata(birds)


def test_what_matches_and_what_does_not(birds: FolderDataset) -> None:
    of(birds, f"filename,x\n{FIRST},1\nz.png,2\n{FIRST},3\n")
    assert read_metadata(birds).describe(NAMES) == (
        f"metadata.csv: 1 of 4 images has metadata. Without: {SECOND}, {THIRD}, other.png."
        f" Of 3 rows 1 used; 1 of no image (z.png); 1 that repeat another row ({FIRST}, row 3)."
    )


def test_where_tables_are_found(birds: FolderDataset, tmp_path: Path) -> None:
    """At the root before beside the images; for results that lie elsewhere, above the images too."""
    out = FolderDataset(tmp_path / "results")
    out.home.mkdir()
    out.point_to(birds.home / "images")
    (birds.home / "images" / "metadata.csv").write_text(f"filename,x\n{FIRST},inner\n")
    assert read_metadata(birds).of([FIRST])["x"] == read_metadata(out).of([FIRST])["x"] == ["inner"]
    (birds.home / "images" / "metadata.csv").rename(birds.home / "metadata.csv")
    assert read_metadata(birds).of([FIRST])["x"] == read_metadata(out).of([FIRST])["x"] == ["inner"]
    shutil.copyfile(birds.home / "metadata.csv", out.home / "metadata.csv")
    (birds.home / "metadata.csv").write_text(f"filename,x\n{FIRST},outer\n")
    assert read_metadata(out).of([FIRST])["x"] == ["inner"]
    assert read_metadata(birds).of([FIRST])["x"] == ["outer"]


class Harm:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("harmed"),)


def test_a_hostile_pickle_is_refused(birds: FolderDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(birds.home)
    Path("downloaded_data_meta.pkl").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(CoveyError, match=r"downloaded_data_meta\.pkl is refused"):
        read_metadata(birds)
    assert not Path("harmed").exists()


def test_a_start_that_is_no_number_of_seconds_is_none() -> None:
    assert parse_segment_names([f"rec_segm_{'9' * 400}.000.png"]) == {}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("XC14425_x_segm_0000.000.png", "14425"),
        ("sub/XC1442511-x.mp3", "1442511"),
        ("XC1442", "1442"),
        ("xc144251", "144251"),
        ("Troglodytes-troglodytes-154072", "154072"),
        ("sub/Parus-major-newtoni-1234_segm_0000.000.png", "1234"),
        ("Parus-major-2023-05", None),
        ("XC144", None),
        ("XC14425112_x", None),
        ("xXC144251", None),
        ("XC144251/other.png", None),
    ],
)
def test_numbers_at_xeno_canto(name: str, number: str | None) -> None:
    assert xeno_canto_number(name) == number


def test_a_base_name_that_fits_several_recordings_joins_none(birds: FolderDataset) -> None:
    for site in ("siteA", "siteB"):
        path = birds.home / "images" / site / "20230501_050000_segm_0000.000.png"
        path.parent.mkdir()
        Image.new("RGB", (8, 8)).save(path)
    names = [f"{site}/20230501_050000_segm_0000.000.png" for site in ("siteA", "siteB")]
    rows = "20230501_050000,1\nsiteB/20230501_050000.WAV,2\n"
    (birds.home / "metadata.csv").write_text(f"recording,x\n{rows}")
    metadata = read_metadata(birds)
    assert metadata.of(names)["x"] == [None, 2]
    assert metadata.of(names[:1])["x"] == [None]  # which images are asked for decides nothing
    assert (
        "1 that fit several recordings or images (20230501_050000: siteA/20230501_050000 or siteB/20230501_050000)"
        in metadata.describe(names)
    )


def test_files_of_two_folders_are_never_one_image(birds: FolderDataset) -> None:
    rows = "siteA/other.png,1\nsiteB/other.png,2\n"
    assert of(birds, f"filename,x\n{rows}")["x"] == [None] * 4
    assert "2 that fit several recordings or images" in read_metadata(birds).describe(NAMES)
    assert of(birds, "filename,x\nsiteA/other.png,1\n")["x"] == [None, None, None, 1]


def test_the_balance_stands_in_info(covey: Cli, birds: FolderDataset) -> None:
    (birds.home / "metadata.csv").write_text("id,x\n144251.0,1\n,2\n9999.0,3\n144251.0,4\n")
    assert (
        "  Of 4 rows 1 used; 1 without a name or number (row 2); 1 of no image (9999.0);"
        " 1 that repeat another row (144251.0, row 4).\n" in covey("info", birds.home).stdout
    )
