"""The demo's recordings: the same for everybody, with a truth table that fits the images."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from covey._base.errors import CoveyError
from covey.data.images import ImageFolder
from covey.sound.conversion import convert_recordings
from covey.sound.synthesis import CALLS, synthesize


def rows(truth: Path) -> list[dict[str, str]]:
    with truth.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_truth_names_every_image(tmp_path: Path) -> None:
    truth = rows(synthesize(tmp_path, recordings=24))
    report = convert_recordings(tmp_path / "audio", tmp_path)
    assert not report.problems
    assert [row["filename"] for row in truth] == ImageFolder(report.folder).names()
    assert Counter({row["group"]: row["label"] for row in truth}.values()) == dict.fromkeys(CALLS, 3)


def test_equal_seeds_give_equal_files(tmp_path: Path) -> None:
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        synthesize(tmp_path / folder, recordings=8, seed=seed)
    first, again, second = (
        [path.read_bytes() for path in sorted((tmp_path / folder / "audio").iterdir())] for folder in "abc"
    )
    assert first == again
    assert all(one != two for one, two in zip(first, second, strict=True))


def test_what_is_there_stays(tmp_path: Path) -> None:
    truth = synthesize(tmp_path, recordings=8)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    synthesize(tmp_path, recordings=8)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before
    truth.write_text("filename,label\nmine.png,crow\n")
    with pytest.raises(CoveyError, match=r"labels\.csv is there already and holds something else"):
        synthesize(tmp_path, recordings=8)
    assert "mine.png" in truth.read_text()
