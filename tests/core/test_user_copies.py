"""Labels of a dataset that is read-only for a while: kept with the user, and brought back once, with all conflicts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.fixture_types import Cli
from tests.unwritable import unwritable

from covey import CoveyError
from covey._base.digests import digest
from covey.data.folder import FolderDataset
from covey.labelling import NOTHING_THERE, Labelled, LabelStore, locate_labels, open_labels, open_labels_read_only
from covey.outputs.exchange.imports.import_label_table import import_labels

NAMES = [f"call_{number}.png" for number in range(6)]


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (6, 6), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def make_dataset(folder: Path, seed: int = 0) -> Path:
    for number, name in enumerate(NAMES):
        draw(folder / "images" / name, seed + number)
    return folder


def labels_of(folder: Path) -> LabelStore:
    return open_labels(FolderDataset(folder))


def label_while_unwritable(folder: Path, *acts: Callable[[LabelStore], object]) -> None:
    with unwritable(folder):
        store = labels_of(folder)
        for act in acts:
            act(store)


def give(label: str, *numbers: int) -> Callable[[LabelStore], object]:
    return lambda store: store.add([NAMES[number] for number in numbers], label)


def take(label: str, *numbers: int) -> Callable[[LabelStore], object]:
    return lambda store: store.remove([NAMES[number] for number in numbers], label)


def report(folder: Path) -> str:
    return "\n".join(locate_labels(FolderDataset(folder)).sentences)


@pytest.fixture
def birds(lab: Path) -> Path:
    """A dataset of six images, of which the first two are robins and the third a wren."""
    folder = make_dataset(lab / "birds")
    give("robin", 0, 1)(labels_of(folder))
    give("wren", 2)(labels_of(folder))
    return folder


def test_labels_are_kept_with_the_user_and_come_back_in_one_action(
    birds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (birds / "labels.sqlite").read_bytes()
    monkeypatch.setenv("COVEY_USER", "Ann")
    with unwritable(birds):
        own = labels_of(birds)
        give("robin", 3)(own)
        give("owl", 4)(own)
        take("wren", 2)(own)
        assert own.path.is_relative_to(birds.parent / "home")
        assert str(own.path) in report(birds)
        assert labels_of(birds).rows() == own.rows()
        assert (birds / "labels.sqlite").read_bytes() == before
        rows = own.all_rows()
    monkeypatch.setenv("COVEY_USER", "Bob")
    store = labels_of(birds)
    assert store.path == birds / "labels.sqlite"
    assert sorted(map(str, store.all_rows())) == sorted(map(str, rows))
    assert all(row.content for row in store.all_rows())
    assert [(action.author, action.description) for action in store.history(9)][:1] == [
        ("Ann", "2 labels given, 1 label removed, brought back from the time when the dataset could not be written")
    ]
    assert len(store.history(9)) == 3
    sentences = report(birds)
    assert "came back to it" in sentences
    assert "Brought back: 2 labels given, 1 label removed. Of 2 labels given meanwhile 2 used." in sentences
    assert report(birds) == ""
    backups = list((birds.parent / "home" / "labels").glob("*/labels-returned-*.sqlite"))
    assert len(backups) == 1
    assert str(backups[0]) in sentences
    assert sorted(map(str, LabelStore(backups[0]).all_rows())) == sorted(map(str, rows))
    store.undo(anybody=True)
    assert store.by_image() == {NAMES[0]: ("robin",), NAMES[1]: ("robin",), NAMES[2]: ("wren",)}
    assert [action.undone for action in labels_of(birds).history(9)] == [True, False, False]


def test_without_a_label_file_they_come_back_with_their_whole_history(lab: Path) -> None:
    folder = make_dataset(lab / "birds")
    label_while_unwritable(folder, give("robin", 0), give("wren", 1), take("wren", 1))
    store = labels_of(folder)
    assert store.path == folder / "labels.sqlite"
    assert len([action for action in store.history(9) if not action.session]) == 3
    assert store.by_image() == {NAMES[0]: ("robin",)}
    assert "1 label with their whole history" in report(folder)


def test_they_belong_to_the_dataset_and_not_to_its_path(birds: Path, lab: Path) -> None:
    label_while_unwritable(birds, give("robin", 3))
    moved = birds.rename(lab / "moved")
    make_dataset(birds, seed=50)
    with unwritable(birds):
        assert labels_of(birds).rows() == []
        give("crow", 0)(labels_of(birds))
    with unwritable(moved):
        assert labels_of(moved).images("robin") == [NAMES[0], NAMES[1], NAMES[3]]
    assert labels_of(birds).by_image() == {NAMES[0]: ("crow",)}
    assert labels_of(moved).images("robin") == [NAMES[0], NAMES[1], NAMES[3]]
    assert labels_of(moved).path == moved / "labels.sqlite"


def test_a_dataset_that_grows_and_loses_a_few_images_is_the_same(lab: Path) -> None:
    folder = make_dataset(lab / "birds")
    label_while_unwritable(folder, give("robin", 0))
    for number in range(20):
        draw(folder / "images" / f"another_{number}.png", 100 + number)
    (folder / "images" / NAMES[5]).unlink()
    folder = folder.rename(lab / "elsewhere")
    assert labels_of(folder).by_image() == {NAMES[0]: ("robin",)}


def test_nothing_is_written_where_nothing_tells_a_dataset_from_others(lab: Path) -> None:
    (lab / "empty").mkdir()
    with unwritable(lab / "empty"):
        store = labels_of(lab / "empty")
        with pytest.raises(CoveyError, match="reading only"):
            give("robin", 0)(store)
        assert "no labels can be given" in report(lab / "empty")


def test_a_copy_in_which_nothing_was_done_follows_the_dataset_and_leaves_nothing(birds: Path) -> None:
    with unwritable(birds):
        labels_of(birds)
    copies = birds.parent / "home" / "labels"
    assert len(list(copies.glob("*/labels.sqlite"))) == 1
    give("owl", 4)(LabelStore(birds / "labels.sqlite"))
    with unwritable(birds):
        assert labels_of(birds).images("owl") == [NAMES[4]]
    labels_of(birds)
    assert list(copies.glob("*/*")) == []
    assert report(birds) == ""


def test_conflicts_are_named_and_left_as_they_are_there(birds: Path, lab: Path) -> None:
    give("owl", 4)(labels_of(birds))
    give("crow", 4)(labels_of(birds))
    label_while_unwritable(
        birds,
        give("wren", 5),
        give("robin", 3),
        take("robin", 0),
        lambda store: store.rename("robin", "Robin"),
        lambda store: store.delete("owl"),
        give("gull", 0),
    )
    there = LabelStore(birds / "labels.sqlite", contents=FolderDataset(birds).image_contents)
    there.delete("wren")
    there.rename("robin", "Erithacus rubecula")
    give("owl", 5)(there)
    draw(birds / "images" / NAMES[3], 77)
    store = labels_of(birds)
    sentences = report(birds)
    assert "1 whose class was deleted there meanwhile (call_5.png: wren)" in sentences
    assert "“robin” was renamed to “Robin” here and “Erithacus rubecula” there: it stays as it is there." in sentences
    assert (
        "“owl” was deleted here, and given to 1 image there (call_5.png): it stays, with all its labels." in sentences
    )
    assert "1 label came back for images whose content has changed meanwhile (call_3.png: Robin)" in sentences
    assert [row.filename for row in store.out_of_date()] == [NAMES[3]]
    assert {label.name for label in store.classes()} == {"Erithacus rubecula", "owl", "crow", "gull"}
    table = next((lab / "home" / "labels").glob("*/not-brought-back.csv"))
    assert str(table) in sentences
    import_labels(FolderDataset(birds), store, table, "x.csv")
    assert store.images("wren") == [NAMES[5]]


def test_a_label_removed_there_and_given_here_is_named(birds: Path) -> None:
    label_while_unwritable(
        birds,
        take("robin", 0),
        lambda store: store.add([NAMES[0], NAMES[3]], "robin", how="heard twice"),
        take("wren", 2),
    )
    there = LabelStore(birds / "labels.sqlite", contents=FolderDataset(birds).image_contents)
    give("robin", 3)(there)
    take("robin", 0, 3)(there)
    take("wren", 2)(there)
    store = labels_of(birds)
    assert store.images("robin") == [NAMES[1]]
    assert "2 that were removed there meanwhile (call_0.png: robin, call_3.png: robin)" in report(birds)


def test_a_label_given_again_there_is_not_removed(birds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    label_while_unwritable(birds, take("wren", 2))
    there = LabelStore(birds / "labels.sqlite", contents=FolderDataset(birds).image_contents)
    take("wren", 2)(there)
    there.add([NAMES[2]], "wren", how="checked twice")
    assert labels_of(birds).images("wren") == [NAMES[2]]
    assert f"“wren” was taken from {NAMES[2]} here, and given again there: it stays." in report(birds)


def test_classes_made_on_both_sides_under_one_number_stay_apart(birds: Path) -> None:
    label_while_unwritable(birds, give("owl", 4), lambda store: store.recolour("wren", "#123456"))
    give("gull", 5)(LabelStore(birds / "labels.sqlite", contents=FolderDataset(birds).image_contents))
    store = labels_of(birds)
    assert (store.images("owl"), store.images("gull")) == ([NAMES[4]], [NAMES[5]])
    assert len({label.colour for label in store.classes()}) == 4
    assert store.classes()[1].colour == "#123456"


def look_at(*numbers: int) -> Callable[[LabelStore], object]:
    return lambda store: store.give(
        [], str, [Labelled(NAMES[number], NOTHING_THERE, "", "looked") for number in numbers]
    )


def test_images_in_which_nothing_was_come_back_unless_they_were_labelled_there(birds: Path) -> None:
    look_at(5)(labels_of(birds))
    label_while_unwritable(birds, look_at(3, 4), give("owl", 5))
    give("gull", 4)(LabelStore(birds / "labels.sqlite", contents=FolderDataset(birds).image_contents))
    store = labels_of(birds)
    assert [row.filename for row in store.absences()] == [NAMES[3]]
    assert (store.images("owl"), store.images("gull")) == ([NAMES[5]], [NAMES[4]])
    assert "1 whose images were labelled there meanwhile (call_4.png: nothing there)" in report(birds)
    store.undo(anybody=True)
    assert [row.filename for row in store.absences()] == [NAMES[5]]


def test_a_window_that_still_has_the_copy_open_is_told(birds: Path) -> None:
    with unwritable(birds):
        window = labels_of(birds)
        give("owl", 4)(window)
        window.path.chmod(0o666)
    store = labels_of(birds)
    backup = next((birds.parent / "home" / "labels").glob("*/labels-returned-*.sqlite"))
    backup.rename(window.path)  # as where a system renames no open file
    with pytest.raises(CoveyError, match="went back to their dataset: nothing was changed"):
        give("owl", 5)(window)
    assert labels_of(birds).rows() == store.rows()
    assert backup.exists()


WORKER = """
import sys
from pathlib import Path
from covey.data.folder import FolderDataset
from covey.labelling import open_labels
print("ready", flush=True)
sys.stdin.readline()
open_labels(FolderDataset(Path(sys.argv[1])))
"""


def start(folder: Path) -> subprocess.Popen[str]:
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder)],
        env=paths, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_processes_that_open_at_once_bring_them_back_once(birds: Path) -> None:
    label_while_unwritable(birds, give("owl", 4), give("robin", 3))
    workers = [start(birds), start(birds)]
    assert all(worker.stdout and worker.stdout.readline() == "ready\n" for worker in workers)
    for worker in workers:
        print(file=worker.stdin, flush=True)
    for worker in workers:
        worker.communicate(timeout=120)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert len(LabelStore(birds / "labels.sqlite").history(9)) == 3
    assert labels_of(birds).images("owl") == [NAMES[4]]


def test_a_process_that_is_killed_on_the_way_loses_and_doubles_nothing(birds: Path) -> None:
    """Each attempt is killed a little later than the one before, until one ends by itself."""
    with unwritable(birds):
        own = labels_of(birds)
        own.add([f"sound_{number}.png" for number in range(4000)], "owl")
        rows = sorted(map(str, own.all_rows()))
    for attempt in range(200):
        with start(birds) as worker:
            assert worker.stdout
            worker.stdout.readline()
            print(file=worker.stdin, flush=True)
            try:
                worker.wait(timeout=0.03 * attempt)
                break
            except subprocess.TimeoutExpired:
                worker.send_signal(signal.SIGKILL)
    assert attempt > 1
    store = labels_of(birds)
    assert sorted(map(str, store.all_rows())) == rows
    assert len(store.history(9)) == 3
    assert len([line for line in report(birds).splitlines() if line.startswith("Brought back")]) == 1
    assert len(list((birds.parent / "home" / "labels").glob("*/labels-returned-*.sqlite"))) == 1


STOPPED = """
import os, sys
from pathlib import Path
from covey.data.folder import FolderDataset
from covey.labelling import open_labels, history
history.mark_returned = lambda db, copy: os.kill(os.getpid(), 9)
open_labels(FolderDataset(Path(sys.argv[1])))
"""


def test_what_was_labelled_after_such_a_stop_comes_back_too(birds: Path) -> None:
    label_while_unwritable(birds, give("owl", 4))
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    stopped = subprocess.run([sys.executable, "-c", STOPPED, birds], env=paths, check=False)
    assert stopped.returncode == -signal.SIGKILL
    assert len(LabelStore(birds / "labels.sqlite").history(9)) == 3
    (copy,) = (birds.parent / "home" / "labels").glob("*/labels.sqlite")
    give("gull", 5)(LabelStore(copy))
    store = labels_of(birds)
    assert store.by_image()[NAMES[4]] == ("owl",)
    assert store.images("gull") == [NAMES[5]]
    assert "1 that are there already (call_4.png: owl)" in report(birds)


def test_a_copy_that_an_earlier_version_made_comes_back_to_its_own_dataset(birds: Path, lab: Path) -> None:
    another = make_dataset(lab / "another", seed=50)
    folders = [
        lab / "home" / "labels" / digest(str((place / "labels.sqlite").resolve()))[:16] for place in (birds, another)
    ]
    for folder in folders:
        folder.mkdir(parents=True)
        shutil.copy(birds / "labels.sqlite", folder)
        copy = LabelStore(folder / "labels.sqlite")
        give("owl", 4)(copy)
        take("wren", 2)(copy)
    give("gull", 5)(LabelStore(birds / "labels.sqlite", contents=FolderDataset(birds).image_contents))
    assert labels_of(another).rows() == []
    assert labels_of(birds).by_image() == {
        NAMES[0]: ("robin",), NAMES[1]: ("robin",), NAMES[4]: ("owl",), NAMES[5]: ("gull",)
    }  # fmt: skip
    assert (folders[1] / "labels.sqlite").exists()
    assert not (folders[0] / "labels.sqlite").exists()


def test_looking_brings_nothing_back(birds: Path) -> None:
    label_while_unwritable(birds, give("owl", 4))
    before = (birds / "labels.sqlite").read_bytes()
    assert open_labels_read_only(FolderDataset(birds)).images("owl") == [NAMES[4]]
    assert (birds / "labels.sqlite").read_bytes() == before


@pytest.mark.parametrize("words", [["info"], ["labels", "check"], ["labels", "reattach"]])
def test_the_command_line_says_where_labels_are_and_that_they_came_back(
    birds: Path, covey: Cli, words: list[str]
) -> None:
    label_while_unwritable(birds, give("owl", 4))
    with unwritable(birds):
        place = "This dataset cannot be written: your labels are kept on this computer, in"
        assert place in covey(*words, birds).output
    back = "Brought back: 1 label given. Of 1 label given meanwhile 1 used."
    assert back in covey(*words, birds).output
    assert labels_of(birds).path == birds / "labels.sqlite"
    assert labels_of(birds).images("owl") == [NAMES[4]]
    assert back not in covey(*words, birds).output


def test_what_only_shows_brings_nothing_back(birds: Path, covey: Cli) -> None:
    label_while_unwritable(birds, give("owl", 4))
    before = (birds / "labels.sqlite").read_bytes()
    assert "Nothing was changed" in covey("labels", "reattach", birds, "--dry-run").output
    assert (birds / "labels.sqlite").read_bytes() == before
