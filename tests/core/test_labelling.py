"""Labels: saved at once, shared by all who have them open, undone exactly, taken home and brought back."""

from __future__ import annotations

import csv
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from io import StringIO
from pathlib import Path

import attrs
import pytest

from covey import CoveyError
from covey.data.folder import FolderDataset
from covey.labelling import LabelClass, Labelled, LabelStore, open_labels
from covey.labelling.history import NextActions
from covey.labelling.label_tables import long_table, original_table
from covey.outputs.exchange.imports.import_label_table import import_labels

HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "'=x",
    "''@x",
    "'quoted'",
    "＝1",
    "<b>bold</b>",
    'a "b", c',
    "🐦 ‮gnp",
    "x" * 500,
]
"""Texts that could do harm, some of them only where they are not trimmed."""


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    return open_labels(FolderDataset(tmp_path))


def state(store: LabelStore) -> object:
    return store.rows(), store.classes()


def test_what_is_not_there_is_empty_and_is_not_made_by_looking(store: LabelStore) -> None:
    assert (store.classes(), store.by_image(), store.rows(), store.images("robin")) == ([], {}, [], [])
    assert (store.history(9), store.next_actions()) == ([], NextActions(None, None, None, None))
    assert not store.path.exists()


def test_labels_are_there_for_everyone_at_once(store: LabelStore) -> None:
    done = store.add(["b.png", "a.png"], " robin ")
    assert done is not None
    assert done.description == "“robin” given to 2 images"
    store.add(["b.png"], "wren", how="suggestion")
    second = LabelStore(store.path)
    assert second.by_image() == {"a.png": ("robin",), "b.png": ("robin", "wren")}
    assert second.images("robin") == ["a.png", "b.png"]
    assert [(row.filename, row.label, row.how) for row in second.rows()] == [
        ("a.png", "robin", "person"), ("b.png", "robin", "person"), ("b.png", "wren", "suggestion")
    ]  # fmt: skip
    assert [(found.name, found.count) for found in second.classes()] == [("robin", 2), ("wren", 1)]
    second.remove(["b.png", "c.png"], "robin")
    assert store.by_image() == {"a.png": ("robin",), "b.png": ("wren",)}
    assert {path.name for path in store.path.parent.iterdir()} == {"labels.sqlite", ".covey"}


def test_what_changes_nothing_is_no_action(store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    store.add(["b.png"], "robin")
    store.undo()
    before = store.revision, store.history(9)
    assert store.add(["a.png"], "robin") is None
    assert store.add([], "wren") is None
    assert store.remove(["b.png"], "robin") is None
    assert store.rename("robin", "robin") is None
    assert store.merge(["robin"], "robin") is None
    assert (store.revision, store.history(9)) == before
    assert store.redo() is not None


def test_undo_and_redo_walk_through_every_state_exactly(store: LabelStore) -> None:
    names, labels, rng = [f"{at}.png" for at in range(12)], ["a", "b", "c", "d"], random.Random(7)

    def act() -> object:
        sample, first, second = rng.sample(names, 5), rng.choice(labels), rng.choice(labels)
        acts: list[Callable[[], object]] = [
            lambda: store.add(sample, first, how=f"step {rng.random()}"),
            lambda: store.add(sample, first),
            lambda: store.remove(sample, first),
            lambda: store.merge([first, *labels[:1]], second),
            lambda: store.delete(first),
            lambda: store.rename(first, second),
            lambda: store.recolour(first, f"#{rng.randrange(1 << 24):06x}"),
        ]
        return rng.choice(acts)()

    states = [state(store)]
    while len(states) < 60:
        try:
            done = act()
        except CoveyError:  # a class that is not there, or is there already
            done = None
        if done:
            states.append(state(store))
    for expected in states[-2::-1]:
        assert LabelStore(store.path).undo() is not None
        assert state(store) == expected
    assert store.undo() is None
    for expected in states[1:]:
        assert LabelStore(store.path).redo() is not None
        assert state(store) == expected
    assert store.redo() is None


def test_undo_takes_back_what_the_action_gave_and_nothing_else(store: LabelStore) -> None:
    store.give([Labelled("a.png", "robin", "2020-01-01T00:00:00Z", "old")], str)
    store.add(["a.png", "b.png"], "robin")
    undone = store.undo()
    assert undone is not None
    assert undone.undone
    assert store.rows() == [Labelled("a.png", "robin", "2020-01-01T00:00:00Z", "old")]


def test_a_new_action_ends_what_could_be_redone_and_history_still_shows_it(store: LabelStore) -> None:
    for label in "abc":
        store.add(["1.png"], label)
    store.undo()
    store.undo()
    store.add(["1.png"], "d")
    assert store.redo() is None
    assert [(action.description[1], action.undone) for action in store.history(9)] == [
        ("d", False), ("c", True), ("b", True), ("a", False)
    ]  # fmt: skip
    store.undo()
    redone = store.redo()
    assert redone is not None
    assert redone.description.startswith("“d”")
    assert len(store.history(2)) == 2


def test_the_revision_tells_of_every_change(store: LabelStore) -> None:
    seen = [store.revision]
    store.add(["a.png"], "x")
    seen.append(LabelStore(store.path).revision)
    store.undo()
    seen.append(store.revision)
    store.redo()
    seen.append(LabelStore(store.path).revision)
    store.rename("x", "y")
    seen.append(store.revision)
    assert len(set(seen)) == 5


WORKER = """
import sys
from pathlib import Path
from covey.labelling import LabelStore
store = LabelStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for at in range(30):
    store.add([f"{sys.argv[2]} {at}.png", "both.png"], sys.argv[2])
"""


def test_processes_that_write_at_once_lose_nothing(store: LabelStore) -> None:
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(store.path), name],
            env=paths, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    assert all(worker.stdout and worker.stdout.readline() == "ready\n" for worker in workers)
    for worker in workers:
        print(file=worker.stdin, flush=True)
    for worker in workers:
        worker.communicate(timeout=120)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert [found.count for found in store.classes()] == [31, 31]
    assert len(store.history(100)) == 60
    while store.undo():
        pass
    assert store.by_image() == {}


