"""Label files from strangers: looking at them changes nothing, and what is odd in them is one clear error."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.unwritable import unwritable

from covey import CoveyError
from covey.commands.main import main
from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels, open_labels_read_only

MAGIC = bytes.fromhex("d9d505f920a163d7")


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    (tmp_path / "birds").mkdir()
    store = open_labels(FolderDataset(tmp_path / "birds"))
    store.add(["a.png", "b.png"], "robin")
    return store


def describe(folder: Path) -> str:
    """Return the problems that `covey info` names."""
    return CliRunner().invoke(main, ["info", str(folder)]).stderr


def journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-journal")


def write_super_journal(path: Path, victim: str) -> None:
    """Write the journal of a writer that died, which says that `victim` coordinates it."""
    name = victim.encode()
    header = MAGIC + struct.pack(">IIIII", 0, 1, path.stat().st_size // 4096, 512, 4096)
    record = struct.pack(">I", 262145) + name + struct.pack(">II", len(name), sum(name)) + MAGIC
    journal(path).write_bytes(header.ljust(512, b"\0") + record)


@pytest.mark.parametrize("absolute", [True, False])
def test_a_journal_that_names_another_file_deletes_nothing(
    store: LabelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absolute: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    victim = tmp_path / "thesis.txt"
    victim.write_text("three years of work")
    write_super_journal(store.path, str(victim) if absolute else "thesis.txt")
    before = {path: path.read_bytes() for path in store.path.parent.iterdir()}
    dataset = FolderDataset(store.path.parent)
    acts: list[Callable[[], object]] = [
        lambda: open_labels(dataset),
        lambda: open_labels_read_only(dataset),
        store.classes,
        lambda: store.add(["c.png"], "wren"),
        store.undo,
    ]
    for act in acts:
        with pytest.raises(CoveyError, match="was not written by covey"):
            act()
    assert "was not written by covey" in describe(store.path.parent)
    assert victim.read_text() == "three years of work"
    assert {path: path.read_bytes() for path in store.path.parent.iterdir()} == before


def test_the_test_file_above_would_be_deleted_by_sqlite_itself(store: LabelStore, tmp_path: Path) -> None:
    victim = tmp_path / "thesis.txt"
    victim.write_text("three years of work")
    write_super_journal(store.path, str(victim))
    with closing(sqlite3.connect(store.path)) as db:
        db.execute("SELECT * FROM class").fetchall()
    assert not victim.exists()


def test_a_journal_that_makes_the_file_larger_is_refused(store: LabelStore) -> None:
    header = MAGIC + struct.pack(">IIIII", 0, 1, 4_000_000_000, 512, 4096)
    journal(store.path).write_bytes(header.ljust(512, b"\0") + bytes(4104))
    size = store.path.stat().st_size
    with pytest.raises(CoveyError, match="would make the labels grow"):
        store.add(["c.png"], "wren")
    assert store.path.stat().st_size == size


KILLED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("BEGIN IMMEDIATE")
names = ((f"{'x' * 200}{at}.png",) for at in range(20_000))
db.executemany("INSERT INTO image SELECT NULL, ?, '', 0, '', 0, 0", names)
db.execute("UPDATE revision SET number = 999")
print("half", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def half_written(store: LabelStore) -> LabelStore:
    """Labels whose writer was killed after SQLite had written part of its change to the file."""
    store.add([f"{'y' * 200}{at}.png" for at in range(2000)], "wren")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.kill()
    assert journal(store.path).stat().st_size > 4096
    return store


def test_what_a_dead_writer_left_unfinished_is_not_read_and_reading_changes_no_file(half_written: LabelStore) -> None:
    before = {path.name: path.read_bytes() for path in half_written.path.parent.iterdir() if path.is_file()}
    seen = open_labels_read_only(FolderDataset(half_written.path.parent))
    assert seen.revision == 2
    assert len(seen.images("wren")) == 2000
    assert {path.name: path.read_bytes() for path in half_written.path.parent.iterdir() if path.is_file()} == before
    assert half_written.add(["c.png"], "wren") is not None  # who writes repairs the file itself
    assert not journal(half_written.path).exists()
    assert (half_written.revision, len(half_written.images("wren"))) == (3, 2001)


def test_labels_taken_to_the_user_leave_out_what_a_dead_writer_left_unfinished(
    half_written: LabelStore, lab: Path
) -> None:
    folder = lab / "birds"
    shutil.copytree(half_written.path.parent, folder)
    for path in folder.glob("labels.sqlite*"):
        path.chmod(0o444)
    with unwritable(folder):
        own = open_labels(FolderDataset(folder))
        assert own.path.is_relative_to(lab / "home")
        assert (own.revision, len(own.images("wren"))) == (2, 2000)
        assert stat.S_IMODE(own.path.stat().st_mode) == 0o600
        assert {stat.S_IMODE(parent.stat().st_mode) for parent in own.path.parents[:2]} == {0o700}
    assert journal(folder / "labels.sqlite").exists()


def link_elsewhere(path: Path) -> None:
    target = path.parent.parent / "elsewhere"
    path.rename(target)
    path.symlink_to(target)


def dangle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent.parent / "not there")


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def replace_by_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def change(*commands: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute("PRAGMA ignore_check_constraints=1")
            for command in commands:
                db.execute(command)

    return run


ODD: dict[str, Callable[[Path], object]] = {
    "link": link_elsewhere,
    "dangling link": dangle,
    "link as journal": lambda path: journal(path).symlink_to("/etc/passwd"),
    "folder as journal": lambda path: journal(path).mkdir(),
    "folder": replace_by_folder,
    "pipe": replace_by_fifo,
    "empty": lambda path: path.write_bytes(b""),
    "one byte": lambda path: path.write_bytes(b"S"),
    "header alone": lambda path: path.write_bytes(path.read_bytes()[:99]),
    "write-ahead log": change("PRAGMA journal_mode=WAL"),
    "file of a write-ahead log": lambda path: path.with_name(f"{path.name}-wal").write_bytes(b"\x37\x7f\x06\x82" * 9),
    "revision is text": change("UPDATE revision SET number = 'abc'"),
    "no revision": change("DELETE FROM revision"),
    "two revisions": change("INSERT INTO revision VALUES (7)"),
    "revision beyond all": change("UPDATE revision SET number = 9223372036854775807"),
    "class beyond all": change("PRAGMA foreign_keys=OFF", "UPDATE class SET id = 9223372036854775807"),
    "negative class": change("UPDATE class SET id = -5", "UPDATE label SET class = -5"),
    "action of text": change("UPDATE class_change SET id = 'x'"),
    "bytes as time": change("UPDATE label SET at = x'00ff'"),
    "number as description": change("UPDATE action SET told = x'07'"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and pipes")
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_file_is_one_error_and_nothing_changes(store: LabelStore, tmp_path: Path, kind: str) -> None:
    ODD[kind](store.path)
    before = sorted(tmp_path.rglob("*"))
    dataset = FolderDataset(store.path.parent)
    for open_file in (open_labels, open_labels_read_only):
        with pytest.raises(CoveyError, match=r"labels\.sqlite"):
            open_file(dataset)
    assert "labels.sqlite" in describe(store.path.parent)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_killed_first_label_leaves_no_file_or_a_whole_one(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from covey.labelling import LabelStore; LabelStore(Path(sys.argv[1])).add(['a.png'], 'robin')"  # noqa: E501
    store = LabelStore(tmp_path / "labels.sqlite")
    for delay in (0.0, 0.05, 0.1, 0.2, 0.3):
        with subprocess.Popen([sys.executable, "-c", code, str(store.path)]) as writer:
            time.sleep(delay)
            writer.send_signal(signal.SIGTERM)
        assert set(store.by_image()) <= {"a.png"}
