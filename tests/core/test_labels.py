"""Label files: what people's spreadsheets write is read, or refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from covey import CoveyError
from covey.data.label_file import find_images, match_labels, read_labels

TEXT = "filename,species,label\na.png,Mésange,x\nb.png,,y\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_separators_and_line_ends(path: Path, encoding: str, separator: str, end: str) -> None:
    text = TEXT.replace(",", separator).replace("\n", end)
    path.write_bytes((f"\ufeff{text}" if encoding == "utf-16-be" else text).encode(encoding))
    assert read_labels(path) == {"a.png": "x", "b.png": "y"}
    assert read_labels(path, "species") == {"a.png": "Mésange"}


def test_columns(path: Path) -> None:
    path.write_text(',filename,class1\n0,"a, b.png",1.0\n1,c.png\n\n')
    assert read_labels(path) == {"a, b.png": "1.0"}
    with pytest.raises(CoveyError, match=r"no column 'clas1'\. Did you mean 'class1'\?"):
        read_labels(path, "clas1")


def test_the_column_is_guessed_only_where_there_is_one(path: Path) -> None:
    path.write_text("filename,species,kind\na.png,x,y\n")
    message = r"have no column 'label': name the one that holds the labels\. There is: species, kind\."
    with pytest.raises(CoveyError, match=message):
        read_labels(path)
    assert read_labels(path, "kind") == {"a.png": "y"}


def test_an_image_named_twice(path: Path) -> None:
    path.write_text("filename,label\na.png,x\nb.png,y\na.png,x\n")
    assert read_labels(path) == {"a.png": "x", "b.png": "y"}
    path.write_text("filename,label\na.png,x\nb.png,y\na.png,z\n")
    with pytest.raises(CoveyError, match=r"'a.png' two values, 'x' \(line 2\) and 'z' \(line 4\): keep one"):
        read_labels(path)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "need a column 'filename' and one with labels; there is: nothing"),
        (b"name,label\na.png,x\n", "need a column 'filename' and one with labels; there is: name, label"),
        (b"filename\na.png\n", "one with labels"),
        (b"filename,label\na.png,\x81\n", "Name a table as a text file in UTF-8"),
        ("filename,label\na.png,x\n".encode("utf-16-le"), "need a column 'filename'"),
    ],
)
def test_files_that_are_no_label_files(path: Path, data: bytes, sentence: str) -> None:
    path.write_bytes(data)
    with pytest.raises(CoveyError, match=sentence):
        read_labels(path)


def test_a_file_that_is_not_there(path: Path) -> None:
    with pytest.raises(CoveyError, match="No such file"):
        read_labels(path)


def test_what_matches_and_what_does_not(path: Path) -> None:
    labels = {"a.png": "x", "z.png": "x"}
    match = match_labels(path, labels, ["b.png", "a.png"])
    assert (match.labels, match.unknown, match.unlabelled) == ({"a.png": "x"}, ["z.png"], ["b.png"])
    with pytest.raises(CoveyError, match=r"labels.csv name 'a.png', the images 'sub/a.png'"):
        match_labels(path, labels, ["sub/a.png"])


@pytest.mark.parametrize("head", ["Filename", "FILENAME", "file_name", "File Name"])
def test_the_heads_may_be_in_any_case(path: Path, head: str) -> None:
    path.write_text(f"{head};Label\na.png;x\n")
    assert read_labels(path) == {"a.png": "x"}


@pytest.mark.parametrize(
    "name", ["sub/a.PNG", "images/sub/a.png", "images\\Sub\\A.png", "/home/me/birds/images/sub/a.png"]
)
def test_names_are_found_where_they_are_certain(name: str) -> None:
    assert find_images([name], ["sub/a.png", "b.png"]) == {name: "sub/a.png"}


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("a.PNG", ["a.png", "A.png"]),
        ("a.png", ["sub/a.png"]),
        ("x/a.png", ["y/a.png"]),
        ("x/a.png", ["a.png"]),
        ("images/../a.png", ["a.png"]),
        ("a.jpg", ["a.png"]),
    ],
)
def test_names_are_not_guessed(path: Path, name: str, images: list[str]) -> None:
    assert find_images([name], images) == {}
    with pytest.raises(CoveyError, match="No image has a label: "):
        match_labels(path, {name: "x"}, images)


def test_an_image_that_is_named_in_two_ways_has_one_label(path: Path) -> None:
    assert match_labels(path, {"a.png": "x", "images/a.png": "x"}, ["a.png"]).labels == {"a.png": "x"}
    with pytest.raises(CoveyError, match="two values, 'x' and 'y': keep one"):
        match_labels(path, {"a.png": "x", "images/a.png": "y"}, ["a.png"])


def test_a_name_that_is_no_image_comes_with_the_one_most_like_it(path: Path) -> None:
    match = match_labels(path, {"call_1.png": "x", "call_2.jpg": "y"}, ["call_1.png", "call_2.png"])
    assert match.describe_unknown() == "call_2.jpg Did you mean 'call_2.png'?"


def test_the_error_names_the_image_most_like_it(path: Path) -> None:
    with pytest.raises(CoveyError, match=r"No image has a label: .* Did you mean 'sub/call\.png'\?"):
        match_labels(path, {"call.png": "x"}, ["sub/call.png"])
