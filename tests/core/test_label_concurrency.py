"""Readers and writers of one label file at once: threads of one server, and other programs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from covey import CoveyError
from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels
from covey.labelling.database import writing
from covey.labelling.repair_labels import repair_labels

CHANGES = 150
"""Changes of labels while others read: one of them meets the end of a change."""
CHANGE_MUCH = f"""
import sys
from pathlib import Path
from covey.labelling import LabelStore
store = LabelStore(Path(sys.argv[1]))
for number in range({CHANGES}):
    store.add([f"{{number}}.png"], "wren")
"""
CHANGE_ONCE = """
import sys
from pathlib import Path
from covey.labelling import LabelStore
LabelStore(Path(sys.argv[1]), patience=0.2).add(["theirs.png"], "wren")
"""


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    store = open_labels(FolderDataset(tmp_path))
    store.add(["a.png"], "robin")
    return store


@contextmanager
def many_changes(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let another program change labels again and again."""
    with subprocess.Popen([sys.executable, "-c", CHANGE_MUCH, str(path)]) as writer:
        yield writer
    assert writer.returncode == 0


def read_until(ended: threading.Event, store: LabelStore) -> int:
    """Read the labels again and again; return how often."""
    count = 0
    while not ended.is_set():
        assert store.by_image()["a.png"] == ("robin",)
        count += 1
    return count


def test_nobody_fails_to_read_while_another_program_writes(store: LabelStore) -> None:
    ended = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        readings = [pool.submit(read_until, ended, store) for _ in range(4)]
        try:
            with many_changes(store.path):
                pass
        finally:
            ended.set()
        assert all(reading.result() for reading in readings)
    assert len(store.by_image()) == CHANGES + 1


def test_a_reader_does_not_let_go_of_what_a_writer_beside_it_holds(store: LabelStore) -> None:
    with writing(store.path, 5) as db:
        db.execute("UPDATE revision SET number = number + 1")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(store.by_image).result() == {"a.png": ("robin",)}
        other = subprocess.run(
            [sys.executable, "-c", CHANGE_ONCE, store.path], stderr=subprocess.PIPE, text=True, check=False
        )
        assert "held by another program" in other.stderr
    assert store.by_image() == {"a.png": ("robin",)}


def test_labels_that_are_only_held_are_not_repaired(store: LabelStore) -> None:
    with writing(store.path, 5) as db:
        db.execute("UPDATE revision SET number = number + 1")
        db.execute("COMMIT")
        db.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(1) as pool, pytest.raises(CoveyError, match="held by another program"):
            pool.submit(repair_labels, store.path, 0.1).result()
    assert not list(store.path.parent.glob("labels-damaged-*"))
