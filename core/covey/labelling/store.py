"""The labels of a dataset: saved at once, with all that was done to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from covey._base.digests import digest
from covey._base.errors import CoveyError
from covey._base.text import count_noun
from covey.labelling import changes, history
from covey.labelling.authors import current_author
from covey.labelling.changes import NOTHING_THERE, Labelled
from covey.labelling.classes import LabelClass, class_colour, class_name, isolate_text
from covey.labelling.clips import RecordingClip
from covey.labelling.database import NAME, read_sound_contents, reading, writing
from covey.labelling.history import Action, NextActions
from covey.labelling.label_backups import back_up_once_a_day
from covey.labelling.label_givers import confirm_labels, read_judgements
from covey.labelling.user_copies.return_labels import bring_labels_back
from covey.labelling.user_copies.user_copy import can_write, find_label_file, start_copy

if TYPE_CHECKING:
    from covey.data.dataset import Dataset

PATIENCE = 5.0
"""Seconds to wait while another program holds the label file."""
_JOINED = "counted JOIN class ON class.id = counted.class JOIN image ON image.id = counted.image"
_COLUMNS = "image.name, class.name, {0}.at, {0}.how, image.content"
_ABSENCES = "absence JOIN image ON image.id = absence.image"
_UNCHANGED = "image NOT IN (SELECT image FROM changed)"
_ALL = "label JOIN class ON class.id = label.class JOIN image ON image.id = label.image"
ContentLookup = Callable[[Collection[str]], Mapping[str, str]]
"""Returns the SHA-256 of those of some images that are there."""


ClipLookup = Callable[[Collection[str]], Mapping[str, RecordingClip]]
"""Returns the clips of those of some images that are known."""


def _know_no_contents(_names: Collection[str]) -> Mapping[str, str]:
    return {}


def _know_no_clips(_names: Collection[str]) -> Mapping[str, RecordingClip]:
    return {}


def _keep_nowhere_else(_path: Path) -> None:
    return


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
    contents: ContentLookup = attrs.field(default=_know_no_contents, eq=False, repr=False)
    """Tells the images as they are now. A label whose image has another content is out of date and not counted."""
    clips: ClipLookup = attrs.field(default=_know_no_clips, eq=False, repr=False)
    """Tells what the images show, by which labels are attached again."""
    keep: Callable[[Path], None] = attrs.field(default=_keep_nowhere_else, eq=False, repr=False)
    """Stores the file after each action where the dataset lies, if that is elsewhere."""
    session: str = ""
    """The window in which actions are done, or the person who does them in several."""
    author: str = ""
    """Who does them; "" for the user of this machine."""
    is_user_copy: bool = False
    """Whether the file lies with the user while the dataset cannot be written."""
    _open: sqlite3.Connection | None = attrs.field(default=None, eq=False, repr=False)
    """The transaction of `together`."""

    @property
    def revision(self) -> int:
        """A number that is another one whenever anybody has changed something."""
        with self._reading() as db:
            return int(db.execute("SELECT number FROM revision").fetchone()[0])

    @property
    def version(self) -> str:
        """A text that is another one whenever anybody has changed something, or put another file in place of this."""
        with self._reading() as db:
            return _read_version(db, self.path)

    def fingerprint(self) -> str:
        """Return a text that is another one whenever `version` is, or a labelled image is gone or has other content."""
        with self._reading() as db:
            version = _read_version(db, self.path)
            images = db.execute("SELECT name, content FROM image WHERE id IN (SELECT image FROM label)").fetchall()
        contents = self.contents({name for name, _ in images})
        changed = [(name, contents.get(name)) for name, content in images if contents.get(name) != content]
        return digest([version, *sorted(changed, key=repr)])

    def class_colours(self) -> dict[str, str]:
        """Return the colours of the classes by their names, in the order in which they were made.

        No image is looked at.
        """
        with self._reading() as db:
            return dict(db.execute("SELECT name, colour FROM class ORDER BY id").fetchall())

    def classes(self) -> list[LabelClass]:
        """Return the classes in the order in which they were made."""
        counts = "SELECT class, count(*) AS number FROM counted GROUP BY class"
        classes = f"SELECT name, colour, coalesce(number, 0) FROM class LEFT JOIN ({counts}) ON class = id ORDER BY id"
        return [LabelClass(*row) for row in self._ask(classes)]

    def images(self, label: str) -> list[str]:
        """Return the names of the images in a class, sorted."""
        return [
            name for (name,) in self._ask(f"SELECT image.name FROM {_JOINED} WHERE class.name = ? ORDER BY 1", label)
        ]

    def by_image(self) -> dict[str, tuple[str, ...]]:
        """Return the classes of each image that has any."""
        with self._reading() as db:
            self._leave_out_old_contents(db)
            classes_by_number = {number: (label,) for number, label in db.execute("SELECT id, name FROM class")}
            rows = db.execute("SELECT name, class FROM counted JOIN image ON id = image ORDER BY class").fetchall()
        classes_by_image: dict[str, tuple[str, ...]] = {}
        for name, number in rows:
            classes_by_image[name] = classes_by_image.get(name, ()) + classes_by_number[number]
        return classes_by_image

    def classes_of(self, names: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return the classes of those of some images that have any; no others are looked at."""
        with self._reading() as db:
            db.execute("DROP TABLE IF EXISTS temp.asked")
            db.execute("CREATE TEMP TABLE asked (name TEXT PRIMARY KEY)")
            db.executemany("INSERT OR IGNORE INTO asked VALUES (?)", [(name,) for name in names])
            asked = f"SELECT image.name, content, class.name FROM {_ALL} JOIN asked ON asked.name = image.name"
            rows = db.execute(f"{asked} ORDER BY class.id").fetchall()
        contents = self.contents({name for name, content, _ in rows if content})
        classes_by_image: dict[str, tuple[str, ...]] = {}
        for name, content, label in rows:
            if not content or contents.get(name, content) == content:
                classes_by_image[name] = (*classes_by_image.get(name, ()), label)
        return classes_by_image

    def rows(self) -> list[Labelled]:
        """Return every label that counts, sorted by image, then by class in the order in which they were made."""
        columns = _COLUMNS.format("counted")
        return [Labelled(*row) for row in self._ask(f"SELECT {columns} FROM {_JOINED} ORDER BY image.name, class.id")]

    def all_rows(self) -> list[Labelled]:
        """Return every label, also those that are out of date, sorted as in `rows`.

        An image in which nothing was found has the label NOTHING_THERE.
        """
        with self._reading() as db:
            clip, at_and_how = "content, recording, start_ms, duration_ms", "absence.at, absence.how"
            absences = f"SELECT name, '{NOTHING_THERE}', {at_and_how}, {clip}, 0 AS number FROM {_ABSENCES}"
            labels = f"SELECT image.name, class.name, label.at, label.how, {clip}, class.id FROM {_ALL}"
            rows = db.execute(f"{absences} UNION ALL {labels} ORDER BY name, number")
            return [
                Labelled(name, label, when, how, content, RecordingClip(*clip) if clip[0] else None)
                for name, label, when, how, content, *clip, _ in rows
            ]

    def absences(self) -> list[Labelled]:
        """Return the images in which somebody found nothing, if they are still what they were, sorted by name."""
        columns = f"name, '{NOTHING_THERE}', absence.at, absence.how, content"
        return [
            Labelled(*row) for row in self._ask(f"SELECT {columns} FROM {_ABSENCES} WHERE {_UNCHANGED} ORDER BY name")
        ]

    def out_of_date(self) -> list[Labelled]:
        """Return the labels that were given to another content than their images have now, sorted as in `rows`."""
        rows = self.all_rows()
        contents = self.contents({row.filename for row in rows if row.content})
        return [row for row in rows if row.content and contents.get(row.filename, row.content) != row.content]

    def orphaned(self) -> list[Labelled]:
        """Return the labels whose images are not there, sorted as in `rows`."""
        rows = self.all_rows()
        contents = self.contents({row.filename for row in rows})
        return [row for row in rows if row.filename not in contents]

    def history(self, limit: int) -> list[Action]:
        """Return the latest actions, the newest first, with those that were undone."""
        with self._reading() as db:
            return history.latest(db, limit)

    def next_actions(self) -> NextActions:
        """Return what `undo` would take back and `redo` would do again."""
        with self._reading() as db:
            return NextActions.of(db, self.session)

    def is_own(self, action: Action) -> bool:
        """Whether the name of who does actions here stands with an action too."""
        return action.author == (self.author or current_author())

    def undo(self, anybody: bool = False) -> Action | None:
        """Take back the last action of this session, or of anybody, that was not taken back: exactly what it changed.

        Raises:
            CoveyError: a later action has changed the same labels.
        """
        with self._writing() as db:
            return history.undo(db, None if anybody else self.session)

    def redo(self, anybody: bool = False) -> Action | None:
        """Do again what this session, or anybody, took back last, unless it has done something else since.

        Raises:
            CoveyError: a later action has changed the same labels.
        """
        with self._writing() as db:
            return history.redo(db, None if anybody else self.session)

    def take_back(self, action: int) -> Action | None:
        """Take back one action of the history, by its number, whoever did it; None if it was taken back already.

        Raises:
            CoveyError: a later action has changed the same labels.
        """
        with self._writing() as db:
            return history.turn(db, action, False)

    def do_again(self, action: int) -> Action | None:
        """Do again one action of the history that was taken back, by its number; None if it was not.

        Raises:
            CoveyError: another action has changed the same labels since.
        """
        with self._writing() as db:
            return history.turn(db, action, True)

    def add(self, names: Sequence[str], label: str, how: str = "person") -> Action | None:
        """Give a class, made if need be, to images. Raises CoveyError.

        Where `author` is set, images that have it already from somebody else get it again: both gave it then.
        """
        label, when = class_name(label), history.now()
        rows = self._with_contents([Labelled(name, label, when, how) for name in names])

        def write(db: sqlite3.Connection, action: int) -> str:
            new_count = changes.add_labels(db, action, rows)
            confirmed_count = confirm_labels(db, action, rows, self.author) if self.author else 0
            confirmed = f"confirmed for {count_noun(confirmed_count, 'image')}" if confirmed_count else ""
            if confirmed and not new_count:
                return f"{_quoted(label)} {confirmed}"
            return ", ".join(filter(None, [_describe_change(label, "given to", new_count), confirmed]))

        return self._act(write)

    def judgements(self) -> Mapping[str, Mapping[str, frozenset[str]]]:
        """Return the classes that each person gave to each image, by author and image, as the history tells it."""
        with self._reading() as db:
            return read_judgements(db)

    def give(
        self, rows: Sequence[Labelled], describe: Callable[[int], str], absences: Sequence[Labelled] = ()
    ) -> Action | None:
        """Give many classes to many images in one action; labels that are there stay as they are.

        Args:
            rows: the images and their classes.
            describe: says what was done, from the number of labels that are new.
            absences: images that somebody looked at and found nothing in, with NOTHING_THERE for a class. Those that
                have a class are left out; one that gets a class later is none any more.

        Raises:
            CoveyError: a name cannot be kept, or the labels cannot be written.
        """
        cleaned = self._with_contents([attrs.evolve(row, label=class_name(row.label)) for row in rows])
        absences = self._with_contents(absences)

        def write(db: sqlite3.Connection, action: int) -> str:
            description = describe(changes.add_labels(db, action, cleaned))
            count = changes.add_absences(db, action, absences)
            return f"{description}, nothing found in {count_noun(count, 'image')}" if count else description

        return self._act(write)

    def _with_contents(self, rows: Sequence[Labelled]) -> list[Labelled]:
        """Return rows with the contents and clips that their images have now."""
        names = {row.filename for row in rows}
        contents, clips = self.contents(names), self.clips(names)
        return [attrs.evolve(row, content=contents.get(row.filename, ""), clip=clips.get(row.filename)) for row in rows]

    def remove(self, names: Sequence[str], label: str) -> Action | None:
        """Take a class from images. Raises CoveyError."""
        return self._act(
            lambda db, action: _describe_change(label, "taken from", changes.remove_labels(db, action, names, label))
        )

    def move(self, new_names: Mapping[str, str]) -> Action | None:
        """Give the labels of images whose files were renamed to the new names, in one action. Raises CoveyError."""
        rows = [row for row in self.all_rows() if row.filename in new_names]
        moves = [(row, attrs.evolve(row, filename=new_names[row.filename])) for row in rows]
        return self.move_rows(moves, "moved to the new names of their images")

    def move_rows(self, moves: Sequence[tuple[Labelled, Labelled]], what: str) -> Action | None:
        """Take the first label of each pair, and give the second on the content that it names, in one action.

        Args:
            moves: labels as they are and as they become.
            what: what happens to them, for the history.

        Raises:
            CoveyError: the labels cannot be changed.
        """

        def write(db: sqlite3.Connection, action: int) -> str:
            changes.move_labels(db, action, moves)
            return f"{count_noun(len(moves), 'label')} {what}"

        return self._act(write) if moves else None

    def drop_rows(self, rows: Sequence[Labelled]) -> Action | None:
        """Take labels away from the contents that they were given to, in one action. Raises CoveyError."""

        def write(db: sqlite3.Connection, action: int) -> str:
            changes.drop_labels(db, action, rows)
            return f"{count_noun(len(rows), 'label')} dropped"

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
            lambda db, action: _describe_change(label, "deleted, taken from", changes.delete_class(db, action, label))
        )

    def _act(self, write: Callable[[sqlite3.Connection, int], str]) -> Action | None:
        """Do what `write` writes down and says in words."""
        with self._writing() as db:
            action = history.begin(db, self.author or current_author(), self.session)
            try:
                description = write(db, action)
            except CoveyError:
                history.abandon(db)
                raise
            changes.take_absences_of_labelled(db, action)
            return history.finish(db, action, description)

    @contextmanager
    def together(self) -> Iterator[LabelStore]:
        """Yield a store that does several things in one transaction: all of them, or none if the block fails.

        It is for one thread. Nobody else can change the labels meanwhile.

        Raises:
            CoveyError: the labels cannot be changed.
        """
        with self._writing() as db:
            yield attrs.evolve(self, open=db)

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return nullcontext(self._open) if self._open else self._read_transaction()

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return nullcontext(self._open) if self._open else self._write_transaction()

    @contextmanager
    def _read_transaction(self) -> Iterator[sqlite3.Connection]:
        with reading(self.path, self.patience) as db:
            yield db

    @contextmanager
    def _write_transaction(self) -> Iterator[sqlite3.Connection]:
        if not self.writable:
            raise CoveyError("These labels are open for reading only: nothing was changed.")
        back_up_once_a_day(self.path, self.patience)
        contents = self._contents_to_assume()
        with writing(self.path, self.patience) as db:
            if self.is_user_copy and history.is_returned(db, self.path.parent.name):
                raise CoveyError("These labels went back to their dataset: nothing was changed; do it again there.")
            changes.assume_contents(db, contents, self.clips(contents))
            yield db
        try:
            self.keep(self.path)
        except CoveyError as error:
            raise CoveyError(
                f"The labels are safe on this machine, in {self.path}, but not yet where the dataset lies: {error}"
            ) from error

    def _contents_to_assume(self) -> Mapping[str, str]:
        """Return the contents of labelled images of which none is known, as they are now."""
        with self._reading() as db:
            return self.contents([name for (name,) in db.execute("SELECT name FROM image WHERE content = ''")])

    def _ask(self, question: str, *values: str) -> list[Any]:
        with self._reading() as db:
            self._leave_out_old_contents(db)
            return db.execute(question, values).fetchall()

    def _leave_out_old_contents(self, db: sqlite3.Connection) -> None:
        """Make a view `counted`, for this connection, of the labels whose images are still what was labelled."""
        images = db.execute(
            "SELECT id, name, content FROM image WHERE content <> ''"
            " AND id IN (SELECT image FROM label UNION ALL SELECT image FROM absence)"
        ).fetchall()
        contents = self.contents({name for _, name, _ in images})
        changed = [(image,) for image, name, content in images if contents.get(name, content) != content]
        db.execute("DROP VIEW IF EXISTS temp.counted")
        db.execute("DROP TABLE IF EXISTS temp.changed")
        db.execute("CREATE TEMP TABLE changed (image INTEGER PRIMARY KEY)")
        db.executemany("INSERT INTO changed VALUES (?)", changed)
        db.execute(f"CREATE TEMP VIEW counted AS SELECT * FROM label WHERE {_UNCHANGED}")