def test_an_action_that_fails_leaves_nothing_behind(store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    before = store.path.read_bytes()
    for bad in ("x\0.png", "x\udcff.png"):
        with pytest.raises(CoveyError, match="cannot be kept with labels: rename the file"):
            store.add(["b.png", bad], "wren")
    assert store.path.read_bytes() == before


CRASH = """
import os, sys
from pathlib import Path
from covey.labelling import Labelled, LabelStore
rows = [Labelled(f"{at} {'x' * 200}.png", "wren", "", "") for at in range(30_000)]
LabelStore(Path(sys.argv[1])).give(rows, lambda count: os._exit(count % 7))
"""


def test_a_crash_in_the_middle_loses_nothing_and_leaves_nothing(store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    before = state(store)
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", CRASH, store.path], env=paths, check=False).returncode == 30_000 % 7
    assert store.path.with_name("labels.sqlite-journal").exists()
    assert state(store) == before
    assert store.add(["b.png"], "robin") is not None


def test_the_names_of_the_classes_are_told_without_a_look_at_the_images(store: LabelStore) -> None:
    store.add(["a.png"], "wren")
    store.add(["b.png"], "owl")

    def refuse(_names: Collection[str]) -> Mapping[str, str]:
        raise AssertionError

    assert list(attrs.evolve(store, contents=refuse).class_colours()) == ["wren", "owl"]


def test_classes_are_renamed_merged_deleted_and_recoloured(store: LabelStore) -> None:
    store.add(["1.png", "2.png"], "a")
    store.add(["2.png", "3.png"], "b")
    store.add(["4.png"], "c")
    with pytest.raises(CoveyError, match="There is a class 'b' already: merge the two"):
        store.rename("a", "b")
    store.rename("a", "A")
    store.merge(["A", "c"], "b")
    assert store.by_image() == {f"{at}.png": ("b",) for at in (1, 2, 3, 4)}
    store.recolour("b", "#ABCDEF")
    assert store.classes() == [LabelClass("b", "#abcdef", 4)]
    store.delete("b")
    assert (store.classes(), store.rows()) == ([], [])
    gone = r"There is no class 'b' any more"
    with pytest.raises(CoveyError, match=gone):
        store.delete("b")
    with pytest.raises(CoveyError, match=gone):
        store.rename("b", "x")
    with pytest.raises(CoveyError, match=gone):
        store.merge(["a"], "b")


def test_a_label_that_was_merged_keeps_its_oldest_time(store: LabelStore) -> None:
    rows = [
        Labelled("1.png", label, f"20{at}-01-01T00:00:00Z", label) for label, at in (("a", 22), ("b", 20), ("c", 21))
    ]
    store.give(rows, str)
    store.add(["2.png"], "z")
    store.merge(["a", "b", "c"], "z")
    assert store.rows()[0] == Labelled("1.png", "z", "2020-01-01T00:00:00Z", "b")


@pytest.mark.parametrize("name", ["", "  ", "x" * 501, "a\nb", "a\0b", "a\u2028b", "a\x1bb", "\udcff"])
def test_names_that_cannot_be_class_names(store: LabelStore, name: str) -> None:
    store.add(["a.png"], "robin")
    with pytest.raises(CoveyError, match=r"class name|needs a name"):
        store.add(["a.png"], name)
    with pytest.raises(CoveyError, match=r"class name|needs a name"):
        store.rename("robin", name)


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#12345g", "#fff;x:y"])
def test_a_colour_that_is_none(store: LabelStore, colour: str) -> None:
    store.add(["a.png"], "robin")
    with pytest.raises(CoveyError, match="is no colour: write it as #rrggbb"):
        store.recolour("robin", colour)


def test_hostile_names_are_kept_to_the_letter(store: LabelStore) -> None:
    for text in HOSTILE:
        store.add([text], text)
    assert store.by_image() == {text: (text.strip(),) for text in HOSTILE}


def test_the_first_classes_have_colours_of_their_own(store: LabelStore) -> None:
    for at in range(20):
        store.add(["a.png"], f"class {at}")
    colours = [found.colour for found in store.classes()]
    assert len(set(colours)) == 20
    store.delete("class 3")
    store.add(["a.png"], "new")
    assert store.classes()[-1].colour == colours[3]


def changed(path: Path, *commands: str) -> None:
    """Change a label file as another program could."""
    with closing(sqlite3.connect(path)) as db:
        for command in commands:
            db.execute(command)
        db.commit()


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scratched(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = b"\x5a" * (len(data) - 4096 * 2)
    path.write_bytes(data)


TRIGGER = "CREATE TRIGGER evil AFTER INSERT ON label BEGIN DELETE FROM label; END"
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda path: path.write_bytes(b"PK\3\4 something else" * 300), "are damaged, and left as they are"),
    "half of it": (halved, "are damaged"),
    "scratched": (scratched, "are damaged"),
    "newer": (lambda path: changed(path, "PRAGMA user_version=99"), "written by a newer covey"),
    "another's": (lambda path: changed(path, "PRAGMA application_id=7"), "no label file of covey"),
    "trigger": (lambda path: changed(path, TRIGGER), "changed by another program"),
    "view": (lambda path: changed(path, "DROP TABLE label", "CREATE VIEW label AS SELECT 1"), "by another program"),
    "table": (lambda path: changed(path, "CREATE TABLE mine (x)"), "changed by another program"),
    "colour": (
        lambda path: changed(path, "PRAGMA ignore_check_constraints=1", "UPDATE class SET colour='#fff;}</style>'"),
        "are damaged",
    ),
    "bytes": (
        lambda path: changed(path, "PRAGMA ignore_check_constraints=1", "UPDATE class SET name=x'ff00' WHERE id=1"),
        "are damaged",
    ),
    "no text": (lambda path: changed(path, "UPDATE image SET name=CAST(x'ff' AS TEXT) WHERE id=1"), "are damaged"),
    "orphan": (lambda path: changed(path, "DELETE FROM class"), "are damaged"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_told_of_and_never_changed(store: LabelStore, kind: str) -> None:
    spoil, sentence = BAD[kind]
    store.add(["a.png"], "robin")
    store.add([f"a rather long name of a file {at}.png" for at in range(400)], "wren")
    spoil(store.path)
    before = store.path.read_bytes()
    with pytest.raises(CoveyError, match=sentence):
        open_labels(FolderDataset(store.path.parent)).by_image()
    assert store.path.read_bytes() == before


@pytest.mark.parametrize("kind", ["no database", "half of it", "newer", "another's", "trigger", "view", "table"])
def test_nothing_is_written_to_a_file_that_went_bad_meanwhile(store: LabelStore, kind: str) -> None:
    store.add([f"a rather long name of a file {at}.png" for at in range(400)], "wren")
    BAD[kind][0](store.path)
    before = store.path.read_bytes()
    acts: list[Callable[[], object]] = [lambda: store.add(["a.png"], "robin"), store.undo, store.classes]
    for act in acts:
        with pytest.raises(CoveyError, match=BAD[kind][1]):
            act()
    assert store.path.read_bytes() == before


def test_a_file_that_is_held_is_told_of_after_a_while(store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    hasty = LabelStore(store.path, patience=0.05)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert hasty.images("robin") == ["a.png"]
        with pytest.raises(CoveyError, match="held by another program: nothing was changed"):
            hasty.add(["b.png"], "robin")
        db.execute("COMMIT")
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CoveyError, match="held by another program"):
            hasty.classes()
    assert hasty.add(["b.png"], "robin") is not None


def test_the_original_table_is_what_pandas_writes_byte_for_byte(store: LabelStore) -> None:
    names = ["b.png", "a, b.png", 'c "d".png', "sub/é.png", "Z.png", "10.png", "9.png"]
    for label, sample in {
        "class1": names[:3],
        "class2": names[2:5],
        "Mésange, bleue": names[4:],
        "empty": names[:1],
    }.items():
        store.add(sample, label)
    store.remove(names[:1], "empty")
    table = pytest.importorskip("pandas").DataFrame({"filename": sorted(names)})
    for computed in store.classes():
        table[computed.name] = table["filename"].isin(store.images(computed.name)).astype(float)
    assert original_table(store, names) == table.to_csv(lineterminator="\n").encode()
    assert original_table(store, names).startswith(b",filename,class1,class2,")


def test_images_that_are_gone_keep_their_labels_and_their_rows(store: LabelStore) -> None:
    store.add(["gone.png"], "x")
    assert original_table(store, ["a.png"]) == b",filename,x\n0,a.png,0.0\n1,gone.png,1.0\n"


def test_the_long_table(store: LabelStore) -> None:
    store.give([Labelled("a, b.png", "x", "2026-01-02T03:04:05Z", "person")], str)
    assert long_table(store) == b'filename,label,when,how\n"a, b.png",x,2026-01-02T03:04:05Z,person\n'


def brought(store: LabelStore, data: bytes, name: str = "labels.csv") -> int:
    """Bring a table into a dataset of labels alone; return how many of them are new."""
    path = store.path.with_name("table.csv")
    path.write_bytes(data)
    return import_labels(FolderDataset(path.parent), store, path, name).new_count


@pytest.mark.parametrize("form", ["original", "long"])
def test_no_cell_is_a_formula_and_all_is_read_back_to_the_letter(store: LabelStore, tmp_path: Path, form: str) -> None:
    for at, text in enumerate(HOSTILE):
        store.add([text, "both.png"], text, how=HOSTILE[-at])
    data = original_table(store, ["new.png"]) if form == "original" else long_table(store)
    cells = [cell for row in csv.reader(StringIO(data.decode(), newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r＝"))]
    second = LabelStore(tmp_path / "other.sqlite")
    assert brought(second, data, "=home.csv") > len(HOSTILE)
    if form == "long":
        assert set(second.rows()) == set(store.rows())
    else:
        assert original_table(second, ["new.png"]) == data
    assert brought(second, data) == 0
    second.undo()
    assert state(second) == ([], [])


def test_a_label_file_with_other_columns_is_brought_too(store: LabelStore) -> None:
    brought(store, b"filename,species,label\na.png,Turdus,x\nb.png,,y\nc.png,z,\n")
    assert store.by_image() == {"a.png": ("x",), "b.png": ("y",)}
    assert {row.how for row in store.rows()} == {"import of labels.csv"}


def test_the_heads_of_a_label_file_may_be_in_any_case(store: LabelStore) -> None:
    brought(store, b"Filename;LABEL\na.png;x\n")
    assert store.by_image() == {"a.png": ("x",)}


def test_a_class_called_label_is_read_back(store: LabelStore, tmp_path: Path) -> None:
    for label in ("label", "filename", "when", "a;b;c;d;e;f;g"):
        store.add(["a.png"], label)
    second = LabelStore(tmp_path / "other.sqlite")
    brought(second, original_table(store, ["b.png"]))
    assert second.by_image() == store.by_image()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_that_a_spreadsheet_has_saved_is_read(store: LabelStore, encoding: str, separator: str) -> None:
    table = '"",filename,"Mésange, bleue",x\r\n1,a.png,1,0\r\n2,é.png,0,1\r\n\r\n'
    text = "\r\n".join(separator.join(f'"{cell}"' for cell in row) for row in csv.reader(StringIO(table)))
    brought(store, text.encode(encoding))
    assert store.by_image() == {"a.png": ("Mésange, bleue",), "é.png": ("x",)}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "labels.csv needs a column 'filename'"),
        (b"name,label\na.png,x\n", "labels.csv needs a column 'filename'"),
        (b"filename,species\na.png,1\nb.png,Turdus\n", "line 3: 'Turdus' in the column 'species' is neither 0 nor 1"),
        (b"filename,label\na.png,x\na.png,a\x07\n", "line 3: The class name"),
        (b"filename,label,when\na.png,x,yesterday\n", "line 2: Invalid isoformat"),
        (b"filename,label,when\na.png,x,0001-01-01\n", "labels.csv cannot be read, line 2"),
        (b'filename,label\n"' + b"x" * 200_000 + b'",x\n', "field larger than field limit"),
    ],
)
def test_tables_that_are_none_bring_nothing(store: LabelStore, data: bytes, sentence: str) -> None:
    with pytest.raises(CoveyError, match=sentence):
        brought(store, data)
    assert store.rows() == []


def test_two_people_who_give_one_label_are_both_known_and_undone_apart(store: LabelStore) -> None:
    ann, ben = (attrs.evolve(store, author=name, session=name) for name in ("Ann", "Ben"))
    ann.add(["a.png", "b.png"], "robin")
    ben.add(["c.png"], "wren")
    confirmed = ben.add(["a.png", "c.png"], "robin")
    assert confirmed
    assert confirmed.description == "“robin” given to 1 image, confirmed for 1 image"
    assert ben.add(["a.png", "c.png"], "robin") is None
    assert ann.judgements() == {
        "Ann": {"a.png": {"robin"}, "b.png": {"robin"}},
        "Ben": {"a.png": {"robin"}, "c.png": {"robin", "wren"}},
    }
    with pytest.raises(CoveyError, match="by Ben"):
        ann.undo()
    before = store.rows()
    ben.undo()
    assert ann.judgements()["Ben"] == {"c.png": {"wren"}}
    ben.redo()
    assert store.rows() == before
    ben.remove(["a.png"], "robin")
    assert "a.png" not in ann.judgements()["Ben"]
    assert ann.judgements()["Ann"]["a.png"] == {"robin"}
    assert ben.add(["b.png"], "robin", "work-list").description == "“robin” confirmed for 1 image"  # type: ignore[union-attr]


def test_ten_people_at_once_lose_nothing(store: LabelStore) -> None:
    def label(person: int) -> None:
        own = attrs.evolve(store, author=f"person {person}", session=f"person {person}", patience=60)
        for number in range(10):
            own.add([f"{person}-{number}.png", "shared.png"], f"class {person}")
        own.undo()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(label, range(10)))
    assert {row.filename for row in store.rows()} == {
        "shared.png", *(f"{person}-{number}.png" for person in range(10) for number in range(9))
    }  # fmt: skip
    assert len(store.by_image()["shared.png"]) == 10
    assert sum(action.undone for action in store.history(1000)) == 10
    assert len(store.history(1000)) == 100


def test_what_is_done_together_is_done_wholly_or_not_at_all(store: LabelStore) -> None:
    first = store.add(["a.png", "b.png"], "wren")
    assert first
    with store.together() as together:
        assert together.take_back(first.id)
        assert together.classes_of(["a.png"]) == together.by_image() == {}
        assert together.add(["a.png"], "owl")
        assert together.by_image() == together.classes_of(["a.png", "b.png"]) == {"a.png": ("owl",)}
        with pytest.raises(CoveyError, match="no class 'wren'"):
            together.remove(["a.png"], "wren")
    assert store.by_image() == {"a.png": ("owl",)}
    assert [action.description for action in store.history(9)] == [
        "“owl” given to 1 image",
        "“wren” given to 2 images",
    ]
    with suppress(KeyError), store.together() as together:
        assert together.add(["b.png"], "robin")
        raise KeyError
    assert store.by_image() == {"a.png": ("owl",)}
    assert list(store.class_colours()) == ["owl"]
