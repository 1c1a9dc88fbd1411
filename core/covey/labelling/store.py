"""The labels of a dataset: saved at once, with all that was done to them."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.files import create_file, make_folder
from covey._base.text import count_noun
from covey._base.user_folders import user_data_folder
from covey.labelling import changes, history
from covey.labelling.changes import Labelled
from covey.labelling.classes import LabelClass, class_colour, class_name, isolate_text
from covey.labelling.database import NAME, check, read_contents, reading, writing
from covey.labelling.history import Action
from covey.labelling.label_backups import back_up_once_a_day

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

PATIENCE = 5.0
"""Seconds to wait while another program holds the label file."""
_JOINED = "label JOIN class ON class.id = label.class JOIN image ON image.id = label.image"


@attrs.frozen
class LabelStore:
    """The labels in one file, shared with everyone who has it open, in any thread and process.

    Each call opens the file, does all it does in one transaction, and closes it. A method that changes something
    returns the action that it was, or None when there was nothing to change.

    Every method raises CoveyError when the file is held by another program, damaged, of a newer covey, or not ours.
    """

    path: Path
    patience: float = PATIENCE
    writable: bool = True
    """Whether methods may change anything; where not, those that would raise CoveyError."""

    @property
    def revision(self) -> int:
        """A number that is another one whenever anybody has changed something."""
        return int(self._ask("SELECT number FROM revision")[0][0])

    def classes(self) -> list[LabelClass]:
        """Return the classes in the order in which they were made."""
        count = "SELECT count(*) FROM label WHERE label.class = class.id"
        return [LabelClass(*row) for row in self._ask(f"SELECT name, colour, ({count}) FROM class ORDER BY id")]

    def images(self, label: str) -> list[str]:
        """Return the names of the images in a class, sorted."""
        return [
            name for (name,) in self._ask(f"SELECT image.name FROM {_JOINED} WHERE class.name = ? ORDER BY 1", label)
        ]

    def by_image(self) -> dict[str, tuple[str, ...]]:
        """Return the classes of each image that has any."""
        classes_by_image: dict[str, tuple[str, ...]] = {}
        for name, label in self._ask(f"SELECT image.name, class.name FROM {_JOINED} ORDER BY class.id"):
            classes_by_image[name] = (*classes_by_image.get(name, ()), label)
        return classes_by_image

    def rows(self) -> list[Labelled]:
        """Return every label, sorted by image, then by class in the order in which they were made."""
        columns = "image.name, class.name, label.at, label.how"
        return [Labelled(*row) for row in self._ask(f"SELECT {columns} FROM {_JOINED} ORDER BY image.name, class.id")]

    def history(self, limit: int) -> list[Action]:
        """Return the latest actions, the newest first, with those that were undone."""
        with reading(self.path, self.patience) as db:
            return history.latest(db, limit)

    def next_undo(self) -> Action | None:
        """Return what `undo` would take back."""
        with reading(self.path, self.patience) as db:
            return history.last_done(db)

    def next_redo(self) -> Action | None:
        """Return what `redo` would do again."""
        with reading(self.path, self.patience) as db:
            return history.first_undone(db)

    def undo(self) -> Action | None:
        """Take back the last action of anybody that was not taken back: exactly what it changed."""
        with self._writing() as db:
            return history.undo(db)

    def redo(self) -> Action | None:
        """Do again what was taken back last, unless something else was done since."""
        with self._writing() as db:
            return history.redo(db)

    def add(self, names: Sequence[str], label: str, how: str = "person") -> Action | None:
        """Give a class, made if need be, to images. Raises CoveyError."""
        label, when = class_name(label), history.now()
        return self.give(
            [Labelled(name, label, when, how) for name in names], partial(_describe_change, label, "given to")
        )

    def give(self, rows: Sequence[Labelled], describe: Callable[[int], str]) -> Action | None:
        """Give many classes to many images in one action; labels that are there stay as they are.

        `describe` says what was done, from the number of labels that are new. Raises CoveyError.
        """
        cleaned = [attrs.evolve(row, label=class_name(row.label)) for row in rows]
        return self._act(lambda db, action: describe(changes.add_labels(db, action, cleaned)))

    def remove(self, names: Sequence[str], label: str) -> Action | None:
        """Take a class from images. Raises CoveyError."""
        return self._act(
            lambda db, action: _describe_change(label, "taken from", changes.remove_labels(db, action, names, label))
        )

    def move(self, new_names: Mapping[str, str]) -> Action | None:
        """Give the labels of images whose files were renamed to the new names, in one action. Raises CoveyError."""
        rows = [row for row in self.rows() if row.filename in new_names]

        def write(db: sqlite3.Connection, action: int) -> str:
            changes.add_labels(db, action, [attrs.evolve(row, filename=new_names[row.filename]) for row in rows])
            for label in dict.fromkeys(row.label for row in rows):
                changes.remove_labels(db, action, [row.filename for row in rows if row.label == label], label)
            return f"{count_noun(len(rows), 'label')} moved to the new names of their images"

        return self._act(write) if rows else None

    def rename(self, old: str, new: str) -> Action | None:
        """Give a class another name. Raises CoveyError when another class has it."""
        new = class_name(new)

        def write(db: sqlite3.Connection, action: int) -> str:
            if new != old and changes.exists(db, new):
                raise CoveyError(f"There is a class {new!r} already: merge the two, or take another name.")
            changes.alter(db, action, old, name=new)
            return f"{_quoted(old)} renamed to {_quoted(new)}"

        return self._act(write)

    def recolour(self, label: str, colour: str) -> Action | None:
        """Give a class another colour, #rrggbb. Raises CoveyError."""
        colour = class_colour(colour)

        def write(db: sqlite3.Connection, action: int) -> str:
            changes.alter(db, action, label, colour=colour)
            return f"{_quoted(label)} coloured {colour}"

        return self._act(write)

    def merge(self, sources: Sequence[str], target: str) -> Action | None:
        """Give the images of some classes to another one, and delete those classes. Raises CoveyError."""
        merged = [source for source in dict.fromkeys(sources) if source != target]

        def write(db: sqlite3.Connection, action: int) -> str:
            changes.merge(db, action, merged, target)
            return f"{', '.join(_quoted(source) for source in merged)} merged into {_quoted(target)}"

        return self._act(write)

    def delete(self, label: str) -> Action | None:
        """Delete a class, and take it from its images. Raises CoveyError."""
        return self._act(
            lambda db, action: _describe_change(label, "deleted, taken from", changes.drop(db, action, label))
        )

    def _act(self, write: Callable[[sqlite3.Connection, int], str]) -> Action | None:
        """Do what `write` writes down and says in words."""
        with self._writing() as db:
            action = history.begin(db)
            return history.finish(db, action, write(db, action))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if not self.writable:
            raise CoveyError("These labels are open for reading only: nothing was changed.")
        back_up_once_a_day(self.path, self.patience)
        with writing(self.path, self.patience) as db:
            yield db

    def _ask(self, question: str, *values: str) -> list[Any]:
        with reading(self.path, self.patience) as db:
            return db.execute(question, values).fetchall()


