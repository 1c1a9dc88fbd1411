"""Backups of labels, and making a whole label file from a damaged one."""

from __future__ import annotations

import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from covey import CoveyError
from covey.commands.main import main
from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    store = open_labels(FolderDataset(tmp_path))
    store.add(["a.png", "b.png"], "robin")
    store.add([f"a rather long name of a file {number}.png" for number in range(400)], "wren")
    return store


def backups(store: LabelStore) -> list[Path]:
    return sorted((store.path.parent / ".covey" / "labels").iterdir())


def repair(store: LabelStore, *flags: str) -> Result:
    return CliRunner().invoke(main, ["labels", "repair", str(store.path.parent), *flags])


def damaged_files(store: LabelStore) -> list[Path]:
    return list(store.path.parent.glob("labels-damaged-*.sqlite"))


def overwrite(path: Path, page: int) -> None:
    contents = bytearray(path.read_bytes())
    contents[4096 * page : 4096 * (page + 1)] = b"\x5a" * 4096
    path.write_bytes(contents)


def run_sql(path: Path, *commands: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for command in commands:
            db.execute(command)


def test_the_first_change_of_a_day_backs_up_what_was_there_before_it(store: LabelStore) -> None:
    backup = backups(store)[0]
    assert LabelStore(backup).by_image() == {"a.png": ("robin",), "b.png": ("robin",)}
    before = backup.read_bytes()
    store.add(["c.png"], "wren")
    assert [path.read_bytes() for path in backups(store)] == [before]


@pytest.mark.skipif(sys.platform == "win32", reason="needs the rights of POSIX")
def test_a_backup_is_private(store: LabelStore) -> None:
    assert stat.S_IMODE(backups(store)[0].stat().st_mode) == 0o600


def test_the_last_fourteen_backups_stay(store: LabelStore) -> None:
    today = backups(store)[0]
    for day in range(1, 21):
        today.with_name(f"labels-2001-01-{day:02}.sqlite").write_bytes(b"old")
    (today.parent / "mine.sqlite").write_bytes(b"mine")
    today.unlink()
    store.add(["c.png"], "wren")
    assert [path.name for path in backups(store)] == [
        *(f"labels-2001-01-{day:02}.sqlite" for day in range(8, 21)), today.name, "mine.sqlite"
    ]  # fmt: skip


def test_a_damaged_file_never_becomes_a_backup(store: LabelStore) -> None:
    backups(store)[0].unlink()
    overwrite(store.path, store.path.stat().st_size // 4096 - 1)
    with pytest.raises(CoveyError, match="damaged"):
        store.add(["c.png"], "wren")
    assert backups(store) == []


@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
@pytest.mark.parametrize("depth", [".covey", ".covey/labels"])
def test_backups_are_not_written_through_a_link(tmp_path: Path, depth: str) -> None:
    (tmp_path / "birds").mkdir()
    store = open_labels(FolderDataset(tmp_path / "birds"))
    store.add(["a.png"], "robin")
    (tmp_path / "mine" / "labels").mkdir(parents=True)
    link = tmp_path / "birds" / depth
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "mine")
    with pytest.raises(CoveyError, match="is a link"):
        store.add(["b.png"], "robin")
    assert list((tmp_path / "mine" / "labels").iterdir()) == []


DAMAGE: dict[str, Callable[[Path], object]] = {
    "trigger": lambda path: run_sql(path, "CREATE TRIGGER evil AFTER INSERT ON label BEGIN DELETE FROM label; END"),
    "table": lambda path: run_sql(path, "CREATE TABLE mine (x)"),
    "bytes as a time": lambda path: run_sql(path, "PRAGMA ignore_check_constraints=1", "UPDATE action SET at = x'00'"),
    "no revision": lambda path: run_sql(path, "DELETE FROM revision"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_can_be_read_is_salvaged_and_the_damaged_file_is_kept(store: LabelStore, kind: str) -> None:
    before = store.rows()
    DAMAGE[kind](store.path)
    contents = store.path.read_bytes()
    outcome = repair(store)
    assert outcome.exit_code == 0, outcome.stderr
    assert "Of 402 labels" in outcome.stdout
    assert store.rows() == before
    assert open_labels(FolderDataset(store.path.parent)).add(["new.png"], "robin") is not None
    assert [path.read_bytes() for path in damaged_files(store)] == [contents]


def test_labels_whose_image_cannot_be_read_are_named(store: LabelStore) -> None:
    run_sql(store.path, "PRAGMA foreign_keys=OFF", "DELETE FROM image WHERE name = 'a.png'")
    outcome = repair(store)
    assert "Of 402 labels" in outcome.stdout
    assert "401 used; 1 whose class or image cannot be read (robin on unknown)" in outcome.stdout
    assert "The latest backup is" in outcome.stdout
    assert (store.images("robin"), store.history(9)) == (["b.png"], [])


def test_each_page_may_be_lost_and_what_is_left_is_whole(store: LabelStore) -> None:
    contents, before = store.path.read_bytes(), set(store.rows())
    for page in range(len(contents) // 4096):
        store.path.write_bytes(contents)
        overwrite(store.path, page)
        outcome = repair(store)
        if outcome.exit_code:
            assert "nothing was changed" in outcome.stderr
            continue
        assert set(open_labels(FolderDataset(store.path.parent)).rows()) <= before


@pytest.mark.parametrize("contents", [b"", b"S", b"\0" * 9000])
def test_a_file_of_which_nothing_is_left_stays_until_the_backup_is_asked_for(
    store: LabelStore, contents: bytes
) -> None:
    store.path.write_bytes(contents)
    outcome = repair(store)
    assert outcome.exit_code == 2
    assert "a repair from the backup takes it instead" in outcome.stderr
    assert store.path.read_bytes() == contents
    outcome = repair(store, "--from-backup")
    assert "2 labels put back from the backup" in outcome.stdout
    assert store.by_image() == {"a.png": ("robin",), "b.png": ("robin",)}
    assert [path.read_bytes() for path in damaged_files(store)] == [contents]


def test_a_whole_file_is_left_as_it_is(store: LabelStore) -> None:
    contents = store.path.read_bytes()
    assert "402 labels. Nothing was changed." in repair(store).stdout
    assert (store.path.read_bytes(), damaged_files(store)) == (contents, [])


def test_windows_notice_that_the_file_was_repaired(store: LabelStore) -> None:
    revision = store.revision
    DAMAGE["table"](store.path)
    repair(store)
    assert store.revision > revision
