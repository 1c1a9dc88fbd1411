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
    assert (second.next_undo(), second.undo()) == (None, None)
    foreign = second.next_undo(anybody=True)
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