def open_labels(dataset: Dataset) -> LabelStore:
    """Open the labels of a dataset: in its folder, or, where that cannot be written, in the user's data folder.

    With the user they start with what lies in the dataset, and stay there from then on.

    Raises:
        CoveyError: the label file is held by another program, damaged, of a newer covey, or not ours.
    """
    path, own = _places(dataset)
    if not own.exists() and not _writable(dataset.home):
        create_file(make_folder(own.parent) / NAME, read_contents(path, PATIENCE))
    return attrs.evolve(kept_labels(dataset), writable=True)


def kept_labels(dataset: Dataset) -> LabelStore:
    """Open the labels of a dataset for reading only: where they lie now, and nothing is made. Raises CoveyError."""
    store = LabelStore(label_path(dataset), writable=False)
    check(store.path, PATIENCE)
    return store


def label_path(dataset: Dataset) -> Path:
    """Return where the labels of a dataset lie now, or would if there are none."""
    path, own = _places(dataset)
    return own if own.exists() else path


def _places(dataset: Dataset) -> tuple[Path, Path]:
    """Return where the labels of a dataset lie, or would: in its folder, and with the user."""
    path = dataset.home / NAME
    return path, user_data_folder() / "labels" / digest(str(path.resolve()))[:16] / NAME


def _writable(folder: Path) -> bool:
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _describe_change(label: str, what: str, count: int) -> str:
    return f"{_quoted(label)} {what} {count_noun(count, 'image')}"


def _quoted(label: str) -> str:
    return f"“{isolate_text(label)}”"
