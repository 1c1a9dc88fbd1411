"""covey demo: the whole way from sound to groups."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fixture_types import Cli


def test_the_whole_way(covey: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "my demo"
    done = covey("demo", folder, "--no-dashboard")
    assert done.exit_code == 0, done.stderr
    assert len(list((folder / "audio").glob("*.wav"))) >= 300
    assert "$ covey run" in done.stdout
    assert "covey dashboard" in done.stdout.splitlines()[-1]
    (scores,) = json.loads(covey("evaluate", folder, "--labels", folder / "labels.csv", "--json").stdout)
    assert scores["images"] == len(list((folder / "images").glob("*.png")))
    assert scores["labels"]["whole"]["ami"] > 0.6
    files = (path for path in folder.rglob("*.*") if path.is_file() and "catalogue" not in path.parts)
    before = {path: path.stat().st_mtime_ns for path in files}
    again = covey("demo", folder, "--no-dashboard")
    assert "0 tables made, 3 kept from before" in again.stdout
    changed = {path.name for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert changed <= {"clusters.csv", "run.log", "spectrograms.log"}


def test_a_folder_that_holds_something_else_is_left_alone(covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "notes").mkdir()
    done = covey("demo", tmp_path, "--no-dashboard")
    assert done.exit_code == 2
    assert "holds something else than a demo" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "thesis.txt"]
    done = covey("demo", tmp_path / "thesis.txt", "--no-dashboard")
    assert done.exit_code == 2
    assert "is a file" in done.stderr


def test_other_recordings_are_not_overwritten(covey: Cli, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "whistle-000.wav").write_bytes(b"mine")
    done = covey("demo", tmp_path, "--no-dashboard")
    assert done.exit_code == 2
    assert (tmp_path / "audio" / "whistle-000.wav").read_bytes() == b"mine"