def open_labels(dataset: Dataset) -> LabelStore:
    """Open the labels of a dataset: in its folder, or, while that cannot be written, a copy with the user.

    The copy starts with what lies in the dataset. Once the dataset can be written again, what was done in it comes
    back to the dataset.

    Raises:
        CoveyError: the label file is held by another program, damaged, of a newer covey, or not ours.
    """
    is_writable = can_write(dataset)
    if is_writable:
        bring_labels_back(dataset, PATIENCE)
    else:
        is_writable = start_copy(dataset, PATIENCE) is not None
    store = open_labels_read_only(dataset)
    return attrs.evolve(store, writable=is_writable, keep=_keep_nowhere_else if store.is_user_copy else dataset.keep)


def open_labels_read_only(dataset: Dataset) -> LabelStore:
    """Open the labels of a dataset for reading only: where they lie now, and nothing is made. Raises CoveyError."""
    path = label_path(dataset)
    read_sound_contents(path, PATIENCE)
    return LabelStore(
        path,
        writable=False,
        contents=dataset.image_contents,
        clips=dataset.image_clips,
        is_user_copy=path != dataset.home / NAME,
    )


def label_path(dataset: Dataset) -> Path:
    """Return where the labels of a dataset lie now, or would if there are none."""
    return find_label_file(dataset, PATIENCE)


def _read_version(db: sqlite3.Connection, path: Path) -> str:
    """Return what tells a label file from others of the same revision: its last action, and the stamp of the file."""
    revision = db.execute("SELECT number FROM revision").fetchone()[0]
    last_action = db.execute("SELECT id, at, told, author, session FROM action ORDER BY id DESC LIMIT 1").fetchone()
    try:
        status = path.stat()
        stamp = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    except OSError:
        stamp = []
    return digest([revision, last_action, stamp])


def _describe_change(label: str, what: str, count: int) -> str:
    return f"{_quoted(label)} {what} {count_noun(count, 'image')}"


def _quoted(label: str) -> str:
    return f"“{isolate_text(label)}”"
