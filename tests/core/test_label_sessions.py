"""Undo and redo in several windows: each takes back what it did itself, unless it asks for more."""

from __future__ import annotations

import random
from pathlib import Path

import attrs
import pytest

from covey import CoveyError
from covey.data.folder import FolderDataset
from covey.labelling import LabelStore, open_labels


@pytest.fixture
def windows(tmp_path: Path) -> tuple[LabelStore, LabelStore]:
    store = open_labels(FolderDataset(tmp_path))
    return attrs.evolve(store, session="first"), attrs.evolve(store, session="second")


def test_undo_takes_back_what_the_window_did_itself(windows: tuple[LabelStore, LabelStore]) -> None:
    first, second = windows
    second.add(["z.png"], "robin")
    first.add(["a.png"], "robin")
    second.add(["b.png"], "robin")
    assert first.undo() is not None
    assert first.images("robin") == ["b.png", "z.png"]
    assert first.undo() is None
    assert second.add(["c.png"], "wren") is not None
    assert first.redo() is not None
    assert first.images("robin") == ["a.png", "b.png", "z.png"]


def test_the_action_of_another_window_is_undone_only_when_asked_for(windows: tuple[LabelStore, LabelStore]) -> None:
    first, second = windows
    first.add(["a.png"], "robin")
    assert (second.next_actions().undo, second.undo()) == (None, None)
    foreign = second.next_actions().undo_anybody
    assert foreign is not None
    assert foreign.session == "first"
    assert second.undo(anybody=True) is not None
    assert first.rows() == []
    second.add(["b.png"], "wren")
    assert first.redo() is not None
    assert first.by_image() == {"a.png": ("robin",), "b.png": ("wren",)}


def test_what_a_later_action_builds_on_is_not_undone_below_it(windows: tuple[LabelStore, LabelStore]) -> None:
    first, second = windows
    first.add(["a.png"], "robin")
    second.add(["b.png"], "robin")
    before = first.rows(), first.history(9)
    with pytest.raises(CoveyError, match=r"later actions .* build on"):
        first.undo()
    assert (first.rows(), first.history(9)) == before
    second.undo()
    assert first.undo() is not None


def number_of(store: LabelStore, description: str) -> int:
    return next(action.id for action in store.history(99) if action.description.startswith(description))


def test_any_action_of_the_history_is_taken_back_and_done_again(windows: tuple[LabelStore, LabelStore]) -> None:
    first, second = windows
    first.add(["z.png"], "robin")
    first.add(["a.png"], "robin")
    second.add(["b.png"], "robin")
    second.add(["c.png"], "robin")
    number = number_of(first, "“robin” given to 1 image") - 2
    action = second.take_back(number)
    assert action is not None
    assert action.undone
    assert first.images("robin") == ["b.png", "c.png", "z.png"]
    assert second.take_back(number) is None
    first.add(["d.png"], "wren")
    assert second.do_again(number) is not None
    assert second.do_again(number) is None
    assert first.images("robin") == ["a.png", "b.png", "c.png", "z.png"]


def test_an_action_that_was_left_behind_can_be_done_again(windows: tuple[LabelStore, LabelStore]) -> None:
    first, _ = windows
    first.add(["a.png"], "robin")
    first.undo()
    first.add(["b.png"], "wren")
    assert first.redo() is None
    assert first.do_again(1) is not None
    assert first.by_image() == {"a.png": ("robin",), "b.png": ("wren",)}


def test_the_action_that_stands_in_the_way_is_named(
    windows: tuple[LabelStore, LabelStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = windows
    monkeypatch.setenv("COVEY_USER", "Ann")
    first.add(["a.png", "b.png"], "robin")
    second.remove(["b.png"], "robin")
    before = first.rows(), first.history(9)
    with pytest.raises(
        CoveyError, match=r"the last is ““robin” taken from 1 image, by Ann”\) build on ““robin” given to 2"
    ):
        first.take_back(1)
    assert (first.rows(), first.history(9)) == before
    second.take_back(2)
    first.take_back(1)
    with pytest.raises(CoveyError, match=r"““robin” taken from 1 image” builds on ““robin” given to 2 images, by Ann”"):
        second.do_again(2)
    second.add(["c.png"], "robin")
    with pytest.raises(CoveyError, match=r"the last is ““robin” given to 1 image, by Ann”\) build on"):
        first.do_again(1)
    second.delete("robin")
    assert first.do_again(1) is not None
    assert first.images("robin") == ["a.png", "b.png"]
    with pytest.raises(CoveyError, match="There is no action 77"):
        first.take_back(77)


@pytest.mark.parametrize("seed", range(4))
def test_windows_that_undo_and_redo_at_random_leave_whole_labels(
    windows: tuple[LabelStore, LabelStore], seed: int
) -> None:
    rng, names = random.Random(seed), ["a.png", "b.png", "c.png"]
    messages: list[str] = []
    for _ in range(60):
        store, label = rng.choice(windows), rng.choice("xyz")
        try:
            match rng.randrange(6):
                case 0 | 1:
                    store.add(rng.sample(names, 2), label)
                case 2:
                    store.remove(rng.sample(names, 2), label)
                case 3:
                    store.merge([label], rng.choice("xyz"))
                case 4:
                    store.undo()
                case 5:
                    store.redo()
        except CoveyError as error:
            messages.append(str(error))
        open_labels(FolderDataset(store.path.parent))
    assert [
        message for message in messages if not message.startswith(("There is no class", "Nothing was changed"))
    ] == []
